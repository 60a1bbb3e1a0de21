"""Options of ``emoreason synth`` as the settings they become: input, writing, engine, rows, the loop."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, cast

import click

from ..data_synth.draft import Mode, Style
from ..errors import ConfigError
from .completion import complete_names, engines
from .engine_flags import engine_flags
from .engine_options import EngineOptions
from .group import LazyGroup
from .grouped import GroupedCommand
from .options import Decorator, gathered_into
from .synth_flags import COMMON, INPUT, LOOP, MAKING, SELECTING, WRITING
from .synth_judging import JUDGING, Judging

if TYPE_CHECKING:
    from ..data_synth.checks.limits import Limits
    from ..data_synth.select import Selection
    from ..data_synth.settings import Drafting, Reading
    from ..data_synth.split import Splitting
    from ..data_synth.variants import Variants


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """The clips."""

    sources: tuple[str, ...]
    layout: str | None
    source: str | None
    text_language: str

    def settings(self) -> "Reading":
        """How they are read."""
        from ..data_synth.settings import Reading

        return Reading(layout=self.layout, source=self.source, language=self.text_language)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How drafts are written and checked."""

    mode: Mode | None
    styles: tuple[Style, ...]
    languages: tuple[str, ...]
    needs_evidence: bool
    drafts: int
    temperatures: tuple[float, ...]
    rewrites: int | None
    seed: int
    limits: tuple[tuple[str, float], ...]

    def settings(self, engine: str | None) -> "Drafting":
        """How drafts are written by that engine; None: by the template.

        Raises
        ------
        ConfigError
            The mode and the engine do not go together.
        """
        from ..data_synth.settings import Drafting

        mode: Mode = self.mode or ("template" if engine is None else "label-blind")
        if mode != "template" and engine is None:
            raise ConfigError(f"--mode {mode} needs an engine that writes; expected --engine NAME, or --mode template")
        if mode != "template" and self.needs_evidence:
            raise ConfigError(f"--needs-evidence is for mode template, and the mode is {mode}; leave it out")
        # The evidence engine writes the same again, whatever it is told and at whatever temperature.
        varies = mode == "template" or engine != "evidence"
        rewrites = self.rewrites if self.rewrites is not None else (1 if mode == "template" else 2)
        return Drafting(
            mode=mode,
            styles=tuple(dict.fromkeys(self.styles)) or ("long",),
            languages=tuple(dict.fromkeys(self.languages)) or ("en",),
            drafts=self.drafts if varies else 1,
            temperatures=self.temperatures,
            retries=rewrites if varies else 0,
            seed=self.seed,
        )

    def checks(self) -> "Limits":
        """Thresholds of the checks.

        Raises
        ------
        ConfigError
            There is no such limit.
        """
        from ..data_synth.checks.limits import Limits

        known: Mapping[str, Any] = {one.name: one.type for one in fields(Limits) if one.name != "lengths"}
        for name, _ in self.limits:
            if name not in known:
                raise ConfigError(f"--limit {name}: there is no such limit; expected one of {', '.join(known)}")
        given: dict[str, Any] = {
            name: int(value) if known[name] in (int, "int") else value for name, value in self.limits
        }
        return Limits(**given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Teaching:
    """The engine that writes; None: the template."""

    engine: str | None
    options: Mapping[str, Any]

    def engine_options(self) -> EngineOptions | None:
        """Options of the engine, None where there is none.

        Raises
        ------
        ConfigError
            Options of an engine are given, and no engine.
        """
        if self.engine is None:
            stated = next((name for name, value in self.options.items() if value not in (None, ())), None)
            if stated is not None:
                raise ConfigError(f"--{stated.replace('_', '-')} is for an engine; expected --engine NAME as well")
            return None
        return EngineOptions(engine=self.engine, **self.options)


#: Cosine from which on two texts are one, unless said otherwise.
_COSINE: Final = 0.98


@dataclass(frozen=True, slots=True, kw_only=True)
class Selecting:
    """Which drafts become rows, and in which split they are."""

    per_manner: int
    near_duplicate: float
    embedder: str | None
    cosine: float | None
    per_class: float
    per_combination: float
    split: tuple[float, float, float]
    split_by: Literal["speaker", "source"]

    def selection(self) -> "Selection":
        """How rows are chosen; 0 takes a limit away.

        Raises
        ------
        ConfigError
            A cosine is given and no embedder, or near-duplicates stay.
        """
        if self.cosine is not None and self.embedder is None:
            raise ConfigError("--cosine compares texts by meaning; expected --embedder NAME as well")
        if self.embedder is not None and not self.near_duplicate:
            raise ConfigError("--near-duplicate 0 keeps all texts, and --embedder compares them; leave one out")
        cosine = None if self.embedder is None else _COSINE if self.cosine is None else self.cosine
        from ..data_synth.balance import Balance
        from ..data_synth.select import Selection

        balance = Balance(per_class=self.per_class or None, per_combination=self.per_combination or None)
        return Selection(
            per_manner=self.per_manner, near_duplicate=self.near_duplicate or None, cosine=cosine, balance=balance
        )

    def splitting(self, seed: int) -> "Splitting":
        """How clips are split."""
        from ..data_synth.split import Splitting

        train, dev, test = self.split
        return Splitting(train=train, dev=dev, test=test, by=self.split_by, seed=seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What is made of the rows."""

    perception: int
    held_back_rows: float
    masked_rows: float
    pairs: float
    exports: tuple[str, ...]
    title: str | None

    def variants(self, seed: int) -> "Variants":
        """Return what is made of rows beside themselves."""
        from ..data_synth.variants import Variants

        return Variants(held_back_rows=self.held_back_rows, masked_rows=self.masked_rows, pairs=self.pairs, seed=seed)

    def forms(self) -> tuple[str, ...]:
        """Name the exports that are written: all, unless some are named.

        Raises
        ------
        ConfigError
            ``none`` is named beside others.
        """
        from ..data_synth.writing.exports import FORMS

        if "none" in self.exports:
            if set(self.exports) != {"none"}:
                raise ConfigError(f"--export none goes with no other; given were {', '.join(self.exports)}")
            return ()
        return tuple(dict.fromkeys(self.exports)) or FORMS


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """Self-improvement: how often, and how it trains."""

    iterate: int
    train: str | None
    train_set: tuple[str, ...]


#: Options of engines that synthesis decides itself, draft by draft, or that mean nothing where cues alone are shown.
_NOT_OURS: Final = frozenset(
    ("engine", "temperature", "seed", "samples", "frames", "max_pixels", "frame_tokens", "sound")
)


def _engine_flags() -> dict[str, Decorator]:
    """Name -> flag of the engines that is one here as well."""
    found: dict[str, Decorator] = {}
    for flag in engine_flags():

        def nobody() -> None:
            """Take the flag, to see its name."""

        name = str(cast("Any", flag(nobody)).__click_params__[0].name)
        if name not in _NOT_OURS:
            found[name] = flag
    return found


_ENGINE: Final = _engine_flags()
_ENGINE_OPTION: Final = click.option(
    "--engine",
    metavar="NAME",
    shell_complete=complete_names(engines, or_files=True),
    help="What writes: evidence (no model), openai (a server), vllm or transformers (a model in this process), "
    "package.module:Class or file.py:Class. [default: none; a template writes]",
)


def _teaching(function: Callable[..., Any]) -> Callable[..., Any]:
    """Hand the engine and its options over as one ``teaching``."""

    @functools.wraps(function)
    def gather(*args: Any, **kwargs: Any) -> Any:
        options = {name: kwargs.pop(name) for name in _ENGINE}
        return function(*args, teaching=Teaching(engine=kwargs.pop("engine"), options=options), **kwargs)

    wrapper: Callable[..., Any] = gather
    flags: list[Decorator] = [_ENGINE_OPTION, *_ENGINE.values()]
    for option in reversed(flags):
        wrapper = option(wrapper)
    return wrapper


def synth_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add all options to the verb."""
    groups: Sequence[Decorator] = (
        *COMMON,
        gathered_into(Input, "given", INPUT),
        gathered_into(Writing, "writing", WRITING),
        _teaching,
        gathered_into(Judging, "judging", JUDGING),
        gathered_into(Selecting, "selecting", SELECTING),
        gathered_into(Making, "making", MAKING),
        gathered_into(Loop, "loop", LOOP),
    )
    for group in reversed(groups):
        function = group(function)
    return function


_TITLES: Final = {
    **{one.name: "The clips" for one in fields(Input)},
    **{one.name: "Writing and checking" for one in fields(Writing)},
    **dict.fromkeys(("engine", *_ENGINE), "The engine"),
    **{one.name: "A judge" for one in fields(Judging)},
    **{one.name: "Rows and splits" for one in fields(Selecting)},
    **{one.name: "What is made of the rows" for one in fields(Making)},
    **{one.name: "The loop" for one in fields(Loop)},
}


class GroupedSynth(LazyGroup, GroupedCommand):
    """The verb with its options in groups, and the verbs below it."""

    titles: ClassVar[dict[str, str]] = _TITLES
