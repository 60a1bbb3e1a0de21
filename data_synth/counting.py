"""What is in rows and in rejected clips, counted in one reading."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ..records import TrainingRow
from ..training.rows.summary import emotion_of
from .template.supported import is_supported
from .variants import written
from .writing.rows import MEASURED, clip_of, mode_of, variant_of

#: What was measured in drafts and is told as a mean, in this order, and what it is.
MEANS: Final[Mapping[str, str]] = {
    "grounded": "share of the claims that the clip's cues bear out",
    "unverifiable": "share of the claims that no cue can tell",
    "agreement": "wheel score of the labels against the gold labels, 0 to 1",
    "cited": "share of the observing sentences that cite a cue",
    "consistency": "emotions of the reasoning against those of the answer, 0 to 1",
    "copied": "share of the claims that say just what the prompt says",
    "words": "words of the chain of thought",
}


def count_rows(rows: Iterable[TrainingRow]) -> dict[str, Any]:
    """Count what is in rows; they are read once, one at a time."""
    counted = RowCounts()
    for row in rows:
        counted.add(row)
    return counted.to_dict()


class RowCounts:
    """What is in rows that are added one by one."""

    def __init__(self) -> None:
        self._rows = 0
        self._bearing = {"rows": 0, "unsupported": 0}
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        self._sources: dict[str, dict[str, Any]] = {}
        self._clips: dict[str, set[str]] = defaultdict(set)
        self._sums: dict[str, tuple[float, int]] = {}

    def add(self, row: TrainingRow) -> None:
        """Add a row."""
        self._rows += 1
        if written(row):
            self._bearing["rows"] += 1
            self._bearing["unsupported"] += not is_supported(row.cueset, row.reference, row.language)
        for name, kind in _kinds(row):
            self._counts[name][kind] += 1
        source = _text(row, "source") or "unknown"
        one = self._sources.setdefault(source, {"rows": 0, "licence": _text(row, "licence")})
        one["rows"] += 1
        if (clip := clip_of(row)) not in self._clips[source]:
            self._clips[source].add(clip)
            for name in _IMPORTED:
                self._counts["totals"][name] += int(_number(row, name) or 0)
        self._counts["totals"]["held_back_rows"] += bool(row.held_back)
        for name in MEANS:
            if (value := _number(row, f"{MEASURED}{name}")) is not None:
                total, count = self._sums.get(name, (0.0, 0))
                self._sums[name] = (total + value, count + 1)

    def to_dict(self) -> dict[str, Any]:
        """JSON value."""
        counts, clips, sums = self._counts, self._clips, self._sums
        return {
            "rows": self._rows,
            "clips": len(set().union(*clips.values())),
            **{name: dict(counts[name].most_common()) for name in _COUNTED},
            **{name: counts["totals"][name] for name in (*_IMPORTED, "held_back_rows")},
            "sources": {name: {**one, "clips": len(clips[name])} for name, one in sorted(self._sources.items())},
            "label_without_cue": self._bearing,
            "means": {name: round(sums[name][0] / sums[name][1], 3) for name in MEANS if name in sums},
        }


_COUNTED: Final = ("splits", "modes", "writers", "styles", "languages", "variants", "classes", "modalities", "groups")
#: What was done to the imported prose of a clip.
_IMPORTED: Final = ("masked_words", "refused_texts")


def _kinds(row: TrainingRow) -> Iterable[tuple[str, str]]:
    yield "splits", row.split or "train"
    yield "modes", mode_of(row) or "unknown"
    yield "writers", _text(row, "writer") or "unknown"
    yield "styles", _text(row, "style") or "unknown"
    yield "languages", row.language
    yield "variants", variant_of(row) or "as the clip is"
    yield "classes", emotion_of(row.reference)
    yield "groups", "named" if row.group else "not named"
    for name in sorted({cue.modality for cue in row.cueset.cues if cue.state == "present"}):
        yield "modalities", name


def count_rejected(lines: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Count rejected clips: all, and by reason (a clip may have several)."""
    number, reasons = 0, Counter[str]()
    for line in lines:
        number += 1
        reasons.update(set(map(str, line["reasons"])))
    return {"clips": number, "reasons": dict(reasons.most_common())}


def _text(row: TrainingRow, name: str) -> str | None:
    value = row.origin.get(name)
    return value if isinstance(value, str) and value else None


def _number(row: TrainingRow, name: str) -> float | None:
    value = row.origin.get(name)
    return float(value) if isinstance(value, (int, float)) else None
