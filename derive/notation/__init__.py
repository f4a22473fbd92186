"""The notation tree: what is printed. One LaTeX printer, one code printer, one plain-text printer for everything."""
