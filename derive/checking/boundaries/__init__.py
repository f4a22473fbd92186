"""What holds where comparisons turn: boundaries that are proved, kinks, and what lies on their sides."""
