"""The earth: distances, layered velocity models, travel times."""
