"""What belongs to PyTorch among the things that are met in code, told without importing it."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

__all__ = ["Inside", "Own", "is_function", "is_torch"]


class Inside(ABC):
    """What is something else in a world of stand-ins."""

    @abstractmethod
    def inside(self, world: Any) -> Any:
        """What it is there."""


@dataclass(frozen=True, slots=True)
class Own:
    """In the place of a gradient that PyTorch derives by itself, on which no code under check has any bearing."""

    reason: str


def is_torch(thing: object) -> bool:
    """Whether it is a class that PyTorch's are the bases of, or an object of one."""
    kind = thing if isinstance(thing, type) else type(thing)
    return any(base.__module__.partition(".")[0] == "torch" for base in kind.__mro__)


def is_function(thing: object) -> bool:
    """Whether it is a torch.autograd.Function."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(thing, type) and issubclass(thing, torch.autograd.Function)
