"""Proofs that code and rule are equal: for all sizes, and at sizes."""
