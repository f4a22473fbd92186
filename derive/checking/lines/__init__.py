"""What the code computes, line by line, told in the quantities of the derivation."""
