"""derive: how gradients flow back through a layer, step by step, proved and typeset.

>>> import derive
>>> str(derive.derive("affine", n=2, d=2, m=3).wrt("W").formula)
'X.T @ G'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from derive.version import __version__

if TYPE_CHECKING:
    from derive.api import Derived, DerivedGradient, derive
    from derive.forward.trace import layer, let
    from derive.networks.network import network

__all__ = ["Derived", "DerivedGradient", "__version__", "derive", "layer", "let", "network"]

_HOMES = {
    "Derived": "derive.api",
    "DerivedGradient": "derive.api",
    "derive": "derive.api",
    "layer": "derive.forward.trace",
    "let": "derive.forward.trace",
    "network": "derive.networks.network",
}


def __getattr__(name: str) -> Any:
    # SymPy takes a third of a second to import; `derive --help` must not wait for it.
    if name not in _HOMES:
        raise AttributeError(f"module 'derive' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
