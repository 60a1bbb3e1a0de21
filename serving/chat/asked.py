"""The field ``emoreason`` in the body of a request: what the client asks of us, beside what it asks of the model."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from ...cues.wording import LANGUAGES
from ...errors import PurposeError, RecordError
from ...prompts.presets import PRESETS
from ...reasoning.purpose import declared_purpose
from ...records import CueSet
from ...records.convert import from_json
from ..refusals import ApiError, refusal_of

FIELD: Final = "emoreason"
#: What a client that asks for evidence is asked with, unless it says otherwise.
DEFAULT_PRESET: Final = "explain"
#: Pictures a model may be shown of one clip.
MOST_FRAMES: Final = 64
LONGEST_TRANSCRIPT: Final = 200_000
_MOST_FPS: Final = 1_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a client asks of us.

    Attributes
    ----------
    given : bool
        The body has the field at all.
    evidence : bool
        Check what the model writes and say what the cues bear out.
    preset : str or None
        The prompt of ours to ask with; None: cues are inserted and the client's own words asked alone.
    language : str
        Of the cues' wording and of the prompt.
    purpose : str or None
        Declared for this request.
    transcript : str or None
        What is said in the clip.
    cues : CueSet or None
        Cues measured elsewhere, instead of media.
    frames : int or None
        Most pictures shown of a clip; None: as many as is usual.
    fps : float or None
        Frames a second of a list of frames.
    """

    given: bool = False
    evidence: bool = False
    preset: str | None = None
    language: str = "en"
    purpose: str | None = None
    transcript: str | None = None
    cues: CueSet | None = None
    frames: int | None = None
    fps: float | None = None

    @property
    def needs_a_clip(self) -> str | None:
        """Name the first option that means nothing without a clip; None: there is none."""
        wanted = {"evidence": self.evidence, "preset": self.preset, "transcript": self.transcript}
        return next((name for name, value in wanted.items() if value), None)


def read_asked(body: Mapping[str, Any]) -> Asked:
    """Read the field.

    Parameters
    ----------
    body : mapping
        Of the request; it is left as it is.

    Raises
    ------
    ApiError
        400 for what cannot be read, with the name of the option; 403 for a purpose that is refused.

    Examples
    --------
    >>> read_asked({"messages": [], "emoreason": {"evidence": True}}).preset
    'explain'
    >>> read_asked({"emoreason": {"evidense": True}})
    Traceback (most recent call last):
    ...
    emoreason.serving.refusals.ApiError: emoreason.evidense is no option; did you mean emoreason.evidence?
    """
    value = body.get(FIELD)
    if value is None:
        return Asked()
    if not isinstance(value, Mapping):
        raise _refused("", f"expected an object with some of {', '.join(_READERS)}", value)
    read: dict[str, Any] = {
        name: _READERS[_known(name)](name, option) for name, option in value.items() if option is not None
    }
    if read.get("evidence") and "preset" not in value:
        read["preset"] = DEFAULT_PRESET
    return Asked(given=True, **read)


def _known(name: str) -> str:
    if name in _READERS:
        return name
    near = get_close_matches(name, list(_READERS), 1)
    remedy = f"did you mean {FIELD}.{near[0]}?" if near else f"there are {', '.join(_READERS)}"
    shown = name[:40]
    raise ApiError(400, f"{FIELD}.{shown} is no option; {remedy}", param=f"{FIELD}.{shown}", code="unknown_parameter")


def _refused(name: str, expected: str, value: object) -> ApiError:
    place = f"{FIELD}.{name}" if name else FIELD
    shown = repr(value)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    return ApiError(400, f"{place} is {shown}; {expected}", param=place, code="invalid_value")


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _refused(name, "expected true or false", value)
    return value


def _one_of(choices: tuple[str, ...], name: str, value: object) -> str:
    if value not in choices or not isinstance(value, str):
        near = get_close_matches(value, choices, 1) if isinstance(value, str) else []
        raise _refused(name, f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(choices)}", value)
    return value


def _preset(name: str, value: object) -> str:
    return _one_of(tuple(PRESETS), name, value)


def _language(name: str, value: object) -> str:
    return _one_of(tuple(LANGUAGES), name, value)


def _purpose(name: str, value: object) -> str | None:
    if not isinstance(value, str):
        raise _refused(name, "expected a word", value)
    try:
        return declared_purpose(value)
    except PurposeError as error:
        raise refusal_of(error) from error


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _refused(name, "expected text", value)
    if len(value) > LONGEST_TRANSCRIPT:
        message = f"{FIELD}.{name} has {len(value)} characters; expected at most {LONGEST_TRANSCRIPT}"
        raise ApiError(400, message, param=f"{FIELD}.{name}", code="invalid_value")
    return value


def _cueset(name: str, value: object) -> CueSet:
    try:
        return from_json(value, CueSet)
    except RecordError as error:
        raise ApiError(400, f"{FIELD}.{name}: {error}", param=f"{FIELD}.{name}", code="invalid_value") from error


def _count(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_FRAMES:
        raise _refused(name, f"expected a whole number from 0 to {MOST_FRAMES}", value)
    return value


def _rate(name: str, value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= _MOST_FPS:
        raise _refused(name, f"expected a number above 0, at most {_MOST_FPS:g}", value)
    return float(value)


_READERS: Final = {
    "evidence": _flag,
    "preset": _preset,
    "language": _language,
    "purpose": _purpose,
    "transcript": _text,
    "cues": _cueset,
    "frames": _count,
    "fps": _rate,
}

#: JSON Schema of the field, for ``/openapi.json``.
SCHEMA: Final[dict[str, Any]] = {
    "type": ["object", "null"],
    "description": "What is asked of the gateway; taken out of the body before it goes to the model.",
    "additionalProperties": False,
    "properties": {
        "evidence": {"type": ["boolean", "null"], "description": "Check the answer's claims against the clip's cues."},
        "preset": {"enum": [*PRESETS, None], "description": "Ask with this prompt; null: with your own words alone."},
        "language": {"enum": [*LANGUAGES, None]},
        "purpose": {"type": ["string", "null"], "maxLength": 40},
        "transcript": {"type": ["string", "null"], "maxLength": LONGEST_TRANSCRIPT},
        "cues": {"type": ["object", "null"], "description": "A CueSet instead of media."},
        "frames": {"type": ["integer", "null"], "minimum": 0, "maximum": MOST_FRAMES},
        "fps": {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": _MOST_FPS},
    },
}
