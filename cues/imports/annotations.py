"""Annotations of data sets as cues: AU intensities at one moment, FACS codes of a coder, sentences somebody wrote.

Data sets of the field often hold no curves: OpenFace intensities at the frame of the peak, a FACS code string
(``1+4C+L12``), a sentence on the scene or the voice, a transcript. Prose by people and by language models names
emotions. Such a word is an answer and no observation: it is masked here, and how many were is told, so that the rest
of the sentence can still be used. So are the words of the clip's own label, whether they are on the list of emotion
words or not ("sheepish", "in two minds"). A text in which a model refused to describe the clip is no observation
either: it is left out (``refusals.py``), and that is told as well.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from ...records import Cue
from ...records.labels import Modality, action_unit_intensity, parse_action_unit
from ..emotion_words import without_emotion_words
from ..face.report import level_of
from .refusals import without_refusals
from .scales import SCALES

#: What stands where an emotion word stood.
MASK: Final = "___"
#: Longer prose is cut: it is data of unknown origin.
_LONGEST: Final = 4000
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
#: Chinese is not parted into words: each character counts as one.
_WORD: Final = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")


class Prose(NamedTuple):
    """Sentences as cues, the words that were masked in them, and whether a language model refused to write them."""

    cues: tuple[Cue, ...]
    masked: Counter[str]
    refused: bool = False


def peak_cues(intensities: Mapping[str, float], at_s: float | None = None, subject: str = "face1") -> list[Cue]:
    """Make cues of action units measured at one moment (OpenFace, 0-5).

    Parameters
    ----------
    intensities : mapping
        AU code in any spelling -> intensity 0-5; from OpenFace's floor on (0.8) a unit is present, else it is absent.
    at_s : float, optional
        The moment, seconds.
    subject : str
        Whose face.

    Examples
    --------
    >>> [(cue.id, cue.state, cue.level) for cue in peak_cues({"AU12": 2.0, "AU04": 0.1}, 1.2)]
    [('face1.AU4.1', 'absent', None), ('face1.AU12.1', 'present', 'moderately')]
    """
    scale = SCALES["openface"]
    found: dict[str, float] = {}
    for name, value in intensities.items():
        parsed = parse_action_unit(name)
        if parsed is not None and value == value:  # NaN: not measured
            found[parsed[0]] = min(max(float(value), 0.0), 5.0)
    return [
        Cue(
            id=f"{subject}.{code}.1", modality="face", code=code, value=round(value, 2), unit="0-5",
            level=level_of(value), start_s=at_s, end_s=at_s, apex_s=at_s, subject=subject, source=scale.source,
            marks=("other_scale",),
        )
        if value >= scale.floor
        else Cue(
            id=f"{subject}.{code}.1", modality="face", code=code, state="absent", start_s=at_s, end_s=at_s,
            subject=subject, source=scale.source, marks=("other_scale",),
        )
        for code, value in sorted(found.items(), key=lambda item: int(item[0][2:]))
    ]  # fmt: skip


def facs_cues(codes: str | Iterable[str], subject: str = "face1") -> list[Cue]:
    """Make cues of a coder's action units: ``1+4C+L12``, or the codes one by one.

    What was not coded is not said to be absent.

    Examples
    --------
    >>> [(cue.id, cue.value, cue.side) for cue in facs_cues("1+L12C")]
    [('face1.AU1.1', None, None), ('face1.AU12.1', 3.0, 'left')]
    """
    parts = re.split(r"[+,;\s]+", codes) if isinstance(codes, str) else list(codes)
    numbers: Counter[str] = Counter()
    cues = []
    for part in parts:
        parsed = parse_action_unit(part)
        if parsed is None:
            continue
        code, side = parsed
        numbers[code] += 1
        value = action_unit_intensity(part)
        cues.append(
            Cue(
                id=f"{subject}.{code}.{numbers[code]}", modality="face", code=code, side=side, subject=subject,
                value=value, unit=None if value is None else "0-5", level=None if value is None else level_of(value),
                source="coder",
            )
        )  # fmt: skip
    return cues


def prose_cues(text: str, modality: Modality, source: str, *, own: Iterable[str] = (), most: int = 12) -> Prose:
    """Make cues of sentences that somebody wrote about a clip, one each, emotion words masked, refusals left out.

    A sentence in which more is masked than is left to read (fewer than four words) is left out, its words counted.

    Parameters
    ----------
    text : str
        Prose in English or Chinese.
    modality : Modality
        What it is about.
    source : str
        Who wrote it.
    own : iterable of str
        The clip's own labels: masked as well, and counted with the emotion words.
    most : int
        Sentences that are taken.

    Examples
    --------
    >>> prose_cues("He gives a sheepish grin and looks away.", "scene", "bundle", own=("sheepish",)).cues[0].text
    'He gives a ___ grin and looks away.'
    >>> prose_cues("As an AI, I cannot see faces.", "scene", "bundle")
    Prose(cues=(), masked=Counter(), refused=True)
    """
    cues: list[Cue] = []
    masked: Counter[str] = Counter()
    own = tuple(own)
    sentences, refused = without_refusals(_sentences(text[:_LONGEST]))
    for sentence in sentences:
        rest, owned = _without(sentence, own)
        kept, words = without_emotion_words(rest, MASK)
        masked.update((*owned, *words))
        if len(_WORD.findall(kept)) < 4 or len(cues) == most:
            continue
        number = len(cues) + 1
        cues.append(
            Cue(id=f"{modality}.description.{number}", modality=modality, code="description", text=kept, source=source)
        )
    return Prose(tuple(cues), masked, refused)


def said_cue(transcript: str) -> Cue:
    """Make one utterance without times of what is said in the clip. Its words stay: someone may truly say "happy"."""
    return Cue(id="speech.utterance.1", modality="speech", code="utterance", text=transcript, source="transcript")


def _sentences(text: str) -> Iterator[str]:
    for part in _SENTENCE.split(text):
        if part and part.strip():
            yield part.strip()


def _without(text: str, own: tuple[str, ...]) -> tuple[str, list[str]]:
    """Mask a clip's own labels in a text; the text, and what was masked."""
    pattern = _pattern(own)
    if pattern is None:
        return text, []
    text = text.replace("’", "'")
    return pattern.sub(MASK, text), [match[0].lower() for match in pattern.finditer(text)]


@lru_cache(maxsize=1024)
def _pattern(labels: tuple[str, ...]) -> re.Pattern[str] | None:
    """Labels as whole words, also as adverbs and nouns, the longest first; Chinese has no word boundaries."""
    parts = []
    for label in sorted({one.replace("’", "'").strip() for one in labels}, key=lambda one: (-len(one), one)):
        words = [re.escape(word) for word in re.split(r"[\s_-]+", label) if word]
        if words and _HAN.search(label):
            parts.append("".join(words))
        elif words:
            parts.append(r"(?<![^\W_])" + r"[\s_-]+".join(words) + r"(?:ly|ness)?(?![^\W_])")
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None
