"""emotion_in_observation: whether observations name emotions instead of what is seen or heard.

Words that were spoken are exempt where they are quoted, or where the sentence cites the words of the clip. Masked words
of imported prose are none.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from ...cues.emotion_words import emotion_words_in
from ...prompts.sentences import Sentence, cited_ids
from ..checked import Fault
from .case import Case, once

_CITATION: Final = re.compile(r"[\[［【][^\[\]［］【】\n]{0,2000}[\]］】]")
#: A word; of the phrases on the list all but "gross out" and its forms hold a word that is on it too.
_WORD: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*(?: outs?\b)?")
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
#: Words by which a sentence under no heading says what something means.
_MEANS: Final = re.compile(
    r"\b(?:suggest|indicat|impl[iy]|reflect|convey|express|reveal|signal|point(?:s|ing)? to|consistent with|speaks? for"
    r"|show(?:s|ing)? that|therefore|thus|overall|taken together|conclusion)"
    r"|表明|说明|暗示|体现|反映|表达|指向|意味|因此|综上|可见",
    re.IGNORECASE,
)


def check_observations(case: Case) -> Iterator[Fault]:
    """Yield the emotion words in observations, when there are too many."""
    words = emotion_words(case)
    if len(words) > case.limits.emotion_words:
        yield Fault(reason="emotion_in_observation", detail=", ".join(dict.fromkeys(words))[:120])


@once
def emotion_words(case: Case) -> list[str]:
    """Emotion words in the observations.

    Where the chain of thought has no headings, its observations are the sentences that cite a cue and say nothing of
    what it means.
    """
    titled = any(sentence.section == "observations" for sentence in case.sentences)
    observing = [sentence.text for sentence in case.sentences if _observes(sentence, titled)]
    # Nothing that is looked for goes on over the end of a line: mostly there is none, which one look tells.
    if not words_in(case.without_speech(_CITATION.sub(" ", "\n".join(observing)))):
        return []
    return [word for sentence in observing for word in _named(case, sentence)]


def _observes(sentence: Sentence, titled: bool) -> bool:
    if titled:
        return sentence.section == "observations"
    observes = sentence.section is None and bool(_CITATION.search(sentence.text))
    return observes and _MEANS.search(sentence.text) is None


def _named(case: Case, sentence: str) -> Iterator[str]:
    words = words_in(case.without_speech(_CITATION.sub(" ", sentence)))
    if not words:
        return
    cited, _ = cited_ids(sentence, case.index.spellings)
    speaks = any(case.index.by_id[cue_id].cue.modality == "speech" for cue_id in cited if cue_id in case.index.by_id)
    yield from (word for word in words if not (speaks and case.was_said(word)))


def words_in(text: str) -> list[str]:
    """Emotion words of a text, in both languages; as :func:`emotion_words_in`, but word by word, which can be kept.

    Examples
    --------
    >>> words_in("He frowns happily, grossed out. 他很高兴。")
    ['happily', 'grossed out', '高兴']
    """
    found = [word for match in _WORD.finditer(text) for word in _listed(match[0].casefold())]
    return found + (emotion_words_in(text, "zh") if _HAN.search(text) else [])


@lru_cache(maxsize=65_536)
def _listed(word: str) -> tuple[str, ...]:
    return tuple(emotion_words_in(word))
