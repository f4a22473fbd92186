"""What probably went wrong: mistakes are made on purpose, to see which gives what the code gives."""
