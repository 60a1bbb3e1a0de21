"""Formats: the files other tools read and write <-> records. One module per format, both directions side by side."""
