"""quakescribe: from continuous recordings of a local seismic network to a catalogue one can trust."""

__version__ = "0.1.0"
