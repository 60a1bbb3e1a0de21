"""Which labelled examples are most like a clip, and none that would give its answer away."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from ...cues.wording import cue_text
from ...errors import ConfigError
from ...prompts.screening import screen
from ...records import CueSet
from .answers import telling
from .example import Demonstration
from .reading import Entry, StrPath, read_entries

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ...rewards.embedders import Embedder

    Numbers = npt.NDArray[np.float32]

#: Texts this near to each other count as the same.
SAME: Final = 0.999

_MOST_CUES: Final = 24
_LONGEST_WORDS: Final = 200
_BUCKETS: Final = 512
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Examples for one clip.

    Attributes
    ----------
    demonstrations : tuple of Demonstration
        The most similar first; equally similar ones in the order of the file.
    similarities : tuple of float
        Cosine of each.
    places : tuple of str
        Where each stands (``FILE:LINE``).
    excluded : dict of str to int
        How many could not be shown, by reason: ``the clip itself``, ``its group``, ``the same words``,
        ``the same cues``.
    """

    demonstrations: tuple[Demonstration, ...] = ()
    similarities: tuple[float, ...] = ()
    places: tuple[str, ...] = ()
    excluded: Mapping[str, int] = field(default_factory=dict)


class DemonstrationIndex:
    """Labelled examples, found by what their cues say.

    Parameters
    ----------
    entries : iterable of Entry
        Examples with their groups (:func:`~emoreason.reasoning.demonstrations.reading.read_entries`).
    embedder : Embedder, optional
        :func:`emoreason.rewards.embedders.default_embedder` by default: MiniLM where it is installed, else hashed.

    Examples
    --------
    >>> from emoreason.records import Clip, Cue
    >>> from emoreason.rewards.embedders import HashedEmbedder
    >>> def clip(name, code):
    ...     cues = (Cue(id=f"face1.{code}.1", modality="face", code=code, start_s=len(name)),)
    ...     return CueSet(clip=Clip(id=name), cues=cues)
    >>> examples = [Demonstration(cueset=clip(*one), answer="…") for one in (("a", "AU4"), ("b", "AU12"))]
    >>> index = DemonstrationIndex([Entry(demonstration=one) for one in examples], embedder=HashedEmbedder())
    >>> [found.cueset.clip.id for found in index.similar(clip("mine", "AU12"), 1)]
    ['b']
    >>> [found.cueset.clip.id for found in index.similar(clip("b", "AU12"), 2)]
    ['a']
    """

    def __init__(self, entries: Iterable[Entry], *, embedder: "Embedder | None" = None) -> None:
        from ...rewards.embedders import HashedEmbedder, default_embedder

        self.entries = tuple(entries)
        self._embed = embedder or default_embedder()
        self._hash = HashedEmbedder(_BUCKETS)
        clips = [entry.demonstration.cueset for entry in self.entries]
        self._names = [_names(clip) for clip in clips]
        self._words = [words_of(clip) for clip in clips]
        self._lines = [lines_of(clip) for clip in clips]
        self._places = self._embed([gist_of(clip) for clip in clips])
        self._word_places = self._hash(self._words)
        self._line_places = self._hash(self._lines)

    @classmethod
    def read(cls, path: StrPath, *, embedder: "Embedder | None" = None, language: str = "en") -> "DemonstrationIndex":
        """Read a file of examples.

        Raises
        ------
        RecordError
            ``FILE:LINE: what is wrong``, or the file cannot be read.
        ConfigError
            There is not one example in it.
        """
        entries = tuple(read_entries(path, language))
        if not entries:
            raise ConfigError(f"{os.fspath(path)}: holds no example; expected one JSON object a line")
        return cls(entries, embedder=embedder)

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def embedder(self) -> str:
        """Name of the embedder that tells what is similar."""
        return self._embed.name

    def similar(self, cueset: CueSet, k: int, *, group: str | None = None) -> tuple[Demonstration, ...]:
        """Return the demonstrations of :meth:`find`."""
        return self.find(cueset, k, group=group).demonstrations

    def find(self, cueset: CueSet, k: int, *, group: str | None = None) -> Found:
        """Find the examples most like a clip that may be shown with it.

        Parameters
        ----------
        cueset : CueSet
            The clip that is to be explained.
        k : int
            Examples at most.
        group : str, optional
            Its group. Where the clip stands in the file itself, the group given there is left out as well.

        Returns
        -------
        Found
            Never the clip itself (same id, path or sha256), one with the same or nearly the same words or cues (cosine
            of at least .999), or another clip of its group; no clip twice.
        """
        reasons = self._reasons(cueset, group)
        excluded = Counter(reason for reason in reasons if reason is not None)
        allowed = [number for number, reason in enumerate(reasons) if reason is None]
        if k <= 0 or not allowed:
            return Found(excluded=dict(excluded))
        cosines = self._places @ self._embed([gist_of(cueset)])[0]
        # Rounded, so that the last bits of a sum decide nothing.
        ranked = sorted(allowed, key=lambda number: (-round(float(cosines[number]), 5), number))
        chosen: list[int] = []
        for number in ranked:
            if len(chosen) < k and not any(self._names[number] & self._names[other] for other in chosen):
                chosen.append(number)
        return Found(
            demonstrations=tuple(self.entries[number].demonstration for number in chosen),
            similarities=tuple(round(float(cosines[number]), 5) for number in chosen),
            places=tuple(self.entries[number].place for number in chosen),
            excluded=dict(excluded),
        )

    def _reasons(self, cueset: CueSet, group: str | None) -> list[str | None]:
        """Why each example must not be shown with a clip; None: it may."""
        names, words, lines = _names(cueset), words_of(cueset), lines_of(cueset)
        itself = [bool(names & others) for others in self._names]
        groups = {entry.group for entry, same in zip(self.entries, itself, strict=True) if same} | {group}
        groups.discard(None)
        near_words = self._word_places @ self._hash([words])[0] >= SAME
        near_lines = self._line_places @ self._hash([lines])[0] >= SAME
        reasons: list[str | None] = []
        for number, entry in enumerate(self.entries):
            checks = {
                "the clip itself": itself[number],
                "its group": entry.group in groups,
                "the same words": bool(near_words[number]) or (words != "" and words == self._words[number]),
                "the same cues": bool(near_lines[number]) or (lines != "" and lines == self._lines[number]),
            }
            reasons.append(next((reason for reason, holds in checks.items() if holds), None))
        return reasons


