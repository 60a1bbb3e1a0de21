"""openSMILE tables of the GeMAPS family (GeMAPS and eGeMAPS, v01a to v02), read only.

Understood: functionals and low-level descriptors, as ``SMILExtract`` writes them (``name;frameTime;…``, ARFF) and as
the Python package does (``file,start,end,…`` with ``0 days 00:00:01.5``). Feature names: F. Eyben et al. 2016, "The
Geneva Minimalistic Acoustic Parameter Set"; openSMILE 2.x and 3.0.

Values stay openSMILE's: its F0 is in semitones above 27.5 Hz, its loudness an auditory one, its jitter a share, its
harmonics-to-noise ratio some 8 dB below Praat's. None of them may be compared with another tool's norms.
"""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Final

import numpy as np
import numpy.typing as npt

from ..errors import RecordError
from .delimited import Columns, column_names, read_columns
from .face_table import MAX_TIME_S

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Feature:
    """One measure: our code for the same thing, openSMILE's unit, and the names (in lower case) it goes by.

    ``descriptor`` is the low-level descriptor it is the mean of, over voiced frames alone if ``voiced``.
    """

    code: str
    unit: str
    functionals: tuple[str, ...]
    descriptor: str | None = None
    voiced: bool = False


_F0: Final = "f0semitonefrom27.5hz_sma3nz"
#: In the order in which cues are written.
FEATURES: Final = (
    Feature("f0_mean", "semitones above 27.5 Hz", (f"{_F0}_amean",), _F0, True),
    Feature("f0_range", "semitones", (f"{_F0}_pctlrange0-2",)),
    Feature("loudness", "openSMILE loudness", ("loudness_sma3_amean",), "loudness_sma3"),
    Feature("sound_level", "dB", ("equivalentsoundlevel_dbp",)),
    Feature("loudness_peaks", "1/s", ("loudnesspeakspersec",)),
    Feature("voiced_segments", "1/s", ("voicedsegmentspersec",)),
    Feature("jitter", "ratio", ("jitterlocal_sma3nz_amean",), "jitterlocal_sma3nz", True),
    Feature("shimmer", "dB", ("shimmerlocaldb_sma3nz_amean",), "shimmerlocaldb_sma3nz", True),
    Feature("hnr", "dB", ("hnrdbacf_sma3nz_amean",), "hnrdbacf_sma3nz", True),
    Feature("alpha_ratio", "dB", ("alpharatiov_sma3nz_amean",), "alpharatio_sma3", True),
    Feature("hammarberg", "dB", ("hammarbergindexv_sma3nz_amean",), "hammarbergindex_sma3", True),
    Feature("spectral_flux", "openSMILE flux", ("spectralfluxv_sma3nz_amean",), "spectralflux_sma3", True),
)
_FUNCTIONALS: Final = {name: feature.code for feature in FEATURES for name in feature.functionals}
_DESCRIPTORS: Final = frozenset(feature.descriptor for feature in FEATURES if feature.descriptor)
_TIMES: Final = frozenset(("frametime", "start", "end", "windowstart", "windowend"))
_WORDS: Final = ("file", "name")
#: ``0 days 00:00:01.500000``, ``00:00:01.5`` or ``1.5``.
_DELTA: Final = re.compile(r"(?:(\d+) days? ?,?)?\s*(?:(\d+):(\d+):)?(\d+(?:\.\d+)?)?")
#: Length of an openSMILE frame, seconds; its time is that of the frame's start.
_FRAME_S: Final = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class VoiceTable:
    """What openSMILE measured of one recording.

    Attributes
    ----------
    spans_s : tuple of (start, end) or None
        Stretch that each row of ``values`` covers; None: the whole recording.
    values : dict of str to (n,)
        Code -> one value per stretch, NaN where there is none; units as in ``FEATURES``.
    times_s : (m,)
        Middle of each frame; empty for tables of functionals.
    f0_hz, loudness : (m,)
        Low-level descriptors over time, NaN where unvoiced; F0 turned from semitones into Hz.
    notes : tuple of str
        What was assumed and left out.
    """

    spans_s: tuple[tuple[float, float] | None, ...]
    values: Mapping[str, Array]
    times_s: Array
    f0_hz: Array
    loudness: Array
    notes: tuple[str, ...] = ()


