"""Controls: predictions made without looking at the clip, which every report scores beside the systems.

A system that does not clearly beat them has shown nothing. They are scored by the very same suites:

- ``majority``: the most frequent class and label, and the means, for every clip;
- ``constant-list``: the short list of popular labels, and of sentences, that suits all clips best;
- ``shuffled``: the system's own predictions, each given to another clip;
- ``transcript``: what linear models make of the words alone;
- ``longer-wins``: the system's own texts with sentences added that are near to the truth of any clip.

Where the gold names sets (``columns["set"]``), each set is a world of its own.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from ...rewards.cue_match.clauses import is_chinese
from ...rewards.embedders import default_embedder
from ..sample import Gold, Prediction, Sample
from ..suite import SuiteSettings
from ..written import completion_of, gold_sentences, reasoning_of
from .constant import constant_cues, constant_labels, majority
from .transcript import from_transcripts

#: Control -> what it is, in a sentence.
CONTROLS: Final[Mapping[str, str]] = {
    "majority": "The most frequent class and label, and mean values, for every clip; made of {source}.",
    "constant-list": "One short list of labels and sentences for every clip, whichever suits best; made of {source}.",
    "shuffled": "The system's own predictions, each given to another clip.",
    "transcript": "Linear models on the words that are spoken (TF-IDF), {learned}.",
    "longer-wins": "The system's own texts with sentences added that fit almost any clip.",
}

#: Controls that are made of a system's own predictions: one for each system.
OF_A_SYSTEM: Final = ("shuffled", "longer-wins")

#: Sentences that could be said of almost any clip.
GENERIC: Final[Mapping[str, tuple[str, ...]]] = {
    "en": (
        "In the video, the person looks ahead and the expression changes slightly.",
        "The eyebrows are slightly furrowed and the eyes are wide open.",
        "The corners of the mouth are slightly raised and then turn down.",
        "The mouth opens and closes while speaking, and the head moves a little.",
        "In the audio, the tone rises and falls, and the voice is at times louder and at times softer.",
        "The speaking rate is fairly steady, with short pauses between phrases.",
        "Taken together, the person may be surprised, worried, dissatisfied or pleased.",
    ),
    "zh": (
        "在视频中，人物看向前方，表情略有变化。",
        "眉头微微皱起，眼睛睁大。",
        "嘴角微微上扬，随后下垂。",
        "说话时嘴巴一张一合，头部略有移动。",
        "在音频中，语调有起有伏，声音时高时低。",
        "语速较为平稳，短语之间有短暂停顿。",
        "综合来看，人物可能感到惊讶、担忧、不满或高兴。",
    ),
}


def controls(
    golds: Sequence[Gold],
    samples: Sequence[Sample],
    settings: SuiteSettings,
    *,
    train: Sequence[Gold] | None = None,
    names: Collection[str] = tuple(CONTROLS),
) -> dict[str, list[Prediction]]:
    """Predictions of every control that these golds allow.

    Parameters
    ----------
    golds : sequence of Gold
        All clips.
    samples : sequence of Sample
        One system's, for ``shuffled`` and ``longer-wins``; may be empty.
    settings : SuiteSettings
        ``tables``, ``embedder`` (for the constant list of sentences) and ``seed``.
    train : sequence of Gold, optional
        What constant answers and the transcript control are made of; clips that are among ``golds`` are left out.
        Without it they are made of ``golds``, which flatters the constant ones; the transcript control is
        cross-validated then.
    names : collection of str
        Those of :data:`CONTROLS` that are wanted. All but :data:`OF_A_SYSTEM` are the same for every system.

    Returns
    -------
    dict of str to list of Prediction
        In the order of :data:`CONTROLS`; a control that does not apply is not there.

    Examples
    --------
    >>> from emoreason.records import Reference
    >>> golds = [Gold(clip=clip, reference=Reference(labels=("sad",))) for clip in "ab"]
    >>> {name: made[0].labels for name, made in controls(golds, [], SuiteSettings()).items()}
    {'majority': ('sad',), 'constant-list': ('sad',)}
    """
    if train is not None:
        asked = {gold.clip for gold in golds}
        train = [gold for gold in train if gold.clip not in asked]
    texts = any(sample.prediction is not None and reasoning_of(sample.prediction) for sample in samples)
    makers: dict[str, Callable[[], list[Prediction]]] = {
        "majority": lambda: _per_set(golds, train, lambda ours, source: _everywhere(ours, majority(source))),
        "constant-list": lambda: _per_set(golds, train, partial(_constant_list, settings=settings, texts=texts)),
        "shuffled": lambda: shuffled(samples, seed=settings.seed),
        "transcript": lambda: _per_set(golds, train, partial(_transcript, trained=bool(train), seed=settings.seed)),
        "longer-wins": lambda: longer(samples) if texts else [],
    }
    found = {name: make() for name, make in makers.items() if name in names}
    return {name: made for name, made in found.items() if made}


def about(name: str, *, trained: bool = False) -> str:
    """Say what a control is, for the report; ``trained``: it is made of clips of its own (``--train-gold``)."""
    return CONTROLS[name].format(
        source="the training gold" if trained else "the very gold it is scored on",
        learned="learned from the training gold" if trained else "cross-validated by speaker, or by clip",
    )


def shuffled(samples: Sequence[Sample], *, seed: int = 0) -> list[Prediction]:
    """Each clip gets the prediction of another one (of its set): a random cycle through all clips.

    A clip that gets the prediction of one that has none has none. Sets of one clip are left out.

    Examples
    --------
    >>> from emoreason.records import Reference
    >>> samples = [Sample(Gold(clip=c, reference=Reference()), Prediction(clip=c, labels=(c,))) for c in "ab"]
    >>> [(made.clip, made.labels) for made in shuffled(samples)]
    [('a', ('b',)), ('b', ('a',))]
    """
    rng = np.random.default_rng(seed)
    found: dict[str, Prediction] = {}
    for rows in _sets([sample.gold for sample in samples]).values():
        cycle = rng.permutation(len(rows))
        for at, other in zip(cycle, np.roll(cycle, 1), strict=True):
            theirs = samples[rows[other]].prediction
            if at != other and theirs is not None:
                clip = samples[rows[at]].clip
                found[clip] = replace(theirs, clip=clip)
    return [found[sample.clip] for sample in samples if sample.clip in found]


def longer(samples: Sequence[Sample]) -> list[Prediction]:
    """Each prediction with generic sentences behind its text, in the language of the text; its answer stays."""
    return [_lengthened(sample.prediction) for sample in samples if sample.prediction is not None]


def _lengthened(prediction: Prediction) -> Prediction:
    completion = completion_of(prediction)
    told = reasoning_of(prediction)
    added = GENERIC["zh" if is_chinese(told) else "en"]
    return replace(
        prediction,
        text=" ".join([told, *added]).strip(),
        explanation=None,
        labels=completion.labels if prediction.labels is None and completion.labels else prediction.labels,
        distribution=prediction.distribution or completion.distribution,
        valence=completion.valence if prediction.valence is None else prediction.valence,
        arousal=completion.arousal if prediction.arousal is None else prediction.arousal,
    )


def _sets(golds: Sequence[Gold]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row, gold in enumerate(golds):
        found.setdefault(gold.columns.get("set", ""), []).append(row)
    return found


def _per_set(
    golds: Sequence[Gold],
    train: Sequence[Gold] | None,
    make: Callable[[list[Gold], Sequence[Gold]], list[Prediction]],
) -> list[Prediction]:
    """Make predictions set by set, of the training clips of the same set where there are any."""
    made: list[Prediction] = []
    for name, rows in _sets(golds).items():
        ours = [golds[row] for row in rows]
        source: Sequence[Gold] = ours
        if train:
            source = [gold for gold in train if gold.columns.get("set", "") == name] or train
        made += make(ours, source)
    return made


def _everywhere(golds: Sequence[Gold], answer: Prediction) -> list[Prediction]:
    known = (answer.labels, answer.emotion, answer.distribution, answer.valence, answer.arousal, answer.action_units)
    if all(value is None for value in (*known, answer.text)) and not answer.intensities:
        return []
    return [replace(answer, clip=gold.clip) for gold in golds]


def _transcript(golds: Sequence[Gold], source: Sequence[Gold], *, trained: bool, seed: int) -> list[Prediction]:
    return from_transcripts(golds, source if trained else None, seed=seed) or []


def _constant_list(
    golds: Sequence[Gold], source: Sequence[Gold], *, settings: SuiteSettings, texts: bool
) -> list[Prediction]:
    labels = constant_labels(source, settings.tables or "v2026")
    if labels is None and golds[0].columns.get("set"):
        labels = majority(source).labels  # a set of valences alone must not go unanswered among sets with words
    text = None
    if texts and any(gold_sentences(gold) for gold in golds):
        text = constant_cues(source, settings.embedder or default_embedder())
    return _everywhere(golds, Prediction(clip="", labels=labels, text=text))
