"""Controls as systems of a report: those all systems are held against, and those made of one system's own words."""

from collections.abc import Sequence

from ..outcome import System
from ..sample import Gold, Sample, join
from ..suite import SuiteSettings
from ..written import reasoning_of
from .making import about, controls, longer, shuffled

#: Made of a system's own predictions.
_OF_ONE = ("shuffled", "longer-wins")


def control_systems(
    golds: Sequence[Gold],
    systems: Sequence[System],
    settings: SuiteSettings,
    *,
    train: Sequence[Gold] | None = None,
) -> list[System]:
    """Return the controls that these golds and systems allow.

    Parameters
    ----------
    golds : sequence of Gold
        All clips.
    systems : sequence of System
        What is evaluated. With several, each has controls of its own words under its name.
    settings : SuiteSettings
        What the suites are told.
    train : sequence of Gold, optional
        Clips that controls may learn from; without it they learn from the gold itself, and say so.
    """
    samples = {system.name: join(golds, system.predictions) for system in systems}
    writes = next((name for name in samples if _writes(samples[name])), systems[0].name)
    trained = train is not None
    shared = {
        name: made
        for name, made in controls(golds, samples[writes], settings, train=train).items()
        if name not in _OF_ONE
    }
    found = [
        System(name=name, predictions=made, kind="control", about=about(name, trained=trained))
        for name, made in shared.items()
    ]
    for system in systems:
        own = {"shuffled": shuffled(samples[system.name], seed=settings.seed)}
        if _writes(samples[system.name]):
            own["longer-wins"] = longer(samples[system.name])
        for name, made in own.items():
            called = name if len(systems) == 1 else f"{name}: {system.name}"
            if made:
                found.append(System(name=called, predictions=made, kind="control", about=about(name), of=system.name))
    return found


def _writes(samples: Sequence[Sample]) -> bool:
    return any(sample.prediction is not None and reasoning_of(sample.prediction) for sample in samples)