def is_opensmile(names: Sequence[str]) -> bool:
    """Whether these column names are those of a table of the GeMAPS family."""
    return any(name.lower() in _FUNCTIONALS or name.lower() in _DESCRIPTORS for name in names)


def read_opensmile(file: IO[bytes], stem: str | None = None) -> VoiceTable:
    """Read an openSMILE table.

    Parameters
    ----------
    file : binary file
    stem : str, optional
        Name of the recording without its ending: chooses its rows where the table holds several recordings.

    Raises
    ------
    RecordError
        It is no such table, cannot be read, or holds several recordings and none is called ``stem``.
    """
    file = _without_arff(file)
    names = column_names(file)
    if not is_opensmile(names):
        raise RecordError(
            "is no openSMILE table of the GeMAPS family: it has no column such as F0semitoneFrom27.5Hz_sma3nz_amean"
        )
    words = frozenset(name for name in names if name.lower() in (*_WORDS, *_TIMES))
    wanted = {*_FUNCTIONALS, *_DESCRIPTORS}
    table = read_columns(file, lambda name: name.lower() in wanted, words=words)
    if not table.n_rows:
        raise RecordError("has a header but no rows")
    rows, notes = _rows_of(table, stem)
    numbers = {name.lower(): column[rows] for name, column in table.numbers.items()}
    text = {name.lower(): [column[row] for row in rows] for name, column in table.words.items()}
    notes = [*table.notes, *notes]
    if any(name in _FUNCTIONALS for name in numbers):
        return _functionals(numbers, text, notes)
    return _descriptors(numbers, text, notes)


def recordings(file: IO[bytes]) -> frozenset[str]:
    """Names, without their endings, of the recordings whose rows a table has; empty where it names none.

    Raises
    ------
    RecordError
        It cannot be read.
    """
    file = _without_arff(file)
    words = frozenset(name for name in column_names(file) if name.lower() in _WORDS)
    return frozenset(_recording_of_rows(read_columns(file, lambda name: False, words=words)))


def _without_arff(file: IO[bytes]) -> IO[bytes]:
    """Turn an ARFF file into a table with a header line; other files stay as they are."""
    file.seek(0)
    head = file.read(1 << 20)
    if not head.lstrip().lower().startswith(b"@relation"):
        return file
    match = re.search(rb"^@data[ \t]*\r?$", head, re.IGNORECASE | re.MULTILINE)
    if match is None:
        raise RecordError("is an ARFF file without @data in its first MiB")
    attributes = re.findall(
        rb"^@attribute[ \t]+(?:'([^'\n]+)'|(\S+))", head[: match.start()], re.IGNORECASE | re.MULTILINE
    )
    header = b",".join(quoted or plain for quoted, plain in attributes)
    file.seek(match.end())
    return io.BytesIO(header + b"\n" + file.read().lstrip())


