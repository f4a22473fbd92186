"""Ways to derive a gradient, one file each; all end at the same formula.

A route is a function (layer, wrt, sizes) -> Derivation.
"""
