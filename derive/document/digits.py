"""Two images of handwritten digits, a 0 and a 1, of 8 by 8 pixels; a pixel is a whole number from 0 to 16.

A pixel counts how many of the 4 × 4 points under it are inked.
Source: images 1 and 2 of the test set of "Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, UCI
Machine Learning Repository, 1998, https://doi.org/10.24432/C50P49, licence CC BY 4.0. The numbers are unchanged.
"""

from __future__ import annotations

__all__ = ["DIGITS", "SIDE", "SOURCE"]

SIDE = 8
"""Rows and columns of an image."""

SOURCE = "E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998"
"""Whom the licence asks to be named."""

DIGITS = (
    (
        (0, 0, 5, 13, 9, 1, 0, 0),
        (0, 0, 13, 15, 10, 15, 5, 0),
        (0, 3, 15, 2, 0, 11, 8, 0),
        (0, 4, 12, 0, 0, 8, 8, 0),
        (0, 5, 8, 0, 0, 9, 8, 0),
        (0, 4, 11, 0, 1, 12, 7, 0),
        (0, 2, 14, 5, 10, 12, 0, 0),
        (0, 0, 6, 13, 10, 0, 0, 0),
    ),
    (
        (0, 0, 0, 12, 13, 5, 0, 0),
        (0, 0, 0, 11, 16, 9, 0, 0),
        (0, 0, 3, 15, 16, 6, 0, 0),
        (0, 7, 15, 16, 16, 2, 0, 0),
        (0, 0, 1, 16, 16, 3, 0, 0),
        (0, 0, 1, 16, 16, 6, 0, 0),
        (0, 0, 1, 16, 16, 6, 0, 0),
        (0, 0, 0, 11, 16, 10, 0, 0),
    ),
)
"""Each image by its rows."""
