"""Runs: stages, units of work, the engine that shares them out, and the folder they live in."""
