"""Whether a prompt gives its own answer away: the gold label in what the clip puts into the rendered prompt.

The words of a row's reference are looked for in the prompt as a model gets it: its labels as they are written and in
their inflections (the public wheels' tables), and the plain synonyms of the classes they name. The prompt's own words
(instructions, the wording of cues) are the same for every clip and give nothing away, so what is found is traced back
to the clip:

- ``label_in_prompt``: in a sentence of a cue, or in a code or level of another tool. The label is stated;
- ``label_in_name``: in the name of a person or speaker (``happy_man_3``), unless it is a given name (``Joy``);
- ``label_spoken``: in words that were said or stood on the screen. Someone may truly say "happy";
- ``label_maybe_in_prompt``: as the first, with words that also have a plain sense ("tense", "open").

Words on the emotion-word list never get that far in cues: the prompt leaves such cues out (``prompts/screening.py``).
Found are the labels that are not on that list, and what went around it.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final, Literal, NamedTuple

from ...cues.emotion_words import emotion_words_in
from ...cues.wording import LANGUAGES, wording
from ...prompts.render import Rendered
from ...prompts.screening import VERBATIM_CODES
from ...records import Cue, Reference, TrainingRow
from ...records.labels import EMOTIONS
from ...rewards.classes import class_of, emotion_vocabulary
from ...rewards.label import most_probable
from ...rewards.synonyms import chinese_labels, class_words
from ...rewards.tables import read_rows
from .prompts import prompt_text

Leak = Literal["label_in_prompt", "label_in_name", "label_spoken", "label_maybe_in_prompt"]

_MOST_LABELS: Final = 32
_LONGEST_LABEL: Final = 60
_GIVEN_NAME: Final = re.compile(r"[A-Z][a-z]+(?: [A-Z][\w.'-]*)*")
_HAN: Final = re.compile(r"[\u3400-\u9fff]")


class Found(NamedTuple):
    """A leak: its kind, the word, and where it comes from."""

    kind: Leak
    word: str
    place: str


def find_leak(row: TrainingRow, rendered: Rendered) -> Found | None:
    """Worst leak of a row's answer into its prompt; None when there is none.

    Examples
    --------
    >>> from emoreason.records import Clip, CueSet
    >>> from emoreason.training.rows.prompts import Prompts
    >>> cue = Cue(id="scene.place.1", modality="scene", code="place", text="She looks sheepish.")
    >>> row = TrainingRow(
    ...     id="a", cueset=CueSet(clip=Clip(id="a"), cues=(cue,)), reference=Reference(labels=("sheepish",))
    ... )
    >>> find_leak(row, Prompts().render(row))
    Found(kind='label_in_prompt', word='sheepish', place='scene.place.1')
    """
    words = gold_words(row.reference)
    text = prompt_text(rendered)
    folded = _parted(text).casefold()
    if not any(word in folded for word in words):  # twenty times faster than the pattern, and mostly the answer
        return None
    found = sorted(_traced(row, rendered, words), key=lambda one: _WORST_FIRST.index(one.kind))
    return found[0] if found and _pattern(words).search(_parted(text)) else None


_WORST_FIRST: Final[tuple[Leak, ...]] = ("label_in_prompt", "label_in_name", "label_maybe_in_prompt", "label_spoken")


def gold_words(reference: Reference) -> tuple[str, ...]:
    """Words that would give a reference away, in lower case.

    Examples
    --------
    >>> "joyful" in gold_words(Reference(emotion="happy")), "sad" in gold_words(Reference(emotion="happy"))
    (True, False)
    >>> gold_words(Reference(labels=("sheepish",)))
    ('sheepish',)
    """
    names = list((reference.labels or ())[:_MOST_LABELS])
    names += [reference.emotion] if reference.emotion else []
    names += most_probable(reference.distribution) if reference.distribution else ()
    return _spelled_out(tuple(name[:_LONGEST_LABEL] for name in names))


@lru_cache(maxsize=4096)
def _spelled_out(names: tuple[str, ...]) -> tuple[str, ...]:
    words: dict[str, None] = {}
    for name in names:
        word = " ".join(name.casefold().split())
        emotion = class_of(word)
        words |= dict.fromkeys((word, *(_synonyms()[emotion] if emotion else ()), *_inflections().get(word, ())))
    return tuple(word for word in words if len(word) > 1 and word not in ("none", "no emotion", "other"))


@cache
def _synonyms() -> dict[str, tuple[str, ...]]:
    """Class -> its plain synonyms, those that are safe to look for in running text."""
    classes = {**class_words(), **{zh: class_words().get(en) for zh, en in chinese_labels().items()}}
    found: dict[str, list[str]] = {}
    for word in emotion_vocabulary():
        if emotion := classes.get(word):
            found.setdefault(emotion, []).append(word)
    return {emotion: tuple(found.get(emotion, ())) for emotion in EMOTIONS}


@cache
def _inflections() -> dict[str, tuple[str, ...]]:
    """Word -> forms of it, as the public wheels' tables have them, but those that also have a plain sense."""
    found: dict[str, tuple[str, ...]] = {}
    for row in read_rows("wheel_forms.csv"):
        forms = tuple(form for form in row["forms"].split("|") if emotion_words_in(form))
        found[row["base"]] = forms
        for form in row["forms"].split("|"):
            found.setdefault(form, forms)
    return found


