"""Prompts: CueSet -> chat messages, and back."""
