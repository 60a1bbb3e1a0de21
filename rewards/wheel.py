"""Emotion-wheel metrics (being written)."""

from .labels import parse_labels

__all__ = ["map_label", "parse_labels"]


def map_label(word: str, metric: str, tables: str = "v2026") -> str | None:
    """Class of a label (being written)."""
    return None
