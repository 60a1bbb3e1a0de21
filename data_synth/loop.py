"""Loop: train on the rows, have the new adapter write anew what was rejected or uncertain, check, grow; measured.

Each round trains from the base model, not from the adapter before, and writes label-blind: what arrives at the gold
label by itself and passes the checks becomes a row (Zelikman et al., "STaR: Bootstrapping Reasoning With Reasoning",
NeurIPS 2022; Facial-R1 and MERR close the same loop). Whether that helps is not assumed. Every model answers the clips
of the dev split, greedily and label-blind; they are never trained on nor written about again. The rows that a round
added stay only if the model that learnt them too does surely better there: the interval of the paired difference, drawn
by speaker, lies above ``least_gain``. Else the loop ends with the rows it had before.

With several rounds the dev split decides several times: quote figures of the test split, which nothing here looks at.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from ..errors import ConfigError, RecordError
from ..eval.stats import Interval, bootstrap_by_clip, paired_bootstrap
from .checked import Checked
from .draft import Style
from .finishing import Finished
from .kept import CheckedFile
from .labelled import LabelledClip
from .manners import seed_of
from .pipeline import MakeWriter, Synthesis
from .rounds import drafts_of
from .settings import Drafting
from .split import Splits

#: Where the results of the rounds stand, in the output folder.
RESULTS: Final = "loop.json"
#: What is measured beside the reward, in the names of the checks.
_ALSO: Final = ("agreement", "grounded")


class Train(Protocol):
    """Trains on rows and says who writes then."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Name -> JSON value of what decides what it comes to."""
        ...

    def __call__(self, rows: Path, folder: Path) -> MakeWriter:
        """Train on the rows of the split ``train`` of a file into a folder; called again, it comes to the same."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Looping:
    """How the loop goes.

    Attributes
    ----------
    rounds : int
        How often rows may be added.
    drafts : int
        Of each clip that is written about again.
    temperatures : tuple of float
        Of these drafts.
    weak_agreement : float
        A clip is uncertain whose best draft agrees less with the gold labels (0-1; the checks let 0.5 pass).
    passed_share : float
        A clip is uncertain of whose drafts a smaller share passed.
    least_gain : float
        What the held-out reward must gain at least.
    level : float
        Of the interval.
    fewest : int
        Held-out clips without which nothing can be measured.
    seed : int
        Of drafts and intervals.
    """

    rounds: int = 1
    drafts: int = 4
    temperatures: tuple[float, ...] = (0.5, 0.8, 1.0)
    weak_agreement: float = 0.75
    passed_share: float = 0.5
    least_gain: float = 0.0
    level: float = 0.95
    fewest: int = 8
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round came to.

    Attributes
    ----------
    number : int
        0: the model that learnt the first rows.
    rows : int
        Rows there were, of all splits; it was trained on those of ``train``.
    reward, passed, agreement, grounded : Interval
        Of its answers to the held-out clips: blended reward, share without a fault, wheel score, claims borne out.
    gain : Interval or None
        Of the reward over the round before; None for the first.
    kept : bool
        Whether the rows that were added before it stay.
    rewritten, added : int
        Clips that it wrote about again, and those of them with a draft that passed.
    """

    number: int
    rows: int
    reward: Interval
    passed: Interval
    agreement: Interval
    grounded: Interval
    gain: Interval | None
    kept: bool
    rewritten: int = 0
    added: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Looped:
    """What the loop came to.

    Attributes
    ----------
    rounds : sequence of Round
    ended : str
        Why it ended.
    finished : Finished
        The rows as they are now.
    used : int
        Of how many rounds of drafting they are.
    """

    rounds: Sequence[Round]
    ended: str
    finished: Finished
    used: int

    def to_dict(self) -> dict[str, Any]:
        """JSON value of the rounds."""
        return {"ended": self.ended, "rounds": [asdict(one) for one in self.rounds]}


def iterate(synthesis: Synthesis, finished: Finished, train: Train, looping: Looping) -> Looped:
    """Add rounds to a synthesis whose first is finished; called again after a kill, it goes on.

    Parameters
    ----------
    synthesis : Synthesis
        Held, and read.
    finished : Finished
        What its first round came to.
    train : Train
    looping : Looping

    Raises
    ------
    ConfigError
        Too few clips are held out to measure anything.
    StoppedError
        A writer gave out; the same call goes on.
    RecordError
        ``loop.json`` cannot be written.
    """
    loop = _Loop(synthesis, train, looping, finished.splits)
    found = loop.run(finished)
    _write(found, synthesis.folder.made / RESULTS)
    return found


def needy(drafts: Sequence[Checked], looping: Looping) -> bool:
    """Whether a clip is to be written about again: rejected, or uncertain.

    Examples
    --------
    >>> from .draft import Draft, Manner
    >>> draft = Draft(number=0, text="", manner=Manner(), writer="someone")
    >>> good, weak = (Checked(draft=draft, measures={"agreement": value}) for value in (1.0, 0.6))
    >>> needy([], Looping()), needy([weak], Looping()), needy([good], Looping())
    (True, True, False)
    """
    numbers = {one.draft.number for one in drafts}
    passed = [one for one in drafts if one.passed]
    if not passed or len({one.draft.number for one in passed}) < looping.passed_share * len(numbers):
        return True
    return max(one.measures.get("agreement", 1.0) for one in passed) < looping.weak_agreement


