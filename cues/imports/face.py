"""Faces measured elsewhere, instead of the face extractor: OpenFace, py-feat, blendshapes, told apart by content."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Final

import numpy as np
import numpy.typing as npt

from ...errors import RecordError
from ...formats.blendshapes import read_blendshapes
from ...formats.delimited import column_names
from ...formats.face_table import FaceTable
from ...formats.openface import is_openface, read_openface
from ...formats.pyfeat import is_pyfeat, read_pyfeat
from ...records import Clip, Cue, CueSet, Curve
from ...records.labels import Modality
from ..container import StrPath, one_line
from ..extractor import Audio, Extraction, Frame, Job, Stream
from ..face.orientation import orientation_cues
from ..gathered import Gathered
from .action_units import Spans, imported_cues, stretched
from .gaps import allowed_s, face_gaps, said, uncovered
from .person import ImportedFace, imported_face
from .place import ImportedFileError, of_another_clip, read_table, table_for
from .scales import SCALES, Scale

Array = npt.NDArray[np.float64]

#: Endings that are looked for in a folder of tables.
SUFFIXES: Final = (".csv", ".json", ".jsonl", ".tsv", ".txt")
#: A face tracked for less than this (and less than a third of the frames) is taken for a mistake of the tool.
SHORTEST_TRACK_S: Final = 0.3


class FaceImporter:
    """Takes the place of the face extractor when ``Settings.face_csv`` names a table; needs no model and no picture.

    Examples
    --------
    >>> FaceImporter().name, sorted(FaceImporter().needs)
    ('face', [])
    """

    name = "face"
    version = "1"
    needs: frozenset[Stream] = frozenset()

    def __init__(self) -> None:
        self._table: FaceTable | None = None
        self._file = ""

    def begin(self, job: Job) -> None:
        """Read the table. Raises ImportedFileError, which ends the clip."""
        if job.settings.face_csv is None:
            raise ImportedFileError("no face table is given; expected Settings(face_csv=FILE)")
        place = table_for(job.settings.face_csv, job.clip.path, SUFFIXES)
        table = read_face_table(place, job.clip.fps)
        self._table, self._file = _within(table, job.clip.duration_s, place), place.name

    def hear(self, audio: Audio) -> None:
        """Take no sound."""

    def see(self, frame: Frame) -> None:
        """Take no picture."""

    def finish(self, job: Job) -> Extraction:
        """Cues, gaps and curves of every face; speech segments of earlier extractors mark mouth movements."""
        if self._table is None:
            raise RuntimeError("FaceImporter.begin() must be called first")
        speech = [
            (cue.start_s, cue.end_s)
            for cue in job.found.cues
            if (cue.modality, cue.code) == ("speech", "segment") and cue.start_s is not None and cue.end_s is not None
        ]
        return face_extraction(self._table, self._file, speech, job.clip.duration_s)


def read_face_table(path: StrPath, fps: float | None = None) -> FaceTable:
    """Read a face table of any tool known here.

    Parameters
    ----------
    path : str or path
    fps : float, optional
        Frame rate of the recording, for tables without usable timestamps.

    Raises
    ------
    ImportedFileError
        It cannot be read, or is of no tool known here; one line that names the file.
    """

    def read(file: IO[bytes]) -> FaceTable:
        start = file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")
        if start[:1] in (b"{", b"["):
            return read_blendshapes(file, fps)
        names = column_names(file)
        if is_openface(names):
            return read_openface(file, fps)
        if is_pyfeat(names):
            return read_pyfeat(file, fps)
        shown = ", ".join(name[:30] for name in names[:4])
        raise RecordError(
            "is no face table that emoreason reads: expected OpenFace (AU12_r), py-feat (AU12, FaceScore) or "
            f"blendshape JSON; its columns are {shown}{' …' if len(names) > 4 else ''}"
        )

    return read_table(Path(path), read)


def import_face(path: StrPath) -> Gathered:
    """Read cues and curves from a face table alone, without its clip.

    Raises
    ------
    ImportedFileError
        As :func:`read_face_table`; a table without timestamps needs its clip.
    """
    place = Path(path)
    table = read_face_table(place)
    found = face_extraction(table, place.name, (), None)
    duration_s = round(float(table.times_s[-1]), 6)
    cueset = CueSet(clip=Clip(id=one_line(place.stem), duration_s=duration_s), cues=found.cues, gaps=found.gaps)
    return Gathered(cueset=cueset, curves=found.curves)


def face_extraction(table: FaceTable, file: str, speech: Spans, duration_s: float | None) -> Extraction:
    """Cues, gaps and curves of a table.

    Parameters
    ----------
    file : str
        Name of the table, for what is said about it.
    speech : sequence of (start_s, end_s)
        When somebody talks.
    duration_s : float or None
        Length of the clip, if there is one.
    """
    scale = SCALES[table.tool]
    faces, notes = _faces(table)
    cues = [cue for face in faces for cue in _cues(face, table, scale, speech)]
    gaps = [
        said("face", one_line(file), scale.name, [*table.notes, *notes]),
        *face_gaps(table, faces, scale),
        *uncovered("face", (float(table.times_s[0]), float(table.times_s[-1])), duration_s),
    ]
    counts = np.sum([face.seen for face in faces], axis=0) if faces else np.zeros(len(table.times_s))
    curves = [curve for face in faces for curve in _curves(face, table)]
    curves.append(_curve("face", "n_faces", table.times_s, np.asarray(counts, np.float64), "count", None))
    return Extraction(tuple(cues), tuple(gaps), tuple(curves))


def _faces(table: FaceTable) -> tuple[list[ImportedFace], list[str]]:
    """Faces in order of appearance, without those that were hardly there."""
    times = table.times_s
    step_s = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    least = min(SHORTEST_TRACK_S / step_s, len(times) / 3) if step_s else 1
    kept = [track for track in table.tracks if track.tracked.sum() >= least]
    faces = [imported_face(table, track, f"face{number}") for number, track in enumerate(kept, 1)]
    short = len(table.tracks) - len(kept)
    return faces, [f"{short} faces seen for less than {SHORTEST_TRACK_S} s are left out"] if short else []


def _within(table: FaceTable, duration_s: float | None, place: Path) -> FaceTable:
    """Table without its rows after the end of the clip."""
    if duration_s is None:
        return table
    inside = table.times_s <= duration_s
    if inside.all():
        return table
    if not inside.any():
        raise of_another_clip(place, float(table.times_s[0]), duration_s)
    last_s = float(table.times_s[-1])
    ends = f"the table goes on to {last_s:.2f} s, the clip ends at {duration_s:.2f} s: later rows are left out"
    left_out = (ends,) if last_s > duration_s + allowed_s(duration_s) else ()
    tracks = tuple(
        replace(
            track,
            tracked=track.tracked[inside],
            confidence=track.confidence[inside],
            intensity={code: curve[inside] for code, curve in track.intensity.items()},
            presence={code: curve[inside] for code, curve in track.presence.items()},
            angles_deg={name: curve[inside] for name, curve in track.angles_deg.items()},
        )
        for track in table.tracks
        if track.tracked[inside].any()
    )
    return replace(table, times_s=table.times_s[inside], tracks=tracks, notes=(*table.notes, *left_out))


def _cues(face: ImportedFace, table: FaceTable, scale: Scale, speech: Spans) -> Iterator[Cue]:
    yield from imported_cues(face, scale, table.full_scale, speech)
    for cue in orientation_cues(face):
        confidence = face.confidence(cue.start_s or 0.0, cue.end_s or 0.0)
        # py-feat documents no signs for its angles: these follow its drawings.
        yield replace(
            cue,
            source=scale.source,
            confidence=None if confidence is None else round(confidence, 2),
            marks=("low_confidence",) if table.tool == "pyfeat" else (),
        )


def _curves(face: ImportedFace, table: FaceTable) -> Iterator[Curve]:
    for code, curve in face.track.intensity.items():
        yield _curve("face", code, face.times_s, stretched(curve, table.full_scale), "0-5", face.name)
    for code, curve in face.track.presence.items():
        yield _curve("face", code, face.times_s, curve, "0-1", face.name)
    for axis in ("yaw", "pitch", "roll"):
        if axis in face.track.angles_deg:
            yield _curve("head", axis, face.times_s, face.column(axis), "deg", face.name)
    for axis in ("yaw", "pitch"):
        if f"gaze_{axis}" in face.track.angles_deg:
            yield _curve("gaze", axis, face.times_s, face.column(f"gaze_{axis}"), "deg", face.name)


def _curve(modality: Modality, code: str, times_s: Array, values: Array, unit: str, subject: str | None) -> Curve:
    known = tuple(None if np.isnan(value) else round(value, 4) for value in values.tolist())
    return Curve(
        modality=modality, code=code, times_s=tuple(times_s.tolist()), values=known, unit=unit, subject=subject
    )
