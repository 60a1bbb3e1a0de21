"""Assertions written back in short, so that tables of sentences stay readable.

``!AU12 L4 left @1.5-2 face2``: denied, level 4, left side, from 1.5 to 2 s, of face2; alternatives are joined by ``|``,
assertions by ``; ``. Values come as ``=212[Hz]``, quotations in ``“”``, possibilities end in ``maybe``; what no lexicon
knows is its modality, or ``None``.
"""

from collections.abc import Iterable

from emoreason.rewards.grounding.assertion import Assertion


def told(assertions: Iterable[Assertion]) -> str:
    """Assertions in short."""
    return "; ".join(_told(assertion) for assertion in assertions)


def _told(one: Assertion) -> str:
    words = ["!" * one.negated + ("|".join(one.codes) or str(one.modality))]
    if one.level is not None:
        words.append(f"L{one.level}")
    if one.value is not None:
        words.append(f"={one.value:g}[{one.unit or ''}]")
    words += [word for word in (one.direction, one.side, one.subject) if word]
    if one.start_s is not None or one.end_s is not None:
        words.append(f"@{_number(one.start_s)}-{_number(one.end_s)}")
    if one.part:
        words.append(one.part)
    if one.quote:
        words.append(f"“{one.quote}”")
    return " ".join([*words, "maybe"] if one.hedged else words)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
