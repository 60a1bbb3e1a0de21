"""Closed-set reward: whether the class of the answer is that of the reference."""

from collections.abc import Mapping

from ..records import Reference, Score
from ..records.labels import EMOTIONS
from .classes import class_of, family_of
from .completion import Completion


def score_label(completion: Completion, reference: Reference, /) -> Score | None:
    """1 when the answer's class is the reference's, else 0. None when the reference names no class.

    The answer's class is the most probable one of its distribution, else that of its first label. Labels and the
    reference are read with synonyms and, where these do not help, by family (*annoyed* as anger); neutral is a class
    like the others. Where ``k`` classes are equally most probable, one of them being right gives 1/k: an answer that
    spreads over everything earns no more than chance.

    Parts: ``reference`` and ``answer`` (classes; None: none could be read) and ``read_from``.

    Examples
    --------
    >>> answer = Completion(text="", answered=True, labels=("Furious", "sad"))
    >>> score_label(answer, Reference(emotion="angry")).value
    1.0
    """
    expected = _class(reference.emotion) if reference.emotion else None
    if expected is None:
        return None
    top = most_probable(completion.distribution or {})
    read_from = "distribution"
    if not top:
        first = _class(completion.labels[0]) if completion.labels else None
        top, read_from = (first,) if first else (), "label"
    value = 1.0 / len(top) if expected in top else 0.0
    answer = "/".join(top) or None
    return Score(
        name="label",
        value=value,
        parts={"reference": expected, "answer": answer, "read_from": read_from if answer else None},
    )


def most_probable(distribution: Mapping[str, float]) -> tuple[str, ...]:
    """Classes of the highest probability, more than one when they are equal; none when all are 0.

    Examples
    --------
    >>> most_probable({"anger": 0.4, "sadness": 0.4, "neutral": 0.2})
    ('sadness', 'anger')
    """
    highest = max((distribution.get(name, 0.0) for name in EMOTIONS), default=0.0)
    return tuple(name for name in EMOTIONS if highest > 0 and distribution.get(name, 0.0) >= highest - 1e-9)


def _class(word: str) -> str | None:
    return class_of(word) or family_of(word)
