"""Cues: media -> CueSet."""
