r"""action_units: F-beta of the action units that a completion affirms against those that were coded.

Facial-R1 takes every ``AU\d+`` of the thought as a prediction, so "no AU12" predicts AU12. Here a denied unit is no
prediction, and a coded unit that the text denies anywhere is missed even if it is affirmed elsewhere. Units named in
ordinary words ("the lip corners rise") count like codes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from ..prompts.sentences import split_sentences
from ..records import CueSet, Reference, Score
from ..records.labels import Side, parse_action_unit
from .completion import Completion
from .denied_names import Span, denied

Where = Literal["both", "answer", "think"]

#: Share of a hit that the right unit on the wrong side earns: the action was seen, its asymmetry was not.
WRONG_SIDE: Final = 0.5

# One code (AU12, AU 6, AU12L), a sum of them (AU1+2), or a list behind a plural (AUs 1, 2 and 4).
_ONE: Final = r"(?:AU[\s-]?)?[LRTB]?\d{1,2}(?:[A-ELRT](?![A-Za-z]))?(?!\d)"
_CODES = re.compile(
    r"(?<![\w.])(?:(?:AU|action unit|动作单元|运动单元)[\s\-_:：#]{0,3}(?P<sum>"
    + _ONE
    + r"(?:\s?[+/]\s?"
    + _ONE
    + r"){0,20})|(?:AUs|action units)[\s\-_:：#]{1,3}(?P<list>"
    + _ONE
    + r"(?:(?:\s?[,+/&、，](?:\s?(?:and|or)\s)?\s?|\s(?:and|or)\s|[和与及或])"
    + _ONE
    + r"){0,40}))",
    re.IGNORECASE | re.ASCII,
)
_CODE = re.compile(r"[LRTB]?\d{1,2}(?:[A-ELRT](?![A-Za-z]))?", re.IGNORECASE | re.ASCII)
#: Ids in citations and elsewhere (face1.AU12.1) are no statement.
_CITED = re.compile(r"[\w+\-#@%~=:]{1,80}\.AU\d{1,2}[LRTB]?\.\d{1,6}")
_SIDE_BEFORE = re.compile(
    r"(?:\b(left|right)(?:[- ](?:side|sided|hand))?"
    r"(?: (?!after|before|at|when|away|now|then)\w{1,20}){0,2}[ (]{1,2}"
    r"|([左右])[侧边脸的]{0,3}[ (（]{0,2})$",
    re.IGNORECASE,
)
_SIDE_BEHIND = re.compile(
    r"(?:\s?\([^()]{0,40}\))?(?: \w{1,20}){0,3}? (?:on|at) (?:the|his|her|their) (left|right)\b(?! of)"
    r"|\s?[(（]\s?(left|right|[LR])\b| (left|right)[ -]side|\s?[(（在]{0,2}([左右])[侧边脸）)]",
    re.IGNORECASE,
)
_SIDE_REACH: Final = 60
_LONGEST_SENTENCE: Final = 2_000
_SIDE_NAMES: Final[dict[str, Side]] = {
    "left": "left",
    "right": "right",
    "l": "left",
    "r": "right",
    "左": "left",
    "右": "right",
}


@dataclass(slots=True)
class Told:
    """What a text says of action units.

    ``affirmed`` and ``denied``: code -> sides named (empty: none). ``either``: groups of codes of which the words mean
    any ("raised brows": AU1, AU2).
    """

    affirmed: dict[str, set[Side]] = field(default_factory=dict)
    denied: dict[str, set[Side]] = field(default_factory=dict)
    either: list[tuple[tuple[str, ...], Side | None]] = field(default_factory=list)

    def say(self, code: str, side: Side | None, *, negated: bool) -> None:
        """Note one mention."""
        sides = (self.denied if negated else self.affirmed).setdefault(code, set())
        if side is not None:
            sides.add(side)


def score_action_units(
    completion: Completion, reference: Reference, *, beta: float = 1.0, where: Where = "both"
) -> Score | None:
    """F-beta over action units; None when the reference has no coding.

    A unit hits when it was coded. On the wrong side (coded left, said to be right, or to be on both sides one by one)
    it hits by half; where either says no side, sides are not compared. Words that mean any of several units count
    as those of them that were coded, or as one wrong prediction. Where nothing was coded, the value is 1 for a
    completion that answers and affirms none, else 0.

    Parameters
    ----------
    completion : Completion
        What was written.
    reference : Reference
        Its ``action_units``, in any spelling.
    beta : float
        Weight of recall against precision; above 0.
    where : str
        ``answer``: the list in the answer alone. ``think``: what the reasoning says. ``both``: either; a unit that is
        listed and denied in the reasoning is no hit.

    Returns
    -------
    Score or None
        Parts: ``precision``, ``recall``, and the lists ``hits``, ``missed``, ``wrong``, ``denied`` as words.

    Examples
    --------
    >>> from emoreason.rewards.completion import read_completion
    >>> gold = Reference(action_units=("AU6", "L12"))
    >>> text = "<think>AU6 and AU12 on the left side. There is no AU4.</think><answer>happy</answer>"
    >>> score_action_units(read_completion(text), gold).value
    1.0
    """
    gold = _coded(reference.action_units)
    if gold is None:
        return None
    told = _told(completion, reference.cueset, where)
    _choose(told, gold)
    hits = {
        code: 1.0 if _sides_agree(sides, told.affirmed[code]) else WRONG_SIDE
        for code, sides in gold.items()
        if code in told.affirmed and not _denies(told, code, sides)
    }
    answered = completion.answered or (where != "answer" and bool(told.affirmed or told.denied))
    if gold or told.affirmed:
        precision = sum(hits.values()) / len(told.affirmed) if told.affirmed else 0.0
        recall = sum(hits.values()) / len(gold) if gold else 0.0
    else:
        precision = recall = float(answered)
    parts: dict[str, float | str | None] = {
        "precision": precision,
        "recall": recall,
        "hits": _listed(hits),
        "missed": _listed(gold.keys() - hits.keys()),
        "wrong": _listed(told.affirmed.keys() - gold.keys()),
        "denied": _listed(told.denied),
    }
    return Score(name="action_units", value=_f_beta(precision, recall, beta), parts=parts)


def _f_beta(precision: float, recall: float, beta: float) -> float:
    weight = beta * beta
    return (1 + weight) * precision * recall / (weight * precision + recall) if precision and recall else 0.0


def _listed(codes: Iterable[str]) -> str:
    return " ".join(sorted(codes, key=lambda code: int(code[2:]) if code[2:].isdigit() else 999)[:60])


def _coded(codes: tuple[str, ...] | None) -> dict[str, set[Side]] | None:
    """Coded units and their sides (empty: not told); None when there is no coding that can be read."""
    if codes is None:
        return None
    told = Told()
    for code in codes:
        parsed = parse_action_unit(code)
        if parsed is not None:
            bilateral = parsed[0] in told.affirmed and (not told.affirmed[parsed[0]] or parsed[1] is None)
            told.say(*parsed, negated=False)
            if bilateral:
                told.affirmed[parsed[0]].clear()
    return told.affirmed if told.affirmed or not codes else None


def _sides_agree(coded: set[Side], said: set[Side]) -> bool:
    return not coded or not said or said <= coded


def _denies(told: Told, code: str, coded: set[Side]) -> bool:
    """Whether the text denies a coded unit: "no AU12 on the right" does not deny L12."""
    if code not in told.denied:
        return False
    sides = told.denied[code]
    return not sides or not coded or bool(sides & coded)


def _choose(told: Told, gold: Mapping[str, set[Side]]) -> None:
    """Take words that mean any of several units as the coded ones among them, else as one unit."""
    for codes, side in told.either:
        for code in [code for code in codes if code in gold] or list(codes[:1]):
            if code in gold or not any(other in told.affirmed for other in codes):
                told.say(code, side, negated=False)


def _told(completion: Completion, cueset: CueSet | None, where: Where) -> Told:
    told = Told()
    if where != "think":
        for code in completion.action_units or ():
            parsed = parse_action_unit(code)
            if parsed is not None:
                told.say(*parsed, negated=False)
    if where != "answer":
        _read_codes(completion.reasoning, told)
        _read_words(completion.reasoning, cueset, told)
    return told


def _read_codes(text: str, told: Told) -> None:
    """Note every code of a text, sentence by sentence."""
    if "au" not in text.lower() and "action" not in text.lower() and "单元" not in text:
        return
    for sentence in split_sentences(_CITED.sub(" ", text)):
        mentions = list(_mentions(sentence.text))
        verdicts = denied(sentence.text, [span for _, _, span in mentions])
        for (code, side, _), negated in zip(mentions, verdicts, strict=True):
            told.say(code, side, negated=negated)


def _mentions(sentence: str) -> Iterator[tuple[str, Side | None, Span]]:
    """Yield code, side and place of every unit a sentence names by its code."""
    for run in _CODES.finditer(sentence):
        around = _side_around(sentence, run)
        for number in _CODE.finditer(sentence, *run.span(run.lastgroup or 0)):
            parsed = parse_action_unit(number[0])
            if parsed is not None:
                yield parsed[0], parsed[1] or around, number.span()


def _side_around(sentence: str, run: re.Match[str]) -> Side | None:
    behind = _SIDE_BEHIND.match(sentence, run.end(), run.end() + _SIDE_REACH)
    before = _SIDE_BEFORE.search(sentence[max(0, run.start() - _SIDE_REACH) : run.start()])
    found = next((name for match in (behind, before) if match for name in match.groups() if name), None)
    return _SIDE_NAMES.get(found.lower()) if found else None


def _read_words(text: str, cueset: CueSet | None, told: Told) -> None:
    """Note units told in ordinary words; of a sentence without end the beginning is read."""
    from .grounding.reading import read_assertions

    if len(text) > _LONGEST_SENTENCE:
        text = "\n".join(sentence.text[:_LONGEST_SENTENCE] for sentence in split_sentences(text))
    for claim in read_assertions(text, cueset):
        codes = [parsed[0] for parsed in map(parse_action_unit, claim.codes) if parsed] if claim.codes else []
        if not codes or claim.modality not in (None, "face"):
            continue
        if claim.negated:
            for code in codes:
                told.say(code, claim.side, negated=True)
        elif len(codes) == 1:
            told.say(codes[0], claim.side, negated=False)
        else:
            told.either.append((tuple(codes), claim.side))
