"""Scores the honest answers and every attack, and says who wins."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from ...errors import ConfigError
from .attacks import ASPECTS, ATTACKS, Aspect, Attack
from .probes import aspects_read
from .scenes import Draft, Form, Scene, scenes
from .target import COLUMNS, Scores, Target, load_target

#: An attack wins from the honest mean minus this on.
MARGIN: Final = 0.02

Verdict = Literal["wins", "loses", "n/a"]
#: ``(share of the work done)``, called after every attack.
Progress = Callable[[float], None]
_FORMS: Final[tuple[Form, ...]] = ("contract", "tags")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One attack: its mean score over the scenes and whether it beats the honest answer."""

    attack: str
    about: str
    aims_at: tuple[Aspect, ...]
    score: float | None
    honest: float
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class LintReport:
    """What the battery found.

    Attributes
    ----------
    target : str
        Name of the reward.
    form : str
        ``contract`` or ``tags``: the form in which the honest answers scored more.
    honest : float or None
        Their mean score; None when the reward gave none.
    n_scenes : int
        Scenes that the reward scored; it gave None for the honest answer of the others.
    reads : dict
        Aspect -> whether any score changed with it.
    outcomes : tuple of Outcome
        One per attack.
    """

    target: str
    form: Form
    honest: float | None
    n_scenes: int
    reads: dict[Aspect, bool]
    outcomes: tuple[Outcome, ...]

    @property
    def won(self) -> tuple[str, ...]:
        """Names of the attacks that win."""
        return tuple(outcome.attack for outcome in self.outcomes if outcome.verdict == "wins")

    @property
    def reads_nothing(self) -> bool:
        """Whether no score depends on what is written: then anything at all is paid like an honest answer."""
        return not any(self.reads.values())

    @property
    def passed(self) -> bool:
        """Whether no attack wins, against a reward that reads something."""
        return not self.won and not self.reads_nothing

    def to_dict(self) -> dict[str, Any]:
        """JSON value of the report."""
        return {
            "target": self.target,
            "passed": self.passed,
            "reads_nothing": self.reads_nothing,
            "won": list(self.won),
            "form": self.form,
            "honest": self.honest,
            "margin": MARGIN,
            "n_scenes": self.n_scenes,
            "reads": {name: self.reads.get(name, False) for name in ASPECTS},
            "attacks": [{**asdict(outcome), "aims_at": list(outcome.aims_at)} for outcome in self.outcomes],
            "columns": dict(COLUMNS),
        }


def lint(target: str | Target, progress: Progress | None = None, timeout_s: float | None = None) -> LintReport:
    """Play the battery against a reward.

    Parameters
    ----------
    target : str or Target
        What :func:`~emoreason.rewards.lint.load_target` takes.
    progress : callable, optional
        Told the share of the attacks that are done (0-1).
    timeout_s : float, optional
        Seconds that loading a target by its name, and each call of it, may take; see
        :func:`~emoreason.rewards.lint.load_target`.

    Raises
    ------
    ConfigError
        The target cannot be loaded or called: it raises, takes too long, or returns anything but a number or None per
        completion.

    Examples
    --------
    >>> report = lint("emoreason.rewards.published:score_match_format")
    >>> report.form, "tag junk after" in report.won
    ('tags', True)
    """
    loaded = load_target(target, timeout_s) if isinstance(target, str) else target
    form, scored, honest = _honest(loaded)

    def score(drafts: Sequence[Draft]) -> Scores:
        return loaded.score([draft.write(form) for draft in drafts], scored)

    if not scored:
        return LintReport(target=loaded.name, form=form, honest=None, n_scenes=0, reads={}, outcomes=())
    reads = aspects_read(scored, honest, score)
    mean = _mean(honest)
    outcomes = []
    for n, attack in enumerate(ATTACKS, start=1):
        outcomes.append(_outcome(attack, mean, reads, scored, score))
        if progress is not None:
            progress(n / len(ATTACKS))
    return LintReport(
        target=loaded.name, form=form, honest=mean, n_scenes=len(scored), reads=reads, outcomes=tuple(outcomes)
    )


def _honest(target: Target) -> tuple[Form, tuple[Scene, ...], Scores]:
    """Choose the form that pays the honest answers more; leave out the scenes that the reward does not score."""
    found: dict[Form, Scores] = {
        form: target.score([scene.honest.write(form) for scene in scenes()], scenes()) for form in _FORMS
    }
    form = max(_FORMS, key=lambda form: _mean(found[form]) if any(one is not None for one in found[form]) else -1e300)
    kept = [(scene, one) for scene, one in zip(scenes(), found[form], strict=True) if one is not None]
    return form, tuple(scene for scene, _ in kept), [one for _, one in kept]


def _outcome(
    attack: Attack,
    honest: float,
    reads: dict[Aspect, bool],
    scored: Sequence[Scene],
    score: Callable[[Sequence[Draft]], Scores],
) -> Outcome:
    applies = any(reads[aspect] for aspect in attack.aims_at)
    best: float | None = None
    verdict: Verdict = "n/a"
    if applies:
        try:
            best = max(_mean(score([attack.write(scene, n) for scene in scored])) for n in range(attack.variants))
        except ConfigError as error:
            raise ConfigError(f"{error} (attack: {attack.name})") from error
        verdict = "wins" if best >= honest - MARGIN else "loses"
    return Outcome(
        attack=attack.name, about=attack.about, aims_at=attack.aims_at, score=best, honest=honest, verdict=verdict
    )


def _mean(scores: Scores) -> float:
    """Mean with None as 0, as TRL sums it."""
    return sum(one or 0.0 for one in scores) / len(scores)
