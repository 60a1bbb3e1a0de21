"""Label of a segment: what a cue says besides its time, in words a coder reads and this module reads back.

``moderately, 1.93/5`` (level, value), ``high, 230.9 Hz``, ``→ falling``, ``0.35 s``; speech is its words as they are.
A cue with nothing more to say is labelled with its code. What these few forms cannot hold exactly (a level with a
comma in it, a text with a NUL) is written as one JSON object, so that reading a label back never changes a cue.

Coders' labels on action-unit tiers are understood too: FACS intensity ``A`` to ``E``, ``0`` to ``5``, ``absent``,
``?``.
"""

import json
import math
import re
from typing import Any, Final

from ...records import Cue
from ...records.labels import parse_action_unit

#: The fields of a cue that its label holds.
FIELDS: Final = ("value", "unit", "level", "direction", "side", "text")

_NUMBER: Final = re.compile(r"([-+]?\d[\d.]{0,40}(?:e[-+]?\d{1,3})?)(/5| \S.{0,49})?")
_LEVEL: Final = re.compile(r"[a-z][a-z_]{0,60}")
_SIDE: Final = re.compile(r"side (left|right|top|bottom)")
_NOT_THERE: Final = frozenset({"0", "absent", "none", "no", "not present", "-"})
_NOT_SEEN: Final = frozenset({"?", "unknown", "not visible", "unscorable"})


def label_of(cue: Cue) -> str:
    """Label of a cue.

    Examples
    --------
    >>> label_of(Cue(id="a", modality="face", code="AU12", level="moderately", value=1.93, unit="0-5"))
    'moderately, 1.93/5'
    >>> label_of(Cue(id="b", modality="voice", code="f0_contour", direction="falling"))
    '→ falling'
    >>> label_of(Cue(id="c", modality="speech", code="utterance", text="Oh! You came."))
    'Oh! You came.'
    """
    said = _said(cue)
    plain = _plain(cue) if said else cue.code
    if plain.strip() and "\0" not in plain and parse_label(plain, cue.modality, cue.code) == said:
        return plain
    return json.dumps(said or {"text": None})


def _said(cue: Cue) -> dict[str, Any]:
    values = {name: getattr(cue, name) for name in FIELDS}
    if _is_action_unit(cue.modality, cue.code):
        del values["side"]  # its tier says it
    return {name: value for name, value in values.items() if value is not None}


def _plain(cue: Cue) -> str:
    if cue.text is not None:
        return cue.text
    number = None
    if cue.value is not None:
        digits = repr(float(cue.value)).removesuffix(".0")
        number = digits + ("/5" if cue.unit == "0-5" else f" {cue.unit}" if cue.unit else "")
    parts = (
        cue.level,
        number,
        f"→ {cue.direction}" if cue.direction is not None else None,
        f"side {cue.side}" if cue.side is not None and not _is_action_unit(cue.modality, cue.code) else None,
    )
    return ", ".join(part for part in parts if part is not None)


def parse_label(label: str, modality: str, code: str) -> dict[str, Any]:
    """Fields of a cue that a label on its tier says (those of :data:`FIELDS`, and ``state`` where a coder denied it).

    Examples
    --------
    >>> parse_label("strongly, 3/5", "face", "AU12")
    {'level': 'strongly', 'value': 3.0, 'unit': '0-5'}
    >>> parse_label("C", "face", "AU12")
    {'value': 3.0, 'unit': '0-5'}
    >>> parse_label("glad to see you", "speech", "utterance")
    {'text': 'glad to see you'}
    """
    if label.startswith("{"):
        fields = _parse_json(label)
        if fields is not None:
            return fields
    if label.strip() in ("", code):
        return {}
    if modality == "speech":
        return {"text": label}
    if _is_action_unit(modality, code):
        coded = _parse_coded(label.strip())
        if coded is not None:
            return coded
    return _parse_plain(label) or {"text": label}


def _parse_json(label: str) -> dict[str, Any] | None:
    try:
        value = json.loads(label)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not set(value) <= set(FIELDS):
        return None
    return {name: item for name, item in value.items() if item is not None}


def _parse_coded(label: str) -> dict[str, Any] | None:
    """Read what FACS coders write."""
    if label.lower() in _NOT_THERE:
        return {"state": "absent"}
    if label.lower() in _NOT_SEEN:
        return {"state": "unknown"}
    if re.fullmatch("[A-Ea-e]", label):
        return {"value": "ABCDE".index(label.upper()) + 1.0, "unit": "0-5"}
    if re.fullmatch(r"[1-5](\.\d+)?", label) and float(label) <= 5:
        return {"value": float(label), "unit": "0-5"}
    return {} if label.lower() in ("x", "+", "yes", "present") else None


def _parse_plain(label: str) -> dict[str, Any] | None:
    fields: dict[str, Any] = {}
    for part in label.split(", "):
        found = _parse_part(part)
        if found is None or set(found) & set(fields):
            return None
        fields |= found
    return fields


def _parse_part(part: str) -> dict[str, Any] | None:
    if number := _NUMBER.fullmatch(part):
        try:
            value = float(number[1])
        except ValueError:
            return None
        unit = "0-5" if number[2] == "/5" else (number[2] or " ")[1:]
        return ({"value": value} | ({"unit": unit} if unit else {})) if math.isfinite(value) else None
    if part.startswith("→ "):
        return {"direction": part[2:]}
    if side := _SIDE.fullmatch(part):
        return {"side": side[1]}
    return {"level": part} if _LEVEL.fullmatch(part) else None


def _is_action_unit(modality: str, code: str) -> bool:
    return modality == "face" and parse_action_unit(code) is not None
