"""Formats: the files other tools read and write <-> records. One module per format, both directions side by side.

>>> from emoreason.formats import read_eaf, write_csv, write_eaf, write_textgrid  # and the rest of ``__all__``

Several share ``table.py`` (CSV, Parquet), ``tiers/`` (ELAN, Praat), ``delimited.py`` and ``face_table.py`` (what other
tools measured). What a format has no place for is said as a :class:`FormatWarning`; docs/formats.md lists it per
format.
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .elan import read_eaf, read_eaf_explanation, write_eaf
    from .loss import FormatWarning
    from .parquet import read_parquet, write_parquet
    from .spreadsheet import read_csv, write_csv
    from .table import curves_to_dataframe
    from .textgrid import read_textgrid, read_textgrid_claims, write_textgrid
    from .webvtt import write_transcript_vtt, write_vtt

#: Name -> its module; loaded when asked for.
_HOME: Final = {
    "FormatWarning": "loss",
    "curves_to_dataframe": "table",
    "read_csv": "spreadsheet",
    "read_eaf": "elan",
    "read_eaf_explanation": "elan",
    "read_parquet": "parquet",
    "read_textgrid": "textgrid",
    "read_textgrid_claims": "textgrid",
    "write_csv": "spreadsheet",
    "write_eaf": "elan",
    "write_parquet": "parquet",
    "write_textgrid": "textgrid",
    "write_transcript_vtt": "webvtt",
    "write_vtt": "webvtt",
}

__all__ = [
    "FormatWarning",
    "curves_to_dataframe",
    "read_csv",
    "read_eaf",
    "read_eaf_explanation",
    "read_parquet",
    "read_textgrid",
    "read_textgrid_claims",
    "write_csv",
    "write_eaf",
    "write_parquet",
    "write_textgrid",
    "write_transcript_vtt",
    "write_vtt",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
