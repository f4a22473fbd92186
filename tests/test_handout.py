"""The main job, end to end: every size, both papers, every engine that this machine has."""

from __future__ import annotations

import io
import types
from functools import cache

import numpy as np
import pytest
from pypdf import PdfReader

import derive
from derive.pdf import Typeset, find_engine, typeset_with_log
from derive.pdf.log import overfull, warnings

SIZES = [(1, 1, 1), (1, 2, 3), (2, 2, 3), (3, 4, 5), (8, 8, 8), (2, 30, 2), (64, 4096, 4096)]
ENGINES = ["system", "tinytex"]


@cache
def source(sizes: tuple[int, int, int], **options: str) -> str:
    n, d, m = sizes
    return derive.derive("affine", n=n, d=d, m=m, **options).latex()


@cache
def handout(sizes: tuple[int, int, int], paper: str, engine: str) -> Typeset:
    try:
        find_engine(engine)
    except derive.errors.EngineMissingError:
        pytest.skip(f"the engine {engine} is not installed on this machine")
    return typeset_with_log(source(sizes, paper=paper), engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("paper", ["a4", pytest.param("letter", marks=pytest.mark.thorough)])
@pytest.mark.parametrize("sizes", SIZES, ids=lambda sizes: "x".join(map(str, sizes)))
def test_no_page_overflows_or_is_shrunk_and_the_paper_is_the_one_asked_for(sizes, paper, engine):
    made = handout(sizes, paper, engine)
    assert "Output written on" in made.log
    assert overfull(made.log) == ()
    assert warnings(made.log) == ()
    assert "set below 80 percent" not in made.log
    page = PdfReader(io.BytesIO(made.pdf)).pages[0]
    millimetres = [float(side) / 72 * 25.4 for side in page.mediabox[2:]]
    assert millimetres == pytest.approx({"a4": (210, 297), "letter": (215.9, 279.4)}[paper], abs=0.5)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_input_gives_the_same_bytes(engine):
    first = handout((2, 2, 3), "a4", engine)
    assert typeset_with_log(source((2, 2, 3), paper="a4"), engine=engine).pdf == first.pdf


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_the_footer_tells_the_command_and_the_version():
    text = text_of(handout((3, 4, 5), "letter", "tinytex").pdf)
    assert "derive affine --n 3 --d 4 --m 5 --paper letter" in text
    assert f"derive {derive.__version__}" in text


def test_the_page_count_stays_that_of_a_handout():
    assert 9 <= len(PdfReader(io.BytesIO(handout((2, 2, 3), "a4", "tinytex").pdf)).pages) <= 18
    assert len(PdfReader(io.BytesIO(handout((64, 4096, 4096), "a4", "tinytex").pdf)).pages) <= 21


def test_metadata_outline_and_links_are_there():
    tex = source((2, 2, 3), title="Über Gradienten", author="A. Author")
    reader = PdfReader(io.BytesIO(typeset_with_log(tex, engine="tinytex").pdf))
    assert reader.metadata is not None
    assert reader.metadata.title == "Über Gradienten"
    assert reader.metadata.author == "A. Author"
    assert "backpropagation" in reader.metadata["/Keywords"]
    assert "/CreationDate" not in reader.metadata
    titles = [item.title for item in reader.outline if not isinstance(item, list)]
    assert titles[:3] == ["1 The result", "2 The layer", "3 The idea"]
    assert len(titles) == 12
    destinations = set(reader.named_destinations)
    links = [
        annotation.get_object()["/A"]["/D"]
        for page in reader.pages
        for annotation in page.get("/Annots", [])
        if "/A" in annotation.get_object()
    ]
    assert links
    assert set(links) <= destinations


@pytest.mark.parametrize("engine", ENGINES)
def test_a_hostile_title_is_printed_literally(engine, tmp_path, monkeypatch):
    (tmp_path / "secret.tex").write_text("REVEALED")
    monkeypatch.chdir(tmp_path)
    try:
        find_engine(engine)
    except derive.errors.EngineMissingError:
        pytest.skip(f"the engine {engine} is not installed on this machine")
    title = r"100 % of $x$ & #1 _a_ {b} \ ~ ^ \input{secret} <é> `ls` {{ 7*7 }} \VAR{7}"
    result = typeset_with_log(source((1, 1, 1), title=title, author=title, course=title, license=title), engine=engine)
    first = PdfReader(io.BytesIO(result.pdf)).pages[0].extract_text()
    squeezed = "".join(first.split()).replace("\u2018", "`")
    assert "".join(title.split()) in squeezed
    assert "REVEALED" not in first
    assert "49" not in first
    assert overfull(result.log) == ()


def test_a_fragment_compiles_inside_a_document_of_ones_own():
    fragment = derive.derive("affine", n=2, d=2, m=3).latex(fragment=True)
    packages = "amsmath,array,graphicx,xcolor,hyperref,tikz"
    head = f"\\documentclass{{article}}\\usepackage[T1]{{fontenc}}\\usepackage{{lmodern,{packages}}}"
    tex = f"{head}\n\\begin{{document}}\n{fragment}\n{fragment}\n\\end{{document}}"
    assert "\\documentclass" not in fragment
    assert typeset_with_log(tex, engine="tinytex").pdf.startswith(b"%PDF")


def test_the_code_copied_from_the_page_runs():
    text = PdfReader(io.BytesIO(handout((2, 2, 3), "a4", "tinytex").pdf)).pages[0].extract_text()
    copied = text[text.index("import numpy") : text.index("return dX, dW, db")] + "return dX, dW, db\n"
    module = types.ModuleType("copied")
    exec(copied, module.__dict__)
    layer = module.Affine()
    X, W, b, G = np.arange(6.0).reshape(3, 2), np.arange(8.0).reshape(2, 4), np.arange(4.0), np.ones((3, 4))
    np.testing.assert_array_equal(layer.forward(X, W, b), X @ W + b)
    dX, dW, db = layer.backward(G)
    np.testing.assert_array_equal(dX, np.einsum("nm,dm->nd", G, W))
    np.testing.assert_array_equal(dW, np.einsum("nd,nm->dm", X, G))
    np.testing.assert_array_equal(db, np.einsum("nm->m", G))
