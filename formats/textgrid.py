"""Praat TextGrids: cues and claims as interval and point tiers, and back.

The text format is a stream of free-standing numbers, texts in double quotes and flags; everything else in the file is
comment (Praat manual, "TextGrid file formats"). So one reader takes the long form, the short form and what people
type by hand, in UTF-8 or UTF-16, and a file that ends early is an error and not a shorter TextGrid.

A TextGrid keeps where, what, level, value, direction and words. It has no place for cue ids, confidence, apex, source,
marks, gaps and facts about the clip.
"""

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ..errors import RecordError
from ..records import Claim, Clip, CueSet, Explanation
from .loss import Loss, Say, read_limited, warn
from .tiers.coder import TierMap
from .tiers.layout import claims_from, clip_end_s, cue_values, cueset_of, lay_out, unplaced_claims
from .tiers.tier import Segment, Tier, packed

#: A text in double quotes, a flag, a free-standing number, or a comment up to the end of its line.
_TOKEN: Final = re.compile(
    r'"(?P<text>(?:[^"]|"")*+)"'
    r'|(?P<open>")'
    r"|<(?P<flag>[A-Za-z]+)>"
    r"|(?<!\S)(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![\d.])"
    r"|(?<!\S)!.*"
)
_SHORTEST_S: Final = 0.001  # of a whole TextGrid: Praat wants xmin < xmax
_INTERVALS: Final = "IntervalTier"
_POINTS: Final = "TextTier"


def write_textgrid(
    path: str | Path, cueset: CueSet, explanation: Explanation | None = None, *, say: Say = warn
) -> None:
    """Write a TextGrid (long form, UTF-8) with a tier per person and code, and the claims when there are any.

    Parameters
    ----------
    path : str or path
        The file to write.
    cueset : CueSet
        Its cues.
    explanation : Explanation, optional
        Adds the tiers ``claims``, ``claims negated`` and ``expressed``.
    say : callable
        Takes one sentence per kind of loss; by default a :class:`FormatWarning`.
    """
    Path(path).write_text(textgrid(cueset, explanation, say=say), encoding="utf-8", newline="")


def textgrid(cueset: CueSet, explanation: Explanation | None = None, *, say: Say = warn) -> str:
    """Text of the TextGrid that :func:`write_textgrid` writes."""
    layout = lay_out(cueset, explanation)
    for sentence in _losses(cueset, explanation, len(layout.unplaced)):
        say(sentence)
    tiers = list(packed(layout.groups, persons=layout.persons)) or [Tier("speech.utterance")]
    return _text(tiers, max(clip_end_s(cueset, explanation), _SHORTEST_S))


def _losses(cueset: CueSet, explanation: Explanation | None, unplaced: int) -> Iterator[Loss]:
    if cueset.cues:
        sentence = "a TextGrid has no place for ids, confidence, apex, source and marks: left out of {}"
        yield Loss(sentence, len(cueset.cues), "cue")
    if cueset.gaps:
        sentence = "a TextGrid has no place for {} (what could not be observed): left out"
        yield Loss(sentence, len(cueset.gaps), "gap")
    if unplaced:
        yield Loss("a TextGrid has no place for {} without a time: left out", unplaced, "cue")
    if timeless := unplaced_claims(explanation):
        yield Loss("a TextGrid has no place for {} without a time: left out", timeless, "claim")


def _text(tiers: Sequence[Tier], end_s: float) -> str:
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", f"xmax = {end_s!r} "]
    lines += ["tiers? <exists> ", f"size = {len(tiers)} ", "item []: "]
    for number, tier in enumerate(tiers, 1):
        points = bool(tier.segments) and tier.segments[0].is_moment
        rows = list(tier.segments) if points else list(_without_holes(tier.segments, end_s))
        lines += [f"    item [{number}]:", f'        class = "{_POINTS if points else _INTERVALS}" ']
        lines += [f"        name = {_quoted(tier.name)} ", "        xmin = 0 ", f"        xmax = {end_s!r} "]
        lines.append(f"        {'points' if points else 'intervals'}: size = {len(rows)} ")
        for row_number, row in enumerate(rows, 1):
            if points:
                lines += [f"        points [{row_number}]:", f"            number = {row.start_s!r} "]
                lines.append(f"            mark = {_quoted(row.label)} ")
            else:
                lines += [f"        intervals [{row_number}]:", f"            xmin = {row.start_s!r} "]
                lines += [f"            xmax = {row.end_s!r} ", f"            text = {_quoted(row.label)} "]
    return "\n".join(lines) + "\n"


def _without_holes(segments: Sequence[Segment], end_s: float) -> Iterator[Segment]:
    """Fill the time between labelled intervals with unlabelled ones, as Praat wants it."""
    reached_s = 0.0
    for segment in segments:
        if segment.start_s > reached_s:
            yield Segment(reached_s, segment.start_s, "")
        yield segment
        reached_s = segment.end_s
    if reached_s < end_s:
        yield Segment(reached_s, end_s, "")


def _quoted(text: str) -> str:
    clean = text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    return '"' + clean.replace('"', '""') + '"'


