"""Turns a document, or the mathematics itself, into text: one file an output format."""
