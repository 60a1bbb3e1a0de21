"""Reads the CSV tables of ``rewards/data``."""

import csv
from importlib.resources import files


def read_rows(name: str) -> list[dict[str, str]]:
    """Rows of ``rewards/data/<name>``, a value per column; commas inside values are quoted, line breaks are not."""
    text = (files(__package__) / "data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
