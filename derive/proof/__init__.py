"""Whether what is printed is true: symbolic proof at sizes, and numbers from NumPy."""
