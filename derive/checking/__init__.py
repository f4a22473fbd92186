"""Proof of a user's own backward code: it is run on symbols, and compared with what its forward code derives to."""

from derive.checking.check import check_backward
from derive.checking.report import Counterexample, Report, Verdict

__all__ = ["Counterexample", "Report", "Verdict", "check_backward"]
