"""Transcripts that people made in ELAN or Praat: the tier that holds the words, as subtitles.

Which tier that is, is told from its name (``utterances``, ``transcription``, ``sentences`` …, or ``words``, joined into
phrases) where that leaves no doubt; otherwise it must be named.
"""

import html
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from ...errors import RecordError
from ...formats.tiers.coder import understand
from ...formats.tiers.tier import Segment, Tier, base_name
from ..container import StrPath, media_error, open_regular
from ..imports.place import ImportedFileError

#: Endings of the files read here.
SUFFIXES: Final = (".eaf", ".TextGrid")
#: Words with less silence between them belong to one phrase, seconds.
PHRASE_PAUSE_S: Final = 0.5
_MOST_NAMES: Final = 8


def is_annotation(path: StrPath) -> bool:
    """Whether a file's name says that it is an ELAN or Praat annotation."""
    return Path(os.fsdecode(path)).suffix.lower() in {suffix.lower() for suffix in SUFFIXES}


def read_annotation(path: StrPath, tiers: Sequence[str] = ()) -> str:
    """Read what is said as SubRip text.

    Parameters
    ----------
    path : str or path
        An ``.eaf`` or ``.TextGrid`` file.
    tiers : sequence of str
        Names of the tiers to take; with several, each line begins with its tier's name. By default the only one
        that can be meant.

    Raises
    ------
    ImportedFileError
        It cannot be read, has no such tier, or several that could be meant: the message lists them.
    """
    place = Path(os.fsdecode(path))
    open_regular(place).close()  # never wait on a pipe
    try:
        found = _read_tiers(place)
        chosen = _named(found, tiers) if tiers else _obvious(found)
    except RecordError as error:
        said = str(error).removeprefix(f"{place}: ")
        raise ImportedFileError(str(media_error(place, said))) from error
    many = len({base_name(tier.name) for tier in chosen}) > 1
    lines = [(segment, f"{base_name(tier.name)}: " if many else "") for tier in chosen for segment in _phrases(tier)]
    return _subtitles(sorted(lines, key=lambda line: (line[0].start_s, line[0].end_s)))


def _read_tiers(place: Path) -> list[Tier]:
    def say(sentence: str) -> None:
        """Losses of other tiers do not concern the words."""

    if place.suffix.lower() == ".eaf":
        from ...formats.elan import read_tiers

        return read_tiers(place, say=say)
    from ...formats import textgrid

    return textgrid.read_tiers(place, say=say)[0]


def _named(found: Sequence[Tier], names: Sequence[str]) -> list[Tier]:
    chosen = []
    for name in names:
        same = [tier for tier in found if name in (tier.name, base_name(tier.name))]
        if not same:
            raise RecordError(f"has no tier {name!r}; there are {_listed(found)}")
        chosen += same
    return chosen


def _obvious(found: Sequence[Tier]) -> list[Tier]:
    """Tier (with its continuations for overlapping spans) that alone can hold the words."""
    filled = [tier for tier in found if any(segment.label.strip() for segment in tier.segments)]
    by_code: dict[str | None, list[Tier]] = {}
    for tier in filled:
        coding = understand(tier, {})
        speech = coding is not None and coding.subject.modality == "speech" and not coding.silences
        code = coding.subject.code if coding is not None and speech else None if coding is None else "other"
        by_code.setdefault(code, []).append(tier)
    for code in ("utterance", "word"):
        if tiers := by_code.get(code):
            return _one(tiers)
    if len(filled) == 1 and by_code.get(None):
        return filled
    if not filled:
        raise RecordError("has no tier with words on it")
    raise RecordError(f"it is not clear which tier holds the words; choose with --tier: {_listed(filled)}")


def _one(tiers: list[Tier]) -> list[Tier]:
    if len({base_name(tier.name) for tier in tiers}) > 1:
        raise RecordError(
            f"several tiers hold words; choose with --tier (more than once for several): {_listed(tiers)}"
        )
    return tiers


def _listed(tiers: Sequence[Tier]) -> str:
    names = [repr(tier.name[:60]) for tier in tiers[:_MOST_NAMES]]
    return ", ".join(names) + (" …" if len(tiers) > _MOST_NAMES else "") if names else "none"


def _phrases(tier: Tier) -> Iterator[Segment]:
    """Segments with words; single words joined into phrases."""
    said = [segment for segment in tier.segments if segment.label.strip()]
    coding = understand(tier, {})
    if coding is None or (coding.subject.modality, coding.subject.code) != ("speech", "word"):
        yield from said
        return
    phrase: list[Segment] = []
    for word in said:
        if phrase and word.start_s - phrase[-1].end_s >= PHRASE_PAUSE_S:
            yield _joined(phrase)
            phrase = []
        phrase.append(word)
    if phrase:
        yield _joined(phrase)


def _joined(words: Sequence[Segment]) -> Segment:
    return Segment(words[0].start_s, words[-1].end_s, " ".join(word.label.strip() for word in words))


def _subtitles(lines: Iterable[tuple[Segment, str]]) -> str:
    """SubRip text; words are escaped, so that they are neither markup nor times to its reader."""
    blocks = []
    for number, (segment, before) in enumerate(lines, start=1):
        words = html.escape(before + " ".join(segment.label.split()), quote=False)
        blocks.append(f"{number}\n{_clock(segment.start_s)} --> {_clock(segment.end_s)}\n{words}\n")
    return "\n".join(blocks)


def _clock(seconds: float) -> str:
    milliseconds = round(max(seconds, 0.0) * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d},{rest % 1000:03d}"
