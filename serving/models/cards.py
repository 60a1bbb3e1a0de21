"""What a model is for and what it is not, beside OpenAI's model object."""

from collections.abc import Mapping
from typing import Any, Final

from ...reasoning.purpose import ACCEPTED, REFUSED
from ...records.notice import NOTICE
from ..upstreams.evidence import MODEL

_INTENDED: Final = (
    "Say which emotion a clip expresses, and point at the moments in face, voice and words that speak for it, for "
    "people who can look at these moments themselves."
)
_LIMITS: Final = (
    "It says what is expressed, which is not what anyone feels; people act, hide and differ.",
    "Claims are checked against measured cues. A supported claim agrees with what was measured; the measurements err "
    "too, and a verdict of unverifiable means that nothing was measured that could tell.",
    "Accuracy for groups of people (age, sex, skin, culture, disability) is not measured here.",
    "It knows no identities: people are numbered within a clip.",
)
_OF_EVIDENCE: Final[tuple[str, ...]] = (
    "No model: it adds up fixed weights of cues, and writes the same for the same clip.",
    "It explains clips, and holds no conversation.",
)
_OF_MODELS: Final[tuple[str, ...]] = (
    "A language model: what it writes may be wrong or made up, which is what the verdicts are for.",
)


def with_card(model: Mapping[str, Any], purpose: str | None) -> dict[str, Any]:
    """Return a model object with its card.

    Parameters
    ----------
    model : mapping
        As the upstream lists it.
    purpose : str or None
        What this server was declared to be for.

    Examples
    --------
    >>> with_card({"id": "evidence", "object": "model"}, "research")["card"]["kind"]
    'engine'
    """
    if model["id"] == MODEL:
        kind, own = "engine", _OF_EVIDENCE
    else:
        kind, own = "adapter" if model.get("parent") else "model", _OF_MODELS
    card = {
        "kind": kind,
        "intended_use": _INTENDED,
        "purposes": dict(ACCEPTED),
        "refused_purposes": dict(REFUSED),
        "declared_purpose": purpose,
        "limits": [*own, *_LIMITS],
        "notice": NOTICE,
    }
    return {"id": model["id"], "object": "model", "created": 0, "owned_by": "unknown", **model, "card": card}