def _rows_of(table: Columns, stem: str | None) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Rows of one recording."""
    every = np.arange(table.n_rows)
    files = _recording_of_rows(table)
    if len(set(files)) <= 1:
        return every, []
    if stem not in files:
        shown = ", ".join(sorted(set(files))[:3])
        raise RecordError(f"holds {len(set(files))} recordings ({shown} …) and none of them is called {stem!r}")
    chosen = np.flatnonzero([name == stem for name in files])
    return chosen, [f"{len(chosen)} of {table.n_rows} rows are of this recording"]


def _recording_of_rows(table: Columns) -> list[str]:
    """Name the recording of each row; nothing where the table has no column for it."""
    by_kind = {name.lower(): column for name, column in table.words.items()}
    return [_stem(cell) for cell in next((by_kind[kind] for kind in _WORDS if kind in by_kind), [])]


def _stem(cell: str) -> str:
    name = re.split(r"[/\\]", cell.strip().strip("'\""))[-1]
    return name.rpartition(".")[0] or name


def _spans(text: Mapping[str, list[str]], n_rows: int) -> list[tuple[float, float] | None]:
    """Stretch of each row where the table has both ends."""
    starts = text.get("start", text.get("windowstart"))
    ends = text.get("end", text.get("windowend"))
    if starts is None or ends is None:
        return [None] * n_rows
    spans: list[tuple[float, float] | None] = []
    for start, end in zip(map(_seconds, starts), map(_seconds, ends), strict=True):
        known = np.isfinite(start) and np.isfinite(end) and 0 <= start <= end
        spans.append((start, end) if known else None)
    return spans


def _seconds(cell: str) -> float:
    match = _DELTA.fullmatch(cell.strip())
    if match is None or not any(match.groups()):
        return float("nan")
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    time_s = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return time_s if time_s <= MAX_TIME_S else float("nan")


def _functionals(numbers: Mapping[str, Array], text: Mapping[str, list[str]], notes: list[str]) -> VoiceTable:
    values = {_FUNCTIONALS[name]: column for name, column in numbers.items() if name in _FUNCTIONALS}
    n_rows = len(next(iter(values.values())))
    spans = _spans(text, n_rows)
    if n_rows > 1 and None in spans:
        raise RecordError(f"has {n_rows} rows without start and end; expected one row, or the stretch of each")
    nothing = np.empty(0)
    return VoiceTable(tuple(spans), _heard(values), nothing, nothing, nothing, tuple(notes))


def _heard(values: Mapping[str, Array]) -> dict[str, Array]:
    """Values without those that openSMILE writes where there was no voice: an F0 of 0 and all that rests on it."""
    f0 = values.get("f0_mean")
    if f0 is None:
        return dict(values)
    of_voice = {feature.code for feature in FEATURES if feature.voiced} | {"f0_range"}
    return {code: np.where(f0 > 0, column, np.nan) if code in of_voice else column for code, column in values.items()}


def _descriptors(numbers: Mapping[str, Array], text: Mapping[str, list[str]], notes: list[str]) -> VoiceTable:
    starts = text.get("start", text.get("frametime"))
    if starts is None:
        raise RecordError("has low-level descriptors without frameTime or start")
    times = np.array([_seconds(cell) for cell in starts]) + _FRAME_S / 2
    known = np.isfinite(times)
    if not known.any():
        raise RecordError("has low-level descriptors without a readable frameTime or start")
    order = np.flatnonzero(known)[np.argsort(times[known], kind="stable")]
    nothing = np.full(len(times), np.nan)
    f0 = numbers.get(_F0, nothing)
    voiced = f0 > 0
    values = {}
    for feature in FEATURES:
        column = numbers.get(feature.descriptor or "")
        if column is not None:
            heard = column[known & ~np.isnan(column) & (voiced if feature.voiced else True)]
            if (feature.descriptor or "").endswith("nz"):  # openSMILE's own means leave the zeros of these out
                heard = heard[heard != 0]
            values[feature.code] = np.array([heard.mean() if len(heard) else np.nan])
    span = (float(times[known].min()) - _FRAME_S / 2, float(times[known].max()) + _FRAME_S / 2)
    with np.errstate(over="ignore"):
        f0_hz = np.where(voiced & (f0 < 100), 27.5 * 2.0 ** (f0 / 12.0), np.nan)
    notes = [*notes, "low-level descriptors: values are their means over frames, of voiced frames where that applies"]
    loudness = numbers.get("loudness_sma3", nothing)
    return VoiceTable((span,), values, times[order], f0_hz[order], loudness[order], tuple(notes))
