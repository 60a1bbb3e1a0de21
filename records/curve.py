"""Curve: a measure over time (an AU's intensity per frame, F0 per 10 ms), from which events were read."""

from dataclasses import dataclass

from .labels import Modality


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One measure over time.

    ``times_s`` and ``values`` have equal length; a value is None where the measure was not available (face out of
    frame, unvoiced speech). ``code``, ``modality``, ``subject`` and ``unit`` mean what they mean in a Cue.
    """

    modality: Modality
    code: str
    times_s: tuple[float, ...]
    values: tuple[float | None, ...]
    unit: str | None = None
    subject: str | None = None
