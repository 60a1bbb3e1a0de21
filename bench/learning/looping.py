"""The package's loop on the made-up world: who writes in batches, who trains, and the loops that are compared.

``emoreason synth --iterate`` writes with the engine ``transformers``, one answer at a time. Here the same model answers
many prompts at a time, by what evaluates a run (``training/outputs/answering.py``): the prompts are the same, and the
test of this file holds the greedy answers to those of the engine.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal

from emoreason.data_synth.draft import Draft, Manner
from emoreason.data_synth.labelled import LabelledClip
from emoreason.data_synth.loop import Looping, iterate
from emoreason.data_synth.pipeline import Given, MakeWriter, opened
from emoreason.data_synth.select import Selection
from emoreason.data_synth.settings import Drafting, Reading, SynthSettings
from emoreason.data_synth.split import Splitting
from emoreason.data_synth.variants import Variants
from emoreason.records import TrainingRow
from emoreason.training.example import Example
from emoreason.training.machine.looking import this_machine
from emoreason.training.model.loading import Trainee, load_trainee
from emoreason.training.outcome import Outcome
from emoreason.training.outputs.answering import answer_examples
from emoreason.training.outputs.sampling import Sampling
from emoreason.training.preparing import examples_of
from emoreason.training.rows.stored import write_rows
from emoreason.training.settings import DataSettings, LoraSettings, ModelSettings, OutputSettings, Settings
from emoreason.training.sft import train_sft

from .runs import Plan
from .world import NOISY, draw_rows

#: Orders that are answered together.
_POOL: Final = 512
#: Rows at first, and of the last round.
FIRST: Final = "first.jsonl"
LAST: Final = "last.jsonl"
#: A least gain that every round has.
_ANY: Final = -99.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """Sizes of the loop; all that is not here is as the package has it.

    ``epochs``: passes over the rows in SFT (3: what ``transformers`` does unless told); batch and rate are those of
    ``learn.py``. ``first``: who writes the first drafts; ``teacher``, the noisy one of the world, is for a base that
    cannot write.
    """

    clips: int = 480
    rounds: int = 2
    epochs: int = 3
    first: Literal["base", "teacher"] = "base"


def settings_of(seed: int) -> SynthSettings:
    """How the rows are made.

    A third of the clips is held out for the stop rule. A row is one clip: none has variants. Near-duplicates stay: in
    this world clips with the same evidence are told in the same words.
    """
    return SynthSettings(
        reading=Reading(source="made up"),
        drafting=Drafting(mode="label-blind", retries=0, seed=seed),
        selection=Selection(near_duplicate=None),
        splitting=Splitting(train=2, dev=1, test=0, seed=seed),
        variants=Variants(held_back_rows=0.0, masked_rows=0.0, pairs=0.0),
    )


class BatchWriter:
    """A model that writes label-blind drafts, many at a time.

    Parameters
    ----------
    base : Path
        Checkpoint.
    adapter : Path or None
    longest : int
        Tokens of an answer.
    """

    def __init__(self, base: Path, adapter: Path | None, longest: int) -> None:
        self.name = f"batches {'base' if adapter is None else adapter.name}"
        self._base, self._adapter, self._longest = base, adapter, longest
        self._trainee: Trainee | None = None

    def write_each(
        self, orders: Iterable[tuple[LabelledClip, int, Manner, tuple[str, ...]]]
    ) -> Iterator[tuple[LabelledClip, int, Draft]]:
        """Write a draft for each order; those of a temperature are written together."""
        stream = iter(orders)
        while pool := list(islice(stream, _POOL)):
            hot: dict[float, list[tuple[LabelledClip, int, Manner]]] = defaultdict(list)
            for clip, number, manner, _ in pool:
                hot[manner.temperature].append((clip, number, manner))
            for temperature, mine in hot.items():
                yield from self._written(temperature, mine)

    def _written(
        self, temperature: float, orders: list[tuple[LabelledClip, int, Manner]]
    ) -> Iterator[tuple[LabelledClip, int, Draft]]:
        trainee = self._loaded()
        rows = [TrainingRow(id=f"{at}", cueset=clip.cueset) for at, (clip, _, _) in enumerate(orders)]
        examples = list(examples_of(rows, _asking(self._base), as_served=True))
        greedy = temperature == 0
        how = {} if greedy else {"temperature": temperature}
        sampling = Sampling(greedy=greedy, samples=int(not greedy), max_tokens=self._longest, batch=64, **how)
        seed = orders[0][2].seed
        answers = answer_examples(trainee.model, trainee.processing, examples, sampling=sampling, seed=seed)
        for (clip, number, manner), example, by_manner in zip(orders, examples, answers, strict=True):
            text = by_manner["greedy" if greedy else "sampled"][0].text
            yield clip, number, self._draft(number, manner, example, text)

    def _draft(self, number: int, manner: Manner, example: Example, text: str) -> Draft:
        return Draft(
            number=number,
            text=text,
            manner=manner,
            writer=self.name,
            prompt_version=example.prompt_version,
            asked=example.messages,
        )

    def _loaded(self) -> Trainee:
        if self._trainee is None:
            adapter = None if self._adapter is None else str(self._adapter)
            model = ModelSettings(name=str(self._base), adapter=adapter, device="cpu")
            self._trainee = load_trainee(model, LoraSettings(), this_machine("cpu"))
        return self._trainee


class NoisyTeacher:
    """Writes what the noisy teacher of the world wrote about a clip."""

    name = "noisy teacher"

    def __init__(self, wrote: Mapping[str, str]) -> None:
        self._wrote = wrote

    def write_each(
        self, orders: Iterable[tuple[LabelledClip, int, Manner, tuple[str, ...]]]
    ) -> Iterator[tuple[LabelledClip, int, Draft]]:
        """Write a draft for each order, whatever its temperature."""
        for clip, number, manner, _ in orders:
            yield clip, number, Draft(number=number, text=self._wrote[clip.id], manner=manner, writer=self.name)


def _asking(base: Path) -> Settings:
    return Settings(
        method="sft",
        model=ModelSettings(name=str(base), device="cpu"),
        data=DataSettings(train=(), preset="explain"),
        output=OutputSettings(folder=""),
    )


class Sft:
    """Trains an adapter on rows by the package's SFT (``data_synth/loop.py``, protocol ``Train``).

    Parameters
    ----------
    base : Path
        Checkpoint.
    seed : int
    plan : Plan
    loop : Loop
    first : Path, optional
        Gets the rows of the first call: the loop writes its rows anew in each round.

    Attributes
    ----------
    parameters : mapping
        What decides what it comes to.
    steps : dict
        Name of a folder -> steps that were made for it.
    """

    def __init__(self, base: Path, seed: int, plan: Plan, loop: Loop, first: Path | None = None) -> None:
        self._base, self._seed, self._plan, self._loop, self._first = base, seed, plan, loop, first
        self.parameters: Mapping[str, Any] = {"seed": seed, "epochs": loop.epochs, "rate": plan.sft_learning_rate}
        self.steps: dict[str, int] = {}

    def __call__(self, rows: Path, folder: Path) -> MakeWriter:
        """Train on rows; nothing where that was done."""
        if self._first is not None and not self.steps:
            self._first.write_bytes(rows.read_bytes())
        self.steps[folder.name] = self.train(rows, folder).steps
        return lambda memory: BatchWriter(self._base, folder, self._plan.longest)

    def train(self, rows: Path, folder: Path, steps: int = -1) -> Outcome:
        """Train on rows for so many steps, or else for the epochs of the loop."""
        plan = self._plan
        settings = Settings(
            method="sft",
            model=ModelSettings(name=str(self._base), device="cpu"),
            data=DataSettings(train=(str(rows),), preset="explain", seed=self._seed),
            output=OutputSettings(folder=str(folder), evaluate=0, report=False, merge=False),
            lora=LoraSettings(rank=plan.rank, alpha=2 * plan.rank, dropout=0.0),
            trainer={
                "report_to": "none",
                "per_device_train_batch_size": plan.sft_batch,
                "learning_rate": plan.sft_learning_rate,
                "num_train_epochs": self._loop.epochs,
                "max_steps": steps,
                "logging_steps": 25,
            },
        )
        return train_sft(settings, resume="auto")


class Untaught:
    """Trains nothing: the base writes again, and again. ``last`` gets the rows of the last call."""

    def __init__(self, base: Path, longest: int, last: Path) -> None:
        self.parameters: Mapping[str, Any] = {"model": "base"}
        self._base, self._longest, self._last = base, longest, last

    def __call__(self, rows: Path, folder: Path) -> MakeWriter:
        """Learn nothing."""
        self._last.write_bytes(rows.read_bytes())
        return lambda memory: BatchWriter(self._base, None, self._longest)


def run_loop(folder: Path, base: Path, seed: int, plan: Plan, loop: Loop) -> dict[str, Any]:
    """Run the loop with its stop rule, then on without it, as far as it has rounds.

    Returns
    -------
    dict
        ``ruled``, ``all``: what each came to (``Looped.to_dict``); ``steps``: of each round's SFT; ``reasons``: why
        first drafts were rejected; ``kept``: clips with a row, at first and in the end.
    """
    train = Sft(base, seed, plan, loop, first=folder / FIRST)
    with _synthesis(folder, base, seed, plan, loop) as synthesis:
        finished = synthesis.run().finished
        ruled = iterate(synthesis, finished, train, Looping(rounds=loop.rounds, seed=seed))
        again = synthesis.run().finished
        free = iterate(synthesis, again, train, Looping(rounds=loop.rounds, seed=seed, least_gain=_ANY))
    return {
        "ruled": ruled.to_dict(),
        "all": free.to_dict(),
        "steps": [train.steps[f"adapter-{one.number}"] for one in free.rounds],
        "reasons": dict(finished.clip_reasons.most_common()),
        "kept": [finished.kept, free.finished.kept],
    }


def run_untaught(folder: Path, base: Path, seed: int, plan: Plan, loop: Loop) -> dict[str, Any]:
    """Run the same rounds with the base as the writer of all drafts; what they came to is in :data:`LAST`."""
    with _synthesis(folder, base, seed, plan, loop) as synthesis:
        finished = synthesis.run().finished
        looping = Looping(rounds=loop.rounds, seed=seed, least_gain=_ANY)
        looped = iterate(synthesis, finished, Untaught(base, plan.longest, folder / LAST), looping)
    return {"all": looped.to_dict(), "kept": [finished.kept, looped.finished.kept]}


def _synthesis(folder: Path, base: Path, seed: int, plan: Plan, loop: Loop) -> Any:
    """Open the synthesis of the labelled clips of a seed."""
    folder.mkdir(parents=True, exist_ok=True)
    clips = folder / "clips.jsonl"
    drawn = list(draw_rows("train", loop.clips, 4_000 + seed, NOISY))
    write_rows((replace(row, target=None, split=None) for row in drawn), clips)
    wrote = {row.id: row.target or "" for row in drawn}

    def writer(memory: Any) -> Any:
        return BatchWriter(base, None, plan.longest) if loop.first == "base" else NoisyTeacher(wrote)

    return opened(Given(sources=[clips], writer=writer), folder, settings_of(seed))
