"""Turns formulas into source that runs: one file a language, which writes one and the same program."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from derive.code import jax, numpy, torch
from derive.code.program import Program, program_of
from derive.errors import UnknownNameError
from derive.forward.formula import Formula
from derive.forward.layer import Layer

__all__ = ["LANGUAGES", "function_source", "layer_source", "numpy_class"]


@dataclass(frozen=True, slots=True)
class _Language:
    """How a language writes a layer and a function; helpers are functions that code may call, by name."""

    layer: Callable[[Program], list[str]]
    function: Callable[[Program, str], list[str]]
    imports: Callable[[Sequence[str]], list[str]]
    helpers: Mapping[str, str]
    reserved: frozenset[str]


_COMMON = frozenset({"math", "erf", "scatter", "softmax", "log_softmax", "logsumexp", "kept"})

LANGUAGES: Mapping[str, _Language] = MappingProxyType(
    {
        "numpy": _Language(
            numpy.class_lines,
            numpy.function_lines,
            numpy.imports,
            numpy.HELPERS,
            _COMMON | {"np", "self"},
        ),
        "torch": _Language(
            torch.class_lines,
            torch.function_lines,
            torch.imports,
            torch.HELPERS,
            _COMMON | {"torch", "ctx", "once_differentiable"},
        ),
        "jax": _Language(
            jax.class_lines,
            jax.function_lines,
            jax.imports,
            jax.HELPERS,
            _COMMON | {"jax", "jnp", "windows"},
        ),
    }
)
"""The languages by name."""


def layer_source(layer: Layer, formulas: Sequence[Formula], language: str = "numpy") -> str:
    """Both passes of a layer: a class in NumPy, a torch.autograd.Function, a jax.custom_vjp.

    Raises: UnknownNameError for a language that does not exist; UnsupportedError for what it cannot say.
    """
    chosen = _language(language)
    return _source(chosen, chosen.layer(program_of(layer, formulas, reserved=chosen.reserved)))


def function_source(layer: Layer, formulas: Sequence[Formula], name: str, language: str = "numpy") -> str:
    """A function that computes gradients from the inputs and the upstream gradient alone.

    Raises: UnknownNameError for a language that does not exist; UnsupportedError for what it cannot say.
    """
    chosen = _language(language)
    return _source(chosen, chosen.function(program_of(layer, formulas, reserved=chosen.reserved | {name}), name))


def numpy_class(layer: Layer, formulas: Sequence[Formula]) -> str:
    """A class in NumPy with a forward and a backward method."""
    return layer_source(layer, formulas)


def _language(name: str) -> _Language:
    if name not in LANGUAGES:
        raise UnknownNameError("language", name, tuple(LANGUAGES))
    return LANGUAGES[name]


def _source(language: _Language, body: list[str]) -> str:
    helpers = [text.strip("\n") for name, text in language.helpers.items() if _calls(name, body)]
    lines = language.imports([*body, *helpers])
    return "\n".join([*lines, *(f"\n\n{text}" for text in helpers), "", *([""] if helpers else []), *body])


def _calls(name: str, body: Sequence[str]) -> bool:
    return any(re.search(rf"(?<![.\w]){name}\(", line) for line in body)
