"""Arrays that stand for NumPy's while code runs on symbols: their scalars, functions, indices and sizes."""
