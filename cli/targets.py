"""What ``emoreason convert`` writes: one file for all clips, or a file per clip. The registry is :data:`TARGETS`."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

from ..errors import RecordError
from ..formats import spreadsheet, table
from ..formats.loss import Loss
from ..records import CueSet, Curve, Explanation
from ..records.convert import to_json
from ..records.jsonl import dump_line
from .sources import Found
from .writers import FilePerClip, Job, Lines, ParquetTable, Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A format that can be written; ``what`` are the parts of a clip it can hold, the first by default."""

    open: Callable[[Job], Writer]
    about: str
    what: tuple[str, ...]


def cueset_of(found: Found) -> CueSet:
    """Cues of a clip; RecordError when the input has none."""
    if found.cueset is None:
        raise RecordError(
            f"{found.clip}: its input has no cues; give the folder that explain --out or cues --out wrote"
        )
    return found.cueset


def explanation_of(found: Found) -> Explanation:
    """Explanation of a clip; RecordError when the input has none."""
    if found.explanation is None:
        raise RecordError(f"{found.clip}: its input has no explanation; give explanations.jsonl or the results folder")
    return found.explanation


def curves_of(found: Found) -> tuple[Curve, ...]:
    """Curves of a clip; RecordError when the input has none."""
    if not found.curves:
        raise RecordError(
            f"{found.clip}: its input has no curves; extract them with `emoreason cues … --out DIR --curves`"
        )
    return found.curves


def rows_of(what: str, found: Found) -> Iterator[table.Row]:
    """Rows that one clip adds to a table."""
    if what == "cues":
        return table.cue_rows(cueset_of(found))
    if what == "gaps":
        return table.gap_rows(cueset_of(found))
    if what == "claims":
        return table.claim_rows(explanation_of(found))
    if what == "curves":
        return table.curve_rows(found.clip, curves_of(found))
    duration_s = found.cueset.clip.duration_s if found.cueset is not None else None
    return table.explanation_rows(explanation_of(found), duration_s)


def _open_jsonl(job: Job) -> Writer:
    def lines(found: Found) -> Iterator[str]:
        if job.what == "cues":
            yield dump_line(cueset_of(found))
        elif job.what == "explanations":
            yield dump_line(explanation_of(found))
        else:
            value = {"clip": found.clip, "curves": [to_json(curve) for curve in curves_of(found)]}
            yield json.dumps(value, ensure_ascii=False, allow_nan=False)

    return Lines(job, lines, is_json=True)


def _open_csv(job: Job) -> Writer:
    columns = table.TABLES[job.what]

    def lines(found: Found) -> Iterator[str]:
        for row in rows_of(job.what, found):
            yield spreadsheet.line(columns, row)
        if job.what == "cues":
            for loss in spreadsheet.losses([cueset_of(found)]):
                job.say(loss)

    return Lines(job, lines, spreadsheet.header(columns))


def _open_parquet(job: Job) -> Writer:
    return ParquetTable(job, lambda found: rows_of(job.what, found))


def _open_eaf(job: Job) -> Writer:
    from ..formats.elan import eaf

    return FilePerClip(
        job, ".eaf", lambda found, folder: eaf(cueset_of(found), found.explanation, folder=folder, say=job.say)
    )


def _open_textgrid(job: Job) -> Writer:
    from ..formats.textgrid import textgrid

    return FilePerClip(
        job, ".TextGrid", lambda found, _: textgrid(cueset_of(found), found.explanation, say=job.say).encode()
    )


def _open_vtt(job: Job) -> Writer:
    from ..formats.webvtt import claims_vtt, transcript_vtt

    def render(found: Found, _: Path) -> bytes:
        if job.what == "transcript":
            return transcript_vtt(cueset_of(found)).encode()
        return claims_vtt(explanation_of(found), say=job.say).encode()

    return FilePerClip(job, ".vtt", render)


def _open_openface(job: Job) -> Writer:
    from ..formats.openface import write_openface

    def render(found: Found, _: Path) -> bytes:
        text = StringIO()
        cues = found.cueset.cues if found.cueset is not None else ()
        for sentence in write_openface(curves_of(found), cues, text):
            job.say(Loss(sentence, 1, "clip"))
        return text.getvalue().encode()

    return FilePerClip(job, ".csv", render)


_TABLES: Final = ("cues", "gaps", "claims", "explanations", "curves")

#: Format -> how it is written. A further one is an entry here.
TARGETS: Final[dict[str, Target]] = {
    "jsonl": Target(
        open=_open_jsonl, about="lines, everything a record holds", what=("cues", "explanations", "curves")
    ),
    "csv": Target(open=_open_csv, about="for R and spreadsheets", what=_TABLES),
    "parquet": Target(open=_open_parquet, about="for pandas", what=_TABLES),
    "eaf": Target(open=_open_eaf, about="ELAN: cues and claims as tiers", what=("tiers",)),
    "textgrid": Target(open=_open_textgrid, about="Praat: cues and claims as tiers", what=("tiers",)),
    "openface": Target(open=_open_openface, about="a frame table in OpenFace's shape", what=("curves",)),
    "vtt": Target(open=_open_vtt, about="WebVTT captions", what=("claims", "transcript")),
}
