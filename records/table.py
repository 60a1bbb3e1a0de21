"""Cues as a pandas table (kept apart so that records stay free of heavy imports)."""

from dataclasses import fields
from typing import TYPE_CHECKING

import pandas as pd

from .cue import Cue

if TYPE_CHECKING:
    from .cue import CueSet

_INDEX_FIELDS = ("start_s", "end_s")
COLUMNS = tuple(field.name for field in fields(Cue) if field.name not in _INDEX_FIELDS)


def cues_to_dataframe(cueset: "CueSet") -> pd.DataFrame:
    """One row per cue, indexed by (file, start, end); see :meth:`CueSet.to_dataframe`."""
    index = pd.MultiIndex.from_arrays(
        [
            pd.Index([cueset.clip.id] * len(cueset.cues), dtype="object"),
            pd.to_timedelta([cue.start_s for cue in cueset.cues], unit="s"),
            pd.to_timedelta([cue.end_s for cue in cueset.cues], unit="s"),
        ],
        names=["file", "start", "end"],
    )
    rows = {name: [getattr(cue, name) for cue in cueset.cues] for name in COLUMNS}
    frame = pd.DataFrame(rows, index=index)
    for name in ("value", "apex_s", "confidence"):
        frame[name] = frame[name].astype(float)
    return frame
