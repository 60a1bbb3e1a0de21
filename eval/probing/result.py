"""What probes give: effects with intervals, a plain sentence of what they mean, and what to look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final

from ...records.notice import NOTICE
from ..pictures import Bars, Picture
from ..stats import Interval
from ..writing.values import interval_value, json_value

FORMAT: Final = "emoreason-probe/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One number of a probe.

    Attributes
    ----------
    name : str
        What it is, as the report shows it.
    interval : Interval
        Value and interval.
    of : str
        The unit: ``share of the probability``, ``share of clips``, ``nats`` …
    higher_is_better : bool or None
        None: neither.
    """

    name: str
    interval: Interval
    of: str
    higher_is_better: bool | None = None

    @property
    def value(self) -> float:
        """Its value."""
        return self.interval.value

    @property
    def sure_above(self) -> bool:
        """Whether the whole interval lies above 0."""
        return self.interval.low > 0

    @property
    def sure_below(self) -> bool:
        """Whether the whole interval lies below 0."""
        return self.interval.high < 0

    @property
    def known(self) -> bool:
        """Whether it could be measured at all."""
        return isfinite(self.interval.value)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON value; what is not finite is None."""
        about = {"of": self.of, "higher_is_better": self.higher_is_better}
        return {"name": self.name, **interval_value(self.interval), **about}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What one probe found.

    Attributes
    ----------
    probe, about : str
        Its name, and what it does, in one line.
    sentence : str
        What it means, for a reader who sees nothing else.
    effects : tuple of Effect
        The first is the main one. Empty: not measured, and ``sentence`` says why.
    notes : tuple of str
        What the reader needs beside it.
    pictures : tuple
        What to look at.
    counts : mapping
        What the numbers rest on: ``clips``, ``failed`` (the engine gave no answer), ``asked`` (requests) …
    """

    probe: str
    about: str
    sentence: str
    effects: tuple[Effect, ...] = ()
    notes: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    def effect(self, name: str) -> Effect:
        """Return the effect of that name. Raises KeyError, naming those there are."""
        for effect in self.effects:
            if effect.name == name:
                return effect
        raise KeyError(f"{name!r}; there are {', '.join(effect.name for effect in self.effects)}")

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON value."""
        return {
            "probe": self.probe,
            "about": self.about,
            "sentence": self.sentence,
            "effects": [effect.to_dict() for effect in self.effects],
            "notes": list(self.notes),
            "pictures": [json_value(picture) for picture in self.pictures],
            "counts": dict(self.counts),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReport:
    """Results of several probes of one engine."""

    engine: str
    model: str
    results: tuple[ProbeResult, ...]
    manifest: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON value, as the HTML report takes it."""
        engine = f"{self.engine} ({self.model})" if self.model else self.engine
        return {
            "format": FORMAT,
            "title": f"Probes of {engine}",
            "notice": NOTICE,
            "engine": self.engine,
            "model": self.model,
            "manifest": json_value(self.manifest),
            "probes": [{**result.to_dict(), "engine": engine} for result in self.results],
        }


def bars_of(title: str, value_title: str, effects: Sequence[tuple[str, Interval]], *, zero: bool = False) -> Bars:
    """Draw intervals side by side; those that could not be measured are left out."""
    return Bars(
        title=title,
        value_title=value_title,
        bars=tuple(
            (name, one.value, one.low if isfinite(one.low) else None, one.high if isfinite(one.high) else None)
            for name, one in effects
            if isfinite(one.value)
        ),
        zero=zero,
    )
