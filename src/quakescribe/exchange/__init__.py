"""Tables in and out of the formats of others: one module per format, `formats` recognises them by content."""
