"""Compiled loops: arrays in, arrays out; NumPy and numba only."""
