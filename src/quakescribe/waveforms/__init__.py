"""Recordings: find them, know what is wrong with them, read them as ground motion."""
