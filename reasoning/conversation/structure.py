"""The answer's JSON Schema in the form that engines can enforce while a model writes.

It says less than ``records/schemas/answer.json`` allows, in the few keywords that vLLM's grammars (outlines, xgrammar)
and OpenAI's strict mode all take: every key is required, in the contract's order; strings are bounded by ``pattern``
(``maxLength`` is not in strict mode, and xgrammar takes no pattern beside it); no text runs on in white space. Whatever
it allows is valid by ``answer.json``. Cue ids are those that were shown: an id that does not exist cannot be written.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ...prompts.untrusted import shown_id
from ...records.labels import EMOTIONS

#: Up to so many cue ids are listed one by one.
MOST_LISTED_IDS: Final = 200

_LONGEST_ID: Final = 200
_MOST_LABELS: Final = 8
_MOST_CUES: Final = 8
_MOST_COMPOUNDS: Final = 5
_MOST_UNITS: Final = 20
_MOST_ALTERNATIVES: Final = 3
_COARSE_ITEMS: Final = 4

# No repetition over 128: xgrammar 0.2.8 breaks on more (mlc-ai/xgrammar#863).
# One character that is no white space, control, quotation mark or backslash: written in JSON as it stands.
_VISIBLE: Final = r'[^\x00-\x20"\\\x7f-\xa0\u2028\u2029\u3000]'
_WORDS: Final = f"^({_VISIBLE} ?){{1,30}}$"
_SENTENCES: Final = f"^({_VISIBLE} ?){{1,100}}({_VISIBLE} ?){{0,100}}$"
_ID: Final = r'^[^\x00-\x20"\\\[\],;\x7f-\xa0\u2028\u2029\u3000]{1,128}$'


def answer_schema(shown: Sequence[str], *, compounds: bool = False) -> dict[str, Any]:
    """Return the schema of the answer about one clip.

    Parameters
    ----------
    shown : sequence of str
        Ids of the cues in the prompt.
    compounds : bool
        Compound emotions were asked for.

    Examples
    --------
    >>> schema = answer_schema(["face1.AU12.1"])
    >>> schema["required"][:3], schema["properties"]["labels"]["items"]["properties"]["cues"]["items"]
    (['labels', 'emotions', 'valence'], {'type': 'string', 'enum': ['face1.AU12.1']})
    """
    words = {"type": "string", "pattern": _WORDS}
    reason = {"type": "string", "pattern": _SENTENCES}
    share = {"type": "number", "minimum": 0, "maximum": 1}
    dimension = {"type": "number", "minimum": -1, "maximum": 1}
    fields: dict[str, Any] = {
        "labels": _list({"label": words, "cues": _cues(shown)}, _MOST_LABELS),
        "emotions": _list(
            {"label": {"type": "string", "enum": list(EMOTIONS)}, "probability": share}, len(EMOTIONS), len(EMOTIONS)
        ),
        "compounds": _list({"label": words, "probability": share}, _MOST_COMPOUNDS),
        "valence": dimension,
        "arousal": dimension,
        "action_units": {
            "type": "array",
            "items": {"type": "string", "pattern": "^AU[0-9]{1,2}$"},
            "maxItems": _MOST_UNITS,
        },
        "alternatives": _list({"label": words, "reason": reason}, _MOST_ALTERNATIVES),
        "abstained": {"type": "boolean"},
        "abstain_reason": {"anyOf": [{"type": "null"}, reason]},
    }
    if not compounds:
        del fields["compounds"]
    return _object(fields)


def coarse(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a coarser schema for grammars that unroll every repetition and know no ranges of numbers (outlines).

    Numbers come in steps of a hundredth: outlines passes ``minimum`` and ``maximum`` over, and digits would never end.
    Lists and texts are shorter, so that the automaton stays small; it still takes a vocabulary of a few thousand
    tokens at most (10,000 states). What it allows, the schema allows.

    Examples
    --------
    >>> coarse({"type": "number", "minimum": 0, "maximum": 1})["enum"][:3]
    [0.0, 0.01, 0.02]
    """
    coarser: dict[str, Any] = _coarse(schema)
    return coarser


def _coarse(value: Any) -> Any:
    if isinstance(value, list):
        return [_coarse(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if value.get("type") == "number" and "minimum" in value and "maximum" in value:
        steps = range(round(value["minimum"] * 100), round(value["maximum"] * 100) + 1)
        return {"type": "number", "enum": [step / 100 for step in steps]}
    coarser = {key: _coarse(item) for key, item in value.items()}
    if "maxItems" in coarser:
        coarser["maxItems"] = max(min(coarser["maxItems"], _COARSE_ITEMS), coarser.get("minItems", 0))
    if coarser.get("pattern") == _SENTENCES:
        coarser["pattern"] = _WORDS
    return coarser


def _object(fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _list(fields: dict[str, Any], most: int, least: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "array", "items": _object(fields), "maxItems": most}
    return {**found, "minItems": least} if least else found


def _cues(shown: Sequence[str]) -> dict[str, Any]:
    ids = list(dict.fromkeys(name for name in map(shown_id, shown) if 0 < len(name) <= _LONGEST_ID))
    if 0 < len(ids) <= MOST_LISTED_IDS:
        return {"type": "array", "items": {"type": "string", "enum": ids}, "maxItems": _MOST_CUES}
    return {"type": "array", "items": {"type": "string", "pattern": _ID}, "maxItems": _MOST_CUES if ids else 0}
