"""Widths of letters in em: those of Latin Modern Math at 11 pt, rounded up.

Source: the font metrics of Latin Modern (GUST e-foundry), as pdfTeX reads them.
"""

from __future__ import annotations

__all__ = ["BOLD", "ITALIC"]

_NAMES = """
    a b c d e f g h i j k l m n o p q r s t u v w x y z A B C D E F G H I J K L M N O P Q R S T U V W X Y Z
    alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega
    Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
"""
_ITALIC = """
    54 44 44 53 48 61 52 59 35 48 56 33 89 61 49 51 49 49 48 37 58 53 75 58 54 52
    76 82 80 87 81 79 80 92 53 66 93 69 109 92 80 79 80 94 68 73 80 82 109 92 81 76
    65 63 58 49 42 52 54 51 36 59 59 61 57 49 62 53 62 56 59 61 64 70 67
    63 84 79 70 68 76 73 79 73 79 73
"""
_BOLD = """
    59 65 52 65 54 47 60 65 33 36 62 33 97 65 58 65 64 48 46 46 65 62 84 62 62 52
    88 83 84 89 77 73 91 91 45 60 91 70 110 91 87 80 87 90 65 81 89 88 120 88 89 71
    77 70 66 57 49 58 65 60 42 68 68 72 66 55 73 62 73 67 68 72 73 81 76
    70 97 90 82 78 91 84 90 84 90 84
"""

ITALIC = {name: int(hundredths) / 100 for name, hundredths in zip(_NAMES.split(), _ITALIC.split(), strict=True)}
"""Of a letter, or of the name of a Greek one, as scalars and entries are set."""

BOLD = {name: int(hundredths) / 100 for name, hundredths in zip(_NAMES.split(), _BOLD.split(), strict=True)}
"""As matrices and vectors are set."""
