"""The sections of a handout, one file each: a function write(draft, material) that adds its blocks."""
