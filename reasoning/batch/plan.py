"""What is to be done with every row of a batch."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ...cues.extractor import Settings
from ...cues.limits import Limits
from ...cues.running import EXTRACTORS
from ...errors import ConfigError
from ...records import CueSet, Reference, Score
from ..demonstrations import Demonstration
from ..engines.base import Engine

#: Adds to the cues of a clip what another model sees in it.
Describe = Callable[[CueSet], CueSet]
#: Chooses labelled examples for a clip (never the clip itself).
Demonstrate = Callable[[CueSet], tuple[Demonstration, ...]]
#: Scores what the engine wrote about a clip. None: the row's reference lacks what is needed.
Scorer = Callable[[str, CueSet, Reference | None], Score | None]

_SHARD = re.compile(r"(\d{1,9})/(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``index`` of ``count`` (from 1) of a manifest. A row's part follows from its id alone."""

    index: int
    count: int

    @classmethod
    def read(cls, text: str) -> "Shard":
        """Read ``I/N``.

        Raises
        ------
        ConfigError
            It is not that.

        Examples
        --------
        >>> Shard.read("2/8")
        Shard(index=2, count=8)
        """
        found = _SHARD.fullmatch(text.strip())
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise ConfigError(f"shard {text!r}; expected I/N with I from 1 to N, as in 2/8")
        return cls(int(found[1]), int(found[2]))

    def holds(self, row_id: str) -> bool:
        """Whether the row belongs to this part."""
        number = int.from_bytes(sha256(row_id.encode("utf-8", "surrogateescape")).digest()[:8], "big")
        return number % self.count == self.index - 1

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done with every row.

    Attributes
    ----------
    engine : callable
        Makes the engine; called once, and only when there is work. The run closes what it made.
    parameters : mapping of str to JSON value
        What decides the engine's answers: ``engine``, ``model``, ``adapter``, ``base_url``, ``manner`` … A run with
        others is refused on the same folder. What follows from the other fields is added (``parameters.py``).
    preset, language, compounds
        As for :class:`~emoreason.reasoning.engines.Request`.
    settings : Settings
        What extraction is told; a row's own transcript and sex come before it.
    extractors : sequence of str
        Names of extractors.
    limits : Limits
        What the extraction of one clip may cost.
    jobs : int or None
        Clips extracted at a time; None: one for each core.
    describe : callable, optional
        Adds scene cues; ``parameters`` says which. Called from ``describe_jobs`` threads.
    demonstrate : callable, optional
        Chooses examples for the prompt; ``parameters`` says which.
    scorers : mapping of str to callable
        Name -> scorer; what they say is kept in the journal.
    retry_failed : bool
        Take up again what failed before.
    shard : Shard or None
        Only this part of the rows.
    cache : Path or None
        Folder for the results of stages, which several batches may share; None: the batch's own.
    """

    engine: Callable[[], Engine]
    parameters: Mapping[str, object]
    preset: str = "explain"
    language: str = "en"
    compounds: bool = False
    settings: Settings = field(default_factory=Settings)
    extractors: Sequence[str] = tuple(EXTRACTORS)
    limits: Limits = field(default_factory=Limits)
    jobs: int | None = None
    describe: Describe | None = None
    describe_jobs: int = 4
    demonstrate: Demonstrate | None = None
    scorers: Mapping[str, Scorer] = field(default_factory=dict)
    retry_failed: bool = False
    shard: Shard | None = None
    cache: Path | None = None
