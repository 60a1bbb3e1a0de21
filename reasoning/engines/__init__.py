"""Engines: one adapter per file, one Protocol."""
