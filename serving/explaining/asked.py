"""What a client asks of ``/v1/cues`` and ``/v1/explain``: a JSON object, or a form with a file."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from ...cues.wording import LANGUAGES
from ...errors import PurposeError, RecordError
from ...prompts.presets import PRESETS
from ...reasoning.purpose import declared_purpose
from ...records import CueSet
from ...records.convert import from_json
from ..media.parts import MediaPart, one_medium
from ..refusals import ApiError, refusal_of

LONGEST_TRANSCRIPT: Final = 200_000
LONGEST_NAME: Final = 200
#: Cues and gaps of one request; each costs time to check. A clip of ten minutes has about two thousand.
MOST_CUES: Final = 10_000
#: What ``/v1/cues`` takes beside the clip, and what ``/v1/explain`` takes.
ABOUT_CUES: Final = ("transcript", "purpose")
ABOUT_EXPLAINING: Final = (*ABOUT_CUES, "preset", "language", "compounds", "model")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a client asks.

    Attributes
    ----------
    media : MediaPart or None
        The clip, where it stands in a JSON object.
    cues : mapping or None
        Cues measured elsewhere, not checked yet (:func:`read_cues` takes its time).
    transcript : str or None
        What is said in the clip.
    preset, language : str
        Of the prompt.
    compounds : bool
        Ask for compound emotions too.
    purpose : str or None
        What it is for.
    model : str or None
        Who is to explain it; None: whoever answers here.
    """

    media: MediaPart | None = None
    cues: Mapping[str, Any] | None = None
    transcript: str | None = None
    preset: str = "explain"
    language: str = "en"
    compounds: bool = False
    purpose: str | None = None
    model: str | None = None


def read_object(body: Mapping[str, Any], options: tuple[str, ...]) -> Asked:
    """Read a JSON object with ``media`` and some of ``options``; where ``preset`` is one of these, ``cues`` also do.

    Raises
    ------
    ApiError
        400 for what cannot be read, with the name of the field; 403 for a purpose that is refused.

    Examples
    --------
    >>> read_object({"media": {"url": "data:video/mp4;base64,AA"}, "presett": "tree"}, ABOUT_EXPLAINING)
    Traceback (most recent call last):
    ...
    emoreason.serving.refusals.ApiError: there is no field 'presett'; did you mean 'preset'?
    """
    sources = ("media", "cues") if "preset" in options else ("media",)
    _check_names(body, (*sources, *options))
    given = [name for name in sources if body.get(name) is not None]
    if len(given) != 1:
        expected = " or ".join(sources)
        found = f"holds {' and '.join(given)}" if given else f"has no {expected}"
        message = f'the body {found}; expected one of it: {{"media": {{"url": "data:video/mp4;base64,…"}}}}'
        raise ApiError(400, message, param=sources[0], code="no_clip" if not given else "invalid_value")
    read = {name: _READERS[name](name, body[name]) for name in options if body.get(name) is not None}
    if given == ["media"]:
        return Asked(media=one_medium(body["media"]), **read)
    if not isinstance(body["cues"], Mapping):
        raise _refused("cues", "expected a CueSet, as /v1/cues answers it", body["cues"])
    return Asked(cues=body["cues"], **read)


def read_form(fields: Iterable[tuple[str, str]], options: tuple[str, ...]) -> Asked:
    """Read the fields of a form beside its file; an empty one counts as not given.

    Raises
    ------
    ApiError
        As :func:`read_object`.
    """
    given: dict[str, str] = {}
    for name, value in fields:
        if name in given:
            raise ApiError(400, f"the form has the field {name[:40]!r} twice", param=name[:40], code="invalid_value")
        given[name] = value
    _check_names(given, options)
    values: dict[str, Any] = {name: value for name, value in given.items() if value}
    for name, value in values.items():
        if "\0" in value:
            raise ApiError(400, f"{name} holds a NUL character", param=name, code="invalid_value")
    if values.get("compounds") in ("true", "false"):
        values["compounds"] = values["compounds"] == "true"
    return Asked(**{name: _READERS[name](name, value) for name, value in values.items()})


def read_cues(asked: Asked) -> CueSet:
    """Check the cues that were sent. Blocks: a large set takes seconds.

    Returns
    -------
    CueSet
        Without the path it names: that file is none of ours to open.

    Raises
    ------
    ApiError
        400: they are no cues, or too many.
    """
    cues = dict(asked.cues or {})
    if sum(len(part) for part in (cues.get("cues"), cues.get("gaps")) if isinstance(part, list)) > MOST_CUES:
        raise ApiError(400, f"cues holds more than {MOST_CUES} cues and gaps", param="cues", code="invalid_value")
    clip = cues.get("clip")
    if isinstance(clip, Mapping):
        said = {} if asked.transcript is None else {"transcript": asked.transcript}
        cues["clip"] = {**clip, "path": None, **said}
    elif isinstance(clip, str) and asked.transcript is not None:
        cues["clip"] = {"id": clip, "transcript": asked.transcript}
    try:
        return from_json(cues, CueSet)
    except RecordError as error:
        raise ApiError(400, f"cues: {error}", param="cues", code="invalid_value") from error


def _check_names(given: Iterable[str], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            shown = name[:40]
            near = get_close_matches(shown, known, 1)
            remedy = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            raise ApiError(400, f"there is no field {shown!r}; {remedy}", param=shown, code="unknown_parameter")


def _refused(name: str, expected: str, value: object) -> ApiError:
    shown = repr(value) if isinstance(value, str | int | float | bool) else type(value).__name__
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    return ApiError(400, f"{name} is {shown}; {expected}", param=name, code="invalid_value")


def _text(longest: int) -> Callable[[str, object], str]:
    def read(name: str, value: object) -> str:
        if not isinstance(value, str):
            raise _refused(name, "expected text", value)
        if len(value) > longest:
            message = f"{name} has {len(value)} characters; expected at most {longest}"
            raise ApiError(400, message, param=name, code="invalid_value")
        return value

    return read


def _one_of(choices: Iterable[str]) -> Callable[[str, object], str]:
    known = tuple(choices)

    def read(name: str, value: object) -> str:
        if not isinstance(value, str) or value not in known:
            raise _refused(name, f"expected one of {', '.join(known)}", value)
        return value

    return read


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _refused(name, "expected true or false", value)
    return value


def _purpose(name: str, value: object) -> str | None:
    try:
        return declared_purpose(_text(LONGEST_NAME)(name, value))
    except PurposeError as error:
        raise refusal_of(error) from error


_READERS: Final[dict[str, Callable[[str, object], Any]]] = {
    "transcript": _text(LONGEST_TRANSCRIPT),
    "purpose": _purpose,
    "preset": _one_of(PRESETS),
    "language": _one_of(LANGUAGES),
    "compounds": _flag,
    "model": _text(LONGEST_NAME),
}
