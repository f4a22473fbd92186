"""For anybody's tests: a backward function is proved, or the test fails with the numbers at which it is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from derive.errors import UserError

if TYPE_CHECKING:
    from derive.checking import Report

__all__ = ["GradientMismatch", "assert_gradients"]


class GradientMismatch(AssertionError):  # noqa: N818 -- named as tests read it, like NumPy's own
    """A gradient is wrong, or is not known as well as was asked for."""


def assert_gradients(
    backward: Any,
    forward: Any = None,
    *,
    shapes: Mapping[str, str | Sequence[str | int]] | None = None,
    sizes: Mapping[str, int] | None = None,
    returns: str = "",
    assume: Sequence[str] = (),
    require: Literal["checked", "proved"] = "checked",
) -> Report:
    """Proves that a backward function gives the gradients of a forward function, and returns what is known of each.

    Args:
        backward: a function backward(dout, cache), or one of forward's arguments and the upstream gradient by their
            names, or a class with the methods forward and backward.
        forward: the function that it belongs to, a layer, or the name of one of the catalogue.
        shapes: the shapes of forward's arguments, {"X": "N D"} or {"X": ("N", "D")}, where its annotations do not say
            them.
        sizes: numbers for the letters, for what is proved at sizes.
        returns: what backward gives back, "dX,dW,db", where it is not the gradients of forward's arguments in order.
        assume: what holds of the inputs at which it is checked, ("Y rows sum to 1",), ("A symmetric",) or ("x > 0",).
        require: "proved" if agreement at random numbers is not enough.

    It takes at most about 10 s of its process: what the functions do is interrupted by a timer in the main thread,
    where the system has such timers. One long call into NumPy is not interrupted; a limit on tests, as pytest-timeout
    sets it, is for that, or the command derive check, which runs the code in a process of its own.

    Raises: GradientMismatch if one is wrong, or not proved where that is required; UserError if the functions cannot be
    matched with each other, or forward cannot be run.

    Example:
        >>> def backward(dout, X, W):
        ...     return dout @ W.T, X.T @ dout
        >>> report = assert_gradients(backward, lambda X, W: X @ W, shapes={"X": "N D", "W": "D M"})
        >>> report.proved
        True
    """
    __tracebackhide__ = True
    # Deferred: tests that are not run need neither SymPy nor NumPy.
    from derive.checking import check_backward
    from derive.checking.message import mismatch, text

    if require not in ("checked", "proved"):
        raise UserError(f"require: expected 'checked' or 'proved', got {require!r}")
    try:
        report = check_backward(backward, forward, shapes=shapes, sizes=sizes, returns=returns, assume=assume)
    except UserError as error:
        # What the user has to change is in its words; where we noticed is none of a test's lines.
        raise error.with_traceback(None) from None
    if not report.ok:
        raise GradientMismatch(mismatch(report))
    if require == "proved" and not report.proved:
        raise GradientMismatch(f"{report.name}: a proof is required\n{text(report)}")
    return report
