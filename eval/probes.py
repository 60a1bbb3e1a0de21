"""Probes: what an engine's answers depend on, measured by changing what it is given. A registry, and how they run.

Every probe gives effects with intervals, and one plain sentence of what they mean. What cannot be measured (no engine
with a model, no gold, no column) says so instead.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..errors import ConfigError, EmoreasonError
from ..plugin import load_plugin
from .manifest import manifest_of
from .probing.counterfactual_lines import requests_for
from .probing.result import ProbeReport, ProbeResult
from .probing.trial import ProbeSettings, Trial
from .probing.vignette_table import read_vignettes

__all__ = ["PROBES", "Probe", "ProbeReport", "ProbeResult", "ProbeSettings", "Trial", "probe_named", "run_probes"]

ProbeFunction = Callable[[Trial], ProbeResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What is known of a probe before it is run.

    Attributes
    ----------
    target : str
        Where it is.
    about : str
        What it asks.
    needs : str
        ``engine``, ``model`` (an engine with a language model), ``gold`` (an engine and a gold), ``pairs`` (an engine
        and a file of counterfactual pairs) or ``nothing``.
    requests : callable
        Most requests for so many clips, beside one for each clip as it is.
    cues : bool
        Whether it works on the clips that are given; without, it brings its own or reads them from a file of its own.
    """

    target: str
    about: str
    needs: str = "engine"
    requests: Callable[[int, ProbeSettings], int] = lambda clips, settings: 0
    cues: bool = True


#: Name -> probe. Any ``package.module:function`` or ``file.py:function`` that takes a Trial works as well.
PROBES: Final[dict[str, Probe]] = {
    "cited": Probe(
        target="emoreason.eval.faithfulness:cited",
        about="does what the reasons cite decide more than what they do not?",
        requests=lambda clips, settings: clips * (2 * settings.most_cues + 3),
    ),
    "mask": Probe(
        target="emoreason.eval.probing.channels:mask",
        about="what does a missing channel change, and is it still spoken of?",
        requests=lambda clips, settings: 4 * clips,
    ),
    "swap": Probe(
        target="emoreason.eval.probing.channels:swap",
        about="which channel of another clip does the answer follow?",
        requests=lambda clips, settings: 4 * clips,
    ),
    "order": Probe(
        target="emoreason.eval.probing.wordings:order",
        about="does the order of the cues matter? (it must not)",
        requests=lambda clips, settings: 2 * clips,
    ),
    "paraphrase": Probe(
        target="emoreason.eval.probing.wordings:paraphrase",
        about="do other words for the same cues matter? (they must not)",
        requests=lambda clips, settings: 2 * clips,
    ),
    "filler": Probe(
        target="emoreason.eval.probing.thinking:filler",
        about="does the answer need the thinking that is shown?",
        needs="model",
        requests=lambda clips, settings: 3 * clips,
    ),
    "proxy": Probe(
        target="emoreason.eval.probing.proxy:proxy",
        about="does a smile or visible teeth win, whatever else is there?",
        requests=lambda clips, settings: 14 * clips,
    ),
    "vignettes": Probe(
        target="emoreason.eval.probing.vignettes:vignette_probe",
        about="are situations understood that name no emotion?",
        requests=lambda clips, settings: 2 * len(read_vignettes(settings.vignettes)),
        cues=False,
    ),
    "counterfactuals": Probe(
        target="emoreason.eval.probing.counterfactuals:counterfactuals",
        about="does the answer move as one changed cue should move it?",
        needs="pairs",
        requests=lambda clips, settings: requests_for(settings.counterfactuals),
        cues=False,
    ),
    "ambiguity": Probe(
        target="emoreason.eval.probing.crowd:ambiguity",
        about="does it hedge where people disagree?",
        needs="gold",
    ),
    "abstention": Probe(
        target="emoreason.eval.probing.crowd:abstention",
        about="is it silent where it would be wrong?",
        needs="gold",
    ),
    "subgroups": Probe(
        target="emoreason.eval.probing.subgroups:subgroups",
        about="is it right as often for every group?",
        needs="gold",
    ),
    "leakage": Probe(
        target="emoreason.eval.probing.leakage:leakage",
        about="does what a model is given contain the answer?",
        needs="nothing",
    ),
    "think-direct": Probe(
        target="emoreason.eval.probing.thinking:think_direct",
        about="does thinking change the answer, and for the better?",
        requests=lambda clips, settings: clips,
    ),
}


def probe_named(name: str) -> ProbeFunction:
    """Probe of a registered name or a plug-in spelling.

    Raises
    ------
    ConfigError
        There is none, or it cannot be loaded.
    """
    found: ProbeFunction = load_plugin(name, {key: probe.target for key, probe in PROBES.items()}, "probe")
    if not callable(found):
        raise ConfigError(f"probe {name!r} is no function")
    return found


def most_requests(names: Iterable[str], clips: int, settings: ProbeSettings) -> int:
    """Most requests that some probes make of an engine; what several ask for is asked for once."""
    chosen = [PROBES[name] for name in names if name in PROBES]
    base = clips if any(probe.needs != "nothing" and probe.cues for probe in chosen) else 0
    return base + sum(probe.requests(clips, settings) for probe in chosen)


def run_probes(
    trial: Trial,
    names: Sequence[str] = tuple(PROBES),
    *,
    manifest: dict[str, Any] | None = None,
    before: Callable[[str], None] = lambda name: None,
) -> ProbeReport:
    """Run probes one after the other; what several ask of the engine is asked once.

    Parameters
    ----------
    trial : Trial
        Clips, gold, engine and settings.
    names : sequence of str
        Which; all by default.
    manifest : dict, optional
        What decided the numbers (:func:`~emoreason.eval.manifest.manifest_of`); made here, without files, if not given.
    before : callable
        Told each name before it is run.

    Raises
    ------
    ConfigError
        There is no such probe, or one asks an engine and there is none.
    """
    functions = {name: probe_named(name) for name in names}
    results = []
    for name, function in functions.items():
        before(name)
        results.append(_ran(name, function, trial))
    engine = trial.engine
    return ProbeReport(
        engine="none" if engine is None else engine.name,
        model="" if engine is None else engine.model,
        results=tuple(results),
        manifest=manifest_of(
            (),
            seed=trial.settings.seed,
            resamples=trial.settings.resamples,
            level=trial.settings.level,
            settings=trial.settings.to_dict(),
        )
        if manifest is None
        else manifest,
    )


def _ran(name: str, function: ProbeFunction, trial: Trial) -> ProbeResult:
    about = PROBES[name].about if name in PROBES else name
    if name in PROBES and PROBES[name].cues and not trial.cuesets:
        return ProbeResult(probe=name, about=about, sentence="Not measured: no clips were given (--input).")
    try:
        return function(trial)
    except ConfigError:
        raise
    except EmoreasonError as error:  # the engine is gone: the others may still have their answers in memory
        return ProbeResult(probe=name, about=about, sentence=f"Not measured: {error}")
