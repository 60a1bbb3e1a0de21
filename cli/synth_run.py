"""A run of ``emoreason synth``: from its options to the rows, and what it says at its end."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import ConfigError
from .rewards import own_stdout
from .synth_judging import Judging, find_embedder
from .synth_options import Input, Loop, Making, Selecting, Teaching, Writing
from .synth_progress import following
from .synth_summary import tell_end
from .terminal import notice

if TYPE_CHECKING:
    from ..data_synth.draft import Writer
    from ..data_synth.loop import Looped, Train
    from ..data_synth.pipeline import Given, Summary, Synthesis
    from ..data_synth.settings import SynthSettings
    from ..reasoning.conversation.memory import Memory

#: Bad lines of the input that are said; all are counted.
_MOST_PROBLEMS: Final = 10
_MOST_REASONS: Final = 12


@dataclass(frozen=True, slots=True)
class Run:
    """All options of the verb."""

    given: Input
    writing: Writing
    teaching: Teaching
    judging: Judging
    selecting: Selecting
    making: Making
    loop: Loop
    fresh: bool
    retry_failed: bool

    def settings(self) -> "SynthSettings":
        """Return what decides what the synthesis comes to.

        Raises
        ------
        ConfigError
            Options do not go together.
        """
        from ..data_synth.settings import SynthSettings

        return SynthSettings(
            reading=self.given.settings(),
            drafting=self.writing.settings(self.teaching.engine),
            limits=self.writing.checks(),
            selection=self.selecting.selection(),
            splitting=self.selecting.splitting(self.writing.seed),
            variants=self.making.variants(self.writing.seed),
            perception=self.making.perception,
            exports=self.making.forms(),
            title=self.making.title,
            embedder=self.selecting.embedder,
            judge=self.judging.judge_model,
        )

    def material(self, settings: "SynthSettings") -> "Given":
        """Return what is made into rows, by whom, and who measures it."""
        from ..data_synth.pipeline import Given

        measures: Mapping[str, Any] = {
            "judge": self.judging.judge(),
            "embedder": find_embedder(self.selecting.embedder),
        }
        options = self.teaching.engine_options()
        if settings.drafting.mode == "template":
            if options is not None:
                notice(f"mode template asks no engine: {options.engine} is not used")
            needs = self.writing.needs_evidence
            parameters = {"template.needs_evidence": needs}
            return Given(
                sources=self.given.sources, writer=lambda _: _template(needs), parameters=parameters, **measures
            )
        assert options is not None  # noqa: S101 - Writing.settings refuses it
        options.check()

        def writer(memory: "Memory") -> "Writer":
            from ..data_synth.teacher import teacher

            engine = options.load()
            if options.concurrency is None:
                return teacher(engine, memory=memory)
            return teacher(engine, memory=memory, concurrency=options.concurrency)

        return Given(sources=self.given.sources, writer=writer, parameters=options.parameters(), **measures)


def _template(needs_evidence: bool) -> "Writer":
    from ..data_synth.template import TemplateWriter

    return TemplateWriter(needs_bearing=needs_evidence)


def run(wanted: Run, out: Path, *, as_json: bool | None) -> None:
    """Make the rows."""
    from ..data_synth.pipeline import opened

    settings = wanted.settings()
    given = wanted.material(settings)
    train = _trainer(wanted.loop, as_json=as_json)
    # What an engine prints must not end up between the results.
    with own_stdout(), following(as_json) as teller, complaining(teller.notice) as problem:
        try:
            with opened(given, out, settings, fresh=wanted.fresh, on_event=teller, on_problem=problem) as synthesis:
                summary = synthesis.run(retry_failed=wanted.retry_failed)
                if train is None:
                    summary = replace(summary, made=synthesis.tell(summary.finished))
                    looped = None
                else:
                    summary, looped = _iterated(synthesis, summary, train, wanted)
        except KeyboardInterrupt:
            teller.notice(f"{out} keeps what was written; the same command goes on")
            raise
    tell_end(summary, looped, mode=settings.drafting.mode, as_json=as_json)


def _trainer(loop: Loop, *, as_json: bool | None) -> "Train | None":
    """Return what trains in the loop; None where there is none."""
    if not loop.iterate:
        if loop.train is not None or loop.train_set:
            raise ConfigError("--train and --train-set are for the loop; expected --iterate N as well")
        return None
    if loop.train is None:
        raise ConfigError("--iterate trains on the rows; expected --train SETTINGS as well (emoreason train configs)")
    from .synth_training import Trainer

    return Trainer(loop.train, loop.train_set, as_json=as_json)


def _iterated(synthesis: "Synthesis", summary: "Summary", train: "Train", wanted: Run) -> "tuple[Summary, Looped]":
    """Add rounds, then tell of what there is."""
    from ..data_synth.loop import Looping, iterate

    looping = Looping(rounds=wanted.loop.iterate, seed=wanted.writing.seed)
    looped = iterate(synthesis, summary.finished, train, looping)
    made = synthesis.tell(looped.finished, looped.used, looped.to_dict()["rounds"])
    return replace(summary, finished=looped.finished, made=made), looped


@contextmanager
def complaining(say: Callable[[str], None]) -> Iterator[Callable[[str], None]]:
    """Say the first bad lines of the input, and at the end how many more there were."""
    count = 0

    def problem(text: str) -> None:
        nonlocal count
        count += 1
        if count <= _MOST_PROBLEMS:
            say(text)

    try:
        yield problem
    finally:
        if count > _MOST_PROBLEMS:
            say(f"{count - _MOST_PROBLEMS} more lines of the input cannot be used")
