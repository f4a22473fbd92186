"""A document as a value: frozen blocks that carry notation trees and inline runs, never LaTeX."""
