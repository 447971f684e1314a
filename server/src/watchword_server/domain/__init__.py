"""Pure rules: no I/O, no clock, no await, no randomness; facts come in as arguments."""
