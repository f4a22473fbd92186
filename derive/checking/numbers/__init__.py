"""The code at numbers: which are tried, what it compares there, and the smallest at which it is wrong."""
