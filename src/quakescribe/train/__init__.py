"""Training a picker on a network's own recordings: samples, what a net learns of them, and again from what it found."""
