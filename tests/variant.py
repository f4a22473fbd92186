"""Variants of the affine layer by their words, "bias=ones n=1": derived, as code, as text; and a small network."""

import types

import numpy as np

import derive
from derive.document.blocks import Code
from derive.render.text import render_text


def options(variant: str) -> dict[str, object]:
    pairs = (item.split("=") for item in variant.split())
    return {name: int(value) if value.isdecimal() else value for name, value in pairs}


def made(variant: str, **more: object) -> derive.Derived:
    return derive.derive("affine", **{"n": 2, "d": 3, "m": 4, **options(variant), **more})


def code(found: derive.Derived) -> type:
    """The class that the document prints."""
    (block,) = [block for block in found.document(sections="result").blocks if isinstance(block, Code)]
    module = types.ModuleType("printed")
    exec(block.text, module.__dict__)
    (made,) = [item for item in vars(module).values() if isinstance(item, type)]
    return made


def text(found: derive.Derived, **chosen: object) -> str:
    return render_text(found.document(**chosen), width=200)


@derive.layer(defaults="N=2 D=3 M=2")
def network(X: "N D", V: "D M", c: "M", W: "M D"):
    return np.tanh(X @ V + c) @ W
