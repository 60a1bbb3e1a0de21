"""Report: explanations one can look at. Cues, curves and media -> one HTML page per clip, and an index over many."""
