"""The handout of a check: the verdicts, the code line by line with what each computes, the rule beside it."""
