"""What a prediction wrote and what the gold says in sentences: what suites of texts compare."""

from collections.abc import Sequence
from dataclasses import replace

from ..prompts.sentences import split_sentences
from ..records import Clip, CueSet, Explanation, Reference
from ..rewards.completion import Completion, read_completion
from .sample import Gold, Prediction, Sample


def reasoning_of(prediction: Prediction | None) -> str:
    """Return the chain of thought or description of a prediction, without its answer; "" where it wrote nothing.

    Examples
    --------
    >>> reasoning_of(Prediction(clip="a", text="<think>He smiles.</think><answer>happy</answer>"))
    'He smiles.'
    >>> reasoning_of(Prediction(clip="a", text="He smiles.")), reasoning_of(None)
    ('He smiles.', '')
    """
    return completion_of(prediction).reasoning.strip()


def completion_of(prediction: Prediction | None) -> Completion:
    """Return what a prediction says in the form that rewards take."""
    if prediction is None:
        return Completion(text="", think="")
    text = _text(prediction)
    read = read_completion(text)
    if read.answered:
        return read
    reasoning = read.reasoning
    labels = labels_of(prediction)
    cues = prediction.explanation.label_cues if prediction.explanation is not None else None
    return Completion(
        text=text,
        think=reasoning,
        answered=labels is not None or prediction.distribution is not None,
        form="contract",
        labels=labels or (),
        label_cues=cues,
        distribution=dict(prediction.distribution) if prediction.distribution else None,
        valence=prediction.valence,
        arousal=prediction.arousal,
        action_units=prediction.action_units,
    )


def labels_of(prediction: Prediction | None) -> tuple[str, ...] | None:
    """Return the labels a prediction names beside its text, else its one class, else None."""
    if prediction is None:
        return None
    if prediction.labels is not None:
        return prediction.labels
    if prediction.emotion is not None:
        return (prediction.emotion,)
    if prediction.explanation is not None and prediction.explanation.labels:
        return prediction.explanation.labels
    return None


def gold_labels(gold: Gold) -> tuple[str, ...]:
    """Return the labels that people gave, else their one class; empty where neither is known."""
    if gold.reference.labels:
        return gold.reference.labels
    return (gold.reference.emotion,) if gold.reference.emotion else ()


def gold_sentences(gold: Gold) -> tuple[str, ...]:
    """Return the gold's clues, else the sentences of its explanation; empty where there is neither."""
    if gold.reference.clues:
        return gold.reference.clues
    return tuple(sentence.text for sentence in split_sentences(gold.text or ""))


def reference_of_text(gold: Gold) -> Reference:
    """Return the reference with the gold's sentences as clues and its transcript where the words spoken are looked up.

    No form of reply is kept: whatever was asked for, what was written is scored.
    """
    reference = replace(gold.reference, clues=gold_sentences(gold), form=None)
    if not gold.transcript:
        return reference
    known = reference.cueset or CueSet(clip=Clip(id=gold.clip))
    if known.clip.transcript:
        return reference
    return replace(reference, cueset=replace(known, clip=replace(known.clip, transcript=gold.transcript)))


def counted(samples: Sequence[Sample], usable: Sequence[bool]) -> dict[str, int]:
    """Count clips, those scored, those whose gold cannot be compared with, and those without a prediction."""
    missing = sum(sample.prediction is None for sample, use in zip(samples, usable, strict=True) if use)
    return {"clips": len(samples), "scored": sum(usable), "no_gold": len(samples) - sum(usable), "missing": missing}


def _text(prediction: Prediction) -> str:
    if prediction.text is not None:
        return prediction.text
    return _told(prediction.explanation) if prediction.explanation is not None else ""


def _told(explanation: Explanation) -> str:
    if explanation.reasoning:
        return explanation.reasoning
    sentences = [
        f"{claim.sentence} [{', '.join(claim.cue_ids)}]"
        if claim.cue_ids and not any(cue_id in claim.sentence for cue_id in claim.cue_ids)
        else claim.sentence
        for claim in explanation.claims
    ]
    return " ".join([*sentences, explanation.interpretation or ""]).strip()
