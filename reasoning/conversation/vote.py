"""Several answers about one clip -> one, by self-consistency.

The distribution is the mean over the answers; a label stands when more than half of them give it (plain synonyms of
the seven classes count as one). The chain of thought is that of the answer nearest to the consensus, and only labels
that it gives are kept, so that chain and labels agree.

Source: Wang et al. (2023), "Self-Consistency Improves Chain of Thought Reasoning in Language Models", ICLR; for
distributions and open labels by mean and majority.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ...records.labels import EMOTIONS

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consensus:
    """What several answers come to: the chosen one's number, the answer, and how far they agree."""

    chosen: int
    answer: dict[str, Any]
    notes: tuple[str, ...]


def vote(answers: Sequence[Answer]) -> Consensus:
    """Join answers.

    Parameters
    ----------
    answers : sequence of dict
        At least one; as :func:`emoreason.prompts.contract.parse_answer` reads them (fields may be missing).

    Examples
    --------
    >>> def answer(label, share):
    ...     emotions = [{"label": "happiness", "probability": share}, {"label": "anger", "probability": 1 - share}]
    ...     return {"labels": [{"label": label, "cues": []}], "emotions": emotions}
    >>> found = vote([answer("happy", 0.9), answer("joyful", 0.7), answer("angry", 0.2)])
    >>> found.chosen, found.notes
    (1, ('2 of 3 samples agree on happiness',))
    """
    abstaining = [number for number, answer in enumerate(answers) if answer.get("abstained")]
    abstains = 2 * len(abstaining) > len(answers)
    in_question = [number for number in range(len(answers)) if (number in abstaining) == abstains]
    means = _mean_emotions(answers)
    agreed = _majority(answers)
    chosen = min(in_question, key=lambda number: _distance(answers[number], means, agreed))
    answer = dict(answers[chosen])
    if means:
        answer["emotions"] = [{"label": emotion, "probability": round(means[emotion], 6)} for emotion in EMOTIONS]
    for field in ("valence", "arousal"):
        known = [other[field] for other in answers if field in other]
        if known:
            answer[field] = round(sum(known) / len(known), 6)
    if compounds := _mean_compounds(answers):
        answer["compounds"] = compounds
    kept = [item for item in answer.get("labels", ()) if _canon(item["label"]) in agreed]
    if kept:
        answer["labels"] = sorted(kept, key=lambda item: -agreed[_canon(item["label"])])
    return Consensus(chosen=chosen, answer=answer, notes=tuple(_agreement(answers, abstains, means, agreed, answer)))


def _shares(answer: Answer) -> dict[str, float]:
    return {item["label"]: item["probability"] for item in answer.get("emotions", ())}


def _mean_emotions(answers: Sequence[Answer]) -> dict[str, float]:
    known = [shares for answer in answers if (shares := _shares(answer))]
    return {emotion: sum(one.get(emotion, 0.0) for one in known) / len(known) for emotion in EMOTIONS} if known else {}


def _mean_compounds(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Compounds by their mean probability; one that an answer does not name has 0 there."""
    known = [answer["compounds"] for answer in answers if answer.get("compounds")]
    total: Counter[str] = Counter()
    for compounds in known:
        for label, share in {item["label"].casefold(): item["probability"] for item in compounds}.items():
            total[label] += share
    return [{"label": label, "probability": round(share / len(known), 6)} for label, share in total.most_common(20)]


def _majority(answers: Sequence[Answer]) -> dict[str, int]:
    """Labels that more than half of the answers give, with their votes."""
    votes = Counter(label for answer in answers for label in _labels(answer))
    return {label: number for label, number in votes.items() if 2 * number > len(answers)}


def _labels(answer: Answer) -> set[str]:
    return {_canon(item["label"]) for item in answer.get("labels", ())}


def _distance(answer: Answer, means: Mapping[str, float], agreed: Mapping[str, int]) -> float:
    """Total variation from the mean distribution, plus the share of labels (Jaccard) that are not the agreed ones."""
    shares = _shares(answer)
    apart = sum(abs(shares.get(emotion, 0.0) - mean) for emotion, mean in means.items()) / 2
    labels = _labels(answer)
    either = labels | agreed.keys()
    return apart + (len(either - (labels & agreed.keys())) / len(either) if agreed else 0.0)


def _top(shares: Mapping[str, float]) -> str | None:
    return max(EMOTIONS, key=lambda emotion: shares.get(emotion, 0.0)) if shares else None


def _agreement(
    answers: Sequence[Answer],
    abstains: bool,
    means: Mapping[str, float],
    agreed: Mapping[str, int],
    answer: Answer,
) -> list[str]:
    if abstains:
        number = sum(bool(other.get("abstained")) for other in answers)
        return [f"{number} of {len(answers)} samples agree to abstain"]
    top = _top(means)
    notes = []
    if top is not None:
        number = sum(_top(_shares(other)) == top for other in answers)
        notes.append(f"{number} of {len(answers)} samples agree on {top}")
    beside = [f"{label} ({number})" for label, number in agreed.items() if label not in _labels(answer)]
    if beside:
        notes.append(f"most samples also gave labels that the chain of thought kept here does not: {', '.join(beside)}")
    return notes


@cache
def _names() -> dict[str, str]:
    from ...rewards.synonyms import chinese_labels, class_words

    words = class_words()
    return {**{zh: words.get(en, en) for zh, en in chinese_labels().items()}, **words}


def _canon(label: str) -> str:
    name = label.strip().casefold()
    return _names().get(name, name)