@lru_cache(maxsize=4096)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    parts = [
        re.escape(word) if _HAN.search(word) else rf"(?<![^\W_]){re.escape(word)}(?![^\W_])" for word in longest_first
    ]
    return re.compile("|".join(parts), re.IGNORECASE)


def _traced(row: TrainingRow, rendered: Rendered, words: tuple[str, ...]) -> Iterator[Found]:
    """Say which strings of the clip, of those the prompt shows, hold a word."""
    pattern, shown = _pattern(words), frozenset(rendered.shown)
    for kind, place, text in _strings(row, shown):
        if kind == "label_in_name" and _GIVEN_NAME.fullmatch(text):
            continue
        if match := pattern.search(_parted(text)):
            word = match[0].lower()
            yield Found("label_maybe_in_prompt" if kind == "label_in_prompt" and _plain(word) else kind, word, place)


def _parted(text: str) -> str:
    """Text in which the words of a name (``happy_man``) stand apart."""
    return text.replace("_", " ").replace("’", "'")


def _strings(row: TrainingRow, shown: frozenset[str]) -> Iterator[tuple[Leak, str, str]]:
    clip = row.cueset.clip
    for cue in row.cueset.cues:
        if cue.id in shown:
            yield from _strings_of_cue(cue)
    for gap in row.cueset.gaps:
        if gap.subject:
            yield "label_in_name", "a gap", gap.subject
    yield "label_spoken", "the transcript", clip.transcript or ""
    for turn in clip.context:
        yield "label_spoken", "an earlier turn", turn.text
        yield "label_in_name", "the speaker of an earlier turn", turn.speaker


def _strings_of_cue(cue: Cue) -> Iterator[tuple[Leak, str, str]]:
    subject = cue.subject or ""
    verbatim = cue.modality == "speech" or cue.code in VERBATIM_CODES
    if cue.text:
        yield ("label_spoken" if verbatim else "label_in_prompt"), cue.id, cue.text
    if subject:
        yield "label_in_name", cue.id, subject
    for name in (cue.id.removeprefix(subject), cue.code, cue.level, cue.direction, cue.unit):
        if name and name not in _our_words():
            yield "label_in_prompt", cue.id, _without_our_words(name)


def _without_our_words(name: str) -> str:
    """Id or code without the parts that cues of ours have (``face1.gaze.1``)."""
    return " ".join(part for part in re.split(r"[.:\s]+", name) if part not in _our_words())


@cache
def _our_words() -> frozenset[str]:
    """Codes, levels, directions and units of the package's own wording: the same for every clip."""
    found: set[str] = set()
    for language in LANGUAGES:
        words = wording(language)
        for part in ("levels", "directions", "units", "modalities"):
            found |= words[part].keys()
        for measure in words["measures"]:
            found |= {measure, *measure.split(".")}
    return frozenset(found)


@lru_cache(maxsize=4096)
def _plain(word: str) -> bool:
    """Whether the word list marks it as having a plain or technical sense as well."""
    return not any(emotion_words_in(word, language) for language in LANGUAGES) and any(
        emotion_words_in(word, language, ambiguous=True) for language in LANGUAGES
    )
