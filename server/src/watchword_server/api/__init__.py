"""The HTTP face: one table of operations, one dispatcher, one shape of error."""
