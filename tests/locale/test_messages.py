"""Every word of prose is a message that a translator finds."""

from __future__ import annotations

import ast
import gettext
import io
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import derive

PACKAGE = Path(derive.__file__).parent


def marked() -> set[str]:
    found = extract_from_dir(str(PACKAGE), keywords={"N_": None})
    return {message for _, _, message, _, _ in found if isinstance(message, str)}


def test_the_catalogue_for_translators_holds_every_message_and_no_other():
    with (PACKAGE / "locale" / "derive.pot").open("rb") as file:
        catalogue = {message.id for message in read_po(file) if message.id}
    assert len(catalogue) > 50
    assert catalogue == marked(), "run `make messages`"


def test_messages_are_literal_text():
    calls = [
        (path.name, call)
        for path in PACKAGE.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "N_"
    ]
    assert calls
    assert [name for name, call in calls if not isinstance(call.args[0], ast.Constant)] == []


def test_a_translation_reaches_the_document(monkeypatch):
    po = b'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "The idea"\nmsgstr "Die Idee"\n'
    from babel.messages.mofile import write_mo

    binary = io.BytesIO()
    write_mo(binary, read_po(io.BytesIO(po)))
    binary.seek(0)
    translation = gettext.GNUTranslations(binary)
    translation.add_fallback(gettext.NullTranslations())
    monkeypatch.setattr("derive.document.compose.translator", lambda language: translation)
    latex = derive.derive("affine").latex()
    assert "Die Idee" in latex
    assert "The idea" not in latex
    assert "The layer" in latex
