"""What a synthesis is told: how drafts are written and checked, and what becomes of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from .. import __version__
from ..cues.wording import LANGUAGES
from ..errors import ConfigError
from ..prompts.version import PROMPT_VERSION
from .checks.limits import Limits
from .draft import MODES, STYLES, Manner, Mode, Style
from .labelled import LabelledClip
from .manners import manners_of
from .select import Selection
from .split import Splitting
from .variants import Variants
from .writing.exports import FORMS

_HOTTEST: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the input is read (``data_synth/read.py``).

    Attributes
    ----------
    layout : str or None
        Of all files; None: each line tells.
    source : str or None
        Name of the data set, for lines that say none.
    language : str
        Of texts that a file has in several languages.
    """

    layout: str | None = None
    source: str | None = None
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafting:
    """How drafts are written.

    Attributes
    ----------
    mode : Mode
    styles, languages : tuple of str
        Each clip is written about in each style and language.
    drafts : int
        Of each of them; the best one is taken.
    temperatures : tuple of float
        The ladder: of the first draft, the second …; with more drafts it begins again.
    retries : int
        How often a draft is sent back with what was wrong.
    seed : int
        Of everything that is drawn.
    """

    mode: Mode = "template"
    styles: tuple[Style, ...] = ("long",)
    languages: tuple[str, ...] = ("en",)
    drafts: int = 1
    temperatures: tuple[float, ...] = (0.0, 0.7, 1.0)
    retries: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be written.

        Raises
        ------
        ConfigError
            Names what was given and what is expected.
        """
        _refuse_unknown("mode", (self.mode,), MODES)
        _refuse_unknown("style", self.styles, STYLES)
        _refuse_unknown("language", self.languages, tuple(LANGUAGES))
        if self.drafts < 1 or self.retries < 0:
            raise ConfigError(f"{self.drafts} drafts, {self.retries} retries; expected at least 1 draft, 0 retries")
        if not self.temperatures or not all(0 <= one <= _HOTTEST for one in self.temperatures):
            raise ConfigError(f"temperatures {self.temperatures}; expected one or more from 0 to {_HOTTEST:g}")

    def manners(self, clip: LabelledClip) -> tuple[Manner, ...]:
        """Manners of all drafts of a clip."""
        return tuple(
            manners_of(
                clip.id,
                mode=self.mode,
                styles=self.styles,
                languages=self.languages,
                drafts=self.drafts,
                temperatures=self.temperatures,
                seed=self.seed,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthSettings:
    """Everything that decides what a synthesis comes to, its input and its writer aside.

    Attributes
    ----------
    reading, drafting, limits, selection, splitting, variants
        Of each stage.
    perception : int
        Questions about single cues, with answers from them: rows of each clip that has one, and language.
    exports : tuple of str
        Of ``writing/exports.py``; empty for none.
    title : str or None
        Of the data set, on its card.
    embedder, judge : str or None
        What compares texts by meaning, and what judges drafts, by name: for the record.
    """

    reading: Reading = field(default_factory=Reading)
    drafting: Drafting = field(default_factory=Drafting)
    limits: Limits = field(default_factory=Limits)
    selection: Selection = field(default_factory=Selection)
    splitting: Splitting = field(default_factory=Splitting)
    variants: Variants = field(default_factory=Variants)
    perception: int = 0
    exports: tuple[str, ...] = FORMS
    title: str | None = None
    embedder: str | None = None
    judge: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON value of all of it."""
        whole: dict[str, Any] = _plain(asdict(self))
        del whole["splitting"]["placed"]  # a state of the folder, and as long as the input
        return whole

    def parameters(self, drafting: Drafting, writer: Mapping[str, Any]) -> dict[str, Any]:
        """Name -> JSON value of what decides checked drafts: a round of drafting goes on with the same alone.

        What is done with them afterwards may change from run to run.
        """
        return {
            "emoreason": ".".join(__version__.split(".")[:2]),
            "prompt_version": PROMPT_VERSION,
            **{f"drafting.{name}": _plain(value) for name, value in asdict(drafting).items()},
            **{f"limits.{name}": _plain(value) for name, value in asdict(self.limits).items()},
            # As the journal gives it back: a tuple and the list it is read as are the same.
            **{name: _plain(value) for name, value in writer.items()},
        }


def _refuse_unknown(name: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    if not given or (wrong := [one for one in given if one not in known]):
        told = ", ".join(wrong) if given else "none"
        raise ConfigError(f"{name}: {told}; expected {', '.join(known)}")


def _plain(value: Any) -> Any:
    """Value as JSON gives it back."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