def _names(cueset: CueSet) -> frozenset[str]:
    """Return what a clip is known by: its id, its file, its bytes."""
    clip = cueset.clip
    names = {f"id {clip.id}", f"path {_real(clip.id)}"}
    if clip.path is not None:
        names.add(f"path {_real(clip.path)}")
    if clip.sha256 is not None:
        names.add(f"sha256 {clip.sha256.lower()}")
    return frozenset(names)


def _real(path: str) -> str:
    try:
        return os.path.realpath(path)
    except (ValueError, OSError):  # no path at all
        return path


def words_of(cueset: CueSet) -> str:
    """Words that are said in a clip, without case and punctuation."""
    said = [cue.text for cue in cueset.cues if cue.modality == "speech" and cue.text and cue.state == "present"]
    return " ".join(_WORD.findall((cueset.clip.transcript or " ".join(said)).casefold()))


def lines_of(cueset: CueSet) -> str:
    """All that the cues of a clip say, numbers and times included: the same text is the same evidence."""
    usable, _ = screen(cueset.cues)
    return "\n".join(sorted(f"{cue_text(replace(cue, subject=None))} {cue.text or ''}" for cue in usable))


def gist_of(cueset: CueSet) -> str:
    """Return what the most salient cues say, without people, numbers and times, which tell no likeness."""
    lines = []
    for cue in telling(cueset)[:_MOST_CUES]:
        bare = replace(cue, start_s=None, end_s=None, apex_s=None, confidence=None, subject=None, marks=())
        line = cue_text(bare if cue.level is None else replace(bare, value=None))
        lines.append(f"{line} {cue.text[:_LONGEST_WORDS]}" if cue.text else line)
    return "\n".join(lines)