class _Loop:
    def __init__(self, synthesis: Synthesis, train: Train, looping: Looping, splits: Splits) -> None:
        self._synthesis, self._train, self._looping, self._splits = synthesis, train, looping, splits
        self._held_out = [name for name in synthesis.clips.places if splits.of.get(name) == "dev"]
        if len(self._held_out) < looping.fewest:
            raise ConfigError(
                f"{len(self._held_out)} clips are held out (split dev), too few to tell whether a round helps; "
                f"expected {looping.fewest} or more: more clips, or a larger share in --split"
            )
        self._groups = [clip.group or clip.id for clip in self._clips(self._held_out)]

    def run(self, finished: Finished) -> Looped:
        rounds: list[Round] = []
        before: np.ndarray[Any, np.dtype[np.float64]] | None = None
        ended, used = "all rounds are done", 1
        for number in range(self._looping.rounds + 1):
            writer = self._trained(number)
            values = self._measured(number, writer)
            found = self._round(number, finished, values, before)
            rounds.append(found)
            if not found.kept:
                ended = f"the rows of round {number} did not surely help: gain {found.gain}"
                used = number
                finished = self._synthesis.finish(used)
                break
            before = values["reward"]
            if number == self._looping.rounds:
                break
            rewritten, added = self._rewritten(number + 1, writer)
            rounds[-1] = replace(found, rewritten=rewritten, added=added)
            if not added:
                ended = f"round {number + 1} wrote nothing that passed the checks"
                break
            used = number + 2
            finished = self._synthesis.finish(used)
        return Looped(rounds=rounds, ended=ended, finished=finished, used=used)

    def _trained(self, number: int) -> MakeWriter:
        folder = self._synthesis.folder
        return self._train(folder.made / "rows.jsonl", folder.state / f"adapter-{number}")

    def _measured(self, number: int, writer: MakeWriter) -> dict[str, Any]:
        """Values of the held-out clips, in order, of one greedy answer each."""
        place = self._synthesis.folder.state / f"held-out-{number}"
        drafting = self._drafting(drafts=1, temperatures=(0.0,), seed=self._looping.seed)
        self._synthesis.draft(place, writer, drafting, self._parameters(number), only=set(self._held_out))
        drafts = drafts_of(place)
        answers = [drafts.of(name)[0] for name in self._held_out]
        return {
            # What cannot be read earns nothing, like an answer that is wrong.
            "reward": np.array([one.reward or 0.0 for one in answers]),
            "passed": np.array([float(one.passed) for one in answers]),
            **{name: np.array([one.measures.get(name, 0.0) for one in answers]) for name in _ALSO},
        }

    def _round(self, number: int, finished: Finished, values: Mapping[str, Any], before: Any) -> Round:
        looping = self._looping
        options: dict[str, Any] = {"clips": self._groups, "level": looping.level, "seed": looping.seed}
        gain = None if before is None else paired_bootstrap(np.mean, values["reward"], before, **options)
        held_out = {name: bootstrap_by_clip(np.mean, column, **options) for name, column in values.items()}
        return Round(
            number=number,
            rows=finished.rows,
            reward=held_out["reward"],
            passed=held_out["passed"],
            agreement=held_out["agreement"],
            grounded=held_out["grounded"],
            gain=gain,
            kept=gain is None or gain.low > looping.least_gain,
        )

    def _rewritten(self, number: int, writer: MakeWriter) -> tuple[int, int]:
        """Write anew about needy clips of the training split: how many, and how many have a draft that passed."""
        synthesis = self._synthesis
        drafts = synthesis.drafts(number)
        wanted = {
            name
            for name in synthesis.clips.places
            if self._splits.of.get(name) == "train" and needy(drafts.of(name), self._looping)
        }
        place = synthesis.folder.round(number)
        drafting = self._drafting(
            drafts=self._looping.drafts,
            temperatures=self._looping.temperatures,
            # Of its own for each round: a model that changed little would else write what it wrote before.
            seed=seed_of(self._looping.seed, "round", number),
        )
        synthesis.draft(place, writer, drafting, self._parameters(number - 1), only=wanted)
        found: CheckedFile = drafts_of(place)
        return len(wanted), sum(any(one.passed for one in found.of(name)) for name in wanted)

    def _parameters(self, adapter: int) -> dict[str, Any]:
        return {"adapter": adapter, **{f"train.{name}": value for name, value in self._train.parameters.items()}}

    def _drafting(self, *, drafts: int, temperatures: tuple[float, ...], seed: int) -> Drafting:
        """How an adapter writes: as it was taught, label-blind, without being told what was wrong."""
        own = self._synthesis.settings.drafting
        styles: tuple[Style, ...] = own.styles[:1]
        return Drafting(
            mode="label-blind",
            styles=styles,
            languages=own.languages[:1],
            drafts=drafts,
            temperatures=temperatures,
            retries=0,
            seed=seed,
        )

    def _clips(self, names: Sequence[str]) -> "list[LabelledClip]":
        return list(self._synthesis.clips.read_each(names))


def _write(found: Looped, path: Path) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(json.dumps(found.to_dict(), indent=1) + "\n", encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        raise RecordError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