def read_textgrid(
    path: str | Path, *, clip: Clip | None = None, tiers: TierMap | None = None, say: Say = warn
) -> CueSet:
    """Read the cues of a TextGrid, ours or anyone's.

    Tiers are understood by their names: ours (``face1 AU12``, ``voice.f0_mean``), coders' (``AU12``, ``AU06_left``,
    ``FACS`` with labels such as ``1+2C``), speech (``sentences``, ``words``), Praat's silences. Unlabelled intervals
    say nothing.

    Parameters
    ----------
    path : str or path
        A ``.TextGrid`` file, long or short form, UTF-8 or UTF-16.
    clip : Clip, optional
        The clip it belongs to; by default one named like the file, as long as the TextGrid.
    tiers : mapping of str to str, optional
        Tier name -> what it holds: ``AU12``, ``Anna AU12``, ``speech.utterance``, ``head.nod``; ``AU`` when its labels
        are FACS codes; ``-`` to leave it out.
    say : callable
        Takes one sentence about each tier that is not understood; by default a :class:`FormatWarning`.

    Raises
    ------
    RecordError
        It is no TextGrid, ends early, holds impossible times, or is larger than 64 MiB.
    """
    found, end_s = read_tiers(path, say=say)
    about = clip or Clip(id=Path(path).stem, duration_s=end_s)
    try:
        return cueset_of(about, cue_values(found, "textgrid", say, tiers or {}))
    except (ValueError, RecordError) as error:
        raise RecordError(f"{path}: {error}") from error


def read_textgrid_claims(path: str | Path, *, say: Say = warn) -> tuple[Claim, ...]:
    """Read the claims that :func:`write_textgrid` wrote; RecordError as :func:`read_textgrid`."""
    return claims_from(read_tiers(path, say=say)[0])


def read_tiers(path: str | Path, *, say: Say = warn) -> tuple[list[Tier], float]:
    """Read the tiers of a TextGrid (unlabelled intervals left out) and the time it ends at.

    Raises
    ------
    RecordError
        As :func:`read_textgrid`.
    """
    text = _decoded(read_limited(path), str(path), say)
    try:
        return _parse(text)
    except StopIteration:
        raise RecordError(f"{path}: the TextGrid ends early; save it anew from Praat") from None
    except ValueError as error:
        raise RecordError(f"{path}: no TextGrid that can be read: {error}") from error


def _decoded(data: bytes, name: str, say: Say) -> str:
    if data.startswith(b"ooBinaryFile"):
        raise RecordError(f"{name}: a binary Praat file; in Praat: Save as text file...")
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding == "utf-16":
            raise RecordError(f"{name}: not the UTF-16 text it begins as ({error.reason})") from error
        say(f"{name}: not UTF-8; read as ISO Latin-1: check the accents, or save it as UTF-8")
        return data.decode("latin-1")


def _parse(text: str) -> tuple[list[Tier], float]:
    head = text[:400]
    if "chronological TextGrid" in head:
        raise ValueError("a chronological TextGrid; in Praat: Save as text file...")
    tokens = _tokens(text)
    kind = next(tokens, None)
    if kind not in ("ooTextFile", "ooTextFile short") or next(tokens) != "TextGrid":
        raise ValueError("expected 'File type = \"ooTextFile\"' and 'Object class = \"TextGrid\"'")
    start_s, end_s = _number(tokens), _number(tokens)
    if start_s > end_s:
        raise ValueError(f"it ends ({end_s:g} s) before it starts ({start_s:g} s)")
    if next(tokens) != "<exists>":
        return [], end_s
    return [_parse_tier(tokens) for _ in range(_count(tokens))], end_s


def _parse_tier(tokens: Iterator[str | float]) -> Tier:
    kind, name = next(tokens), next(tokens)
    if kind not in (_INTERVALS, _POINTS) or not isinstance(name, str):
        raise ValueError(f"expected an {_INTERVALS} or {_POINTS} with its name, found {kind!r:.40} {name!r:.40}")
    _number(tokens), _number(tokens)
    segments = []
    for _ in range(_count(tokens)):
        start_s = _number(tokens)
        end_s = start_s if kind == _POINTS else _number(tokens)
        label = next(tokens)
        if not isinstance(label, str):
            raise ValueError(f"tier {name!r:.60}: expected a text in quotes, found {label:g}")
        if end_s < start_s:
            raise ValueError(f"tier {name!r:.60}: an interval ends ({end_s:g} s) before it starts ({start_s:g} s)")
        if label.strip():
            segments.append(Segment(start_s, end_s, label))
    return Tier(name, tuple(segments))


def _tokens(text: str) -> Iterator[str | float]:
    for match in _TOKEN.finditer(text):
        if match["text"] is not None:
            yield match["text"].replace('""', '"')
        elif match["flag"] is not None:
            yield f"<{match['flag']}>"
        elif match["number"] is not None:
            yield float(match["number"])
        elif match["open"] is not None:
            return  # a text without its end: the rest of the file cannot be told from it


def _number(tokens: Iterator[str | float]) -> float:
    value = next(tokens)
    if not isinstance(value, float) or not math.isfinite(value):
        raise ValueError(f"expected a number, found {value!r:.40}")
    return value


def _count(tokens: Iterator[str | float]) -> int:
    value = _number(tokens)
    if value < 0 or value != int(value):
        raise ValueError(f"expected a count, found {value:g}")
    return int(value)
