"""Sentences of a description as cues may carry them: short, harmless, and without words for states of mind."""

import re
from typing import Final

from ...cues.emotion_words import emotion_words_in
from ...cues.wording import LANGUAGES
from ...prompts.ask import LONGEST_SENTENCE, MOST_SENTENCES
from ...prompts.sentences import split_sentences
from ...prompts.untrusted import neutralise

#: Ambiguous words of the emotion-word list that mostly have their plain sense in a picture: an open door, a heavy
#: coat, an empty street. They count as a state of mind where somebody looks, seems or feels so, or their face does.
_PLAIN: Final = (
    *("bad", "belonging", "busy", "challenged", "closed off", "connected", "content", "creative", "critical"),
    *("disappeared", "distant", "embodied", "empty", "excluded", "exposed", "forgotten", "fragile", "free", "grounded"),
    *("heated", "heavy", "important", "insulated", "isolated", "left out", "loss", "lost", "noticed", "open"),
    *("powerful", "present", "protective", "safe", "salty", "secure", "sensitive", "successful", "tender", "thrown"),
    *("valuable", "vibrant", "weak", "alarm", "care", "accepted", "acceptance", "inferior", "numb", "violent"),
)
_WORDS: Final = "|".join(re.escape(word) for word in sorted(_PLAIN, key=len, reverse=True))
_DEGREE: Final = r"(?:\s(?:very|quite|rather|so|too|a|an|bit|little|as|if|to|be|\w{1,20}ly)){0,5}"
_LOOK: Final = r"(?:facial\s)?(?:expression|look|mood|manner|attitude|gaze|stare|air|atmosphere|demeanou?r|smile)s?"
_SAID_OF_SOMEBODY = re.compile(
    rf"\b(?:look|seem|appear|feel|sound)(?:s|ed|ing)?{_DEGREE}\s(?:{_WORDS})\b"
    rf"|\b(?:{_WORDS})\s{_LOOK}\b|\b{_LOOK}\s(?:is|are|seems?|appears?|looks?){_DEGREE}\s(?:{_WORDS})\b",
    re.IGNORECASE,
)
#: Words about feeling at all.
_FEELING = re.compile(
    r"\bfeel(?:s|ings?)?\b|\bemotion\w{0,12}|\bmoods?\b|情绪|情感|心情|感到|感觉|感受|心里|内心", re.IGNORECASE
)


def state_of_mind(sentence: str) -> str | None:
    """Word by which a sentence names an emotion or a state of mind, in either language; None when there is none.

    Examples
    --------
    >>> [state_of_mind(text) for text in ("She looks sad.", "A relaxed posture.", "他很紧张。", "An open door.")]
    ['sad', 'relaxed', '紧张', None]
    >>> state_of_mind("Her face seems rather open."), state_of_mind("She looks at an open door.")
    ('seems rather open', None)
    """
    for language in LANGUAGES:
        for word in emotion_words_in(sentence, language) + emotion_words_in(sentence, language, ambiguous=True):
            if word not in _PLAIN:
                return word
    found = _FEELING.search(sentence) or _SAID_OF_SOMEBODY.search(sentence)
    return found[0] if found else None


def sentences_of(written: object, language: str) -> tuple[list[str], int]:
    """Sentences of one part of a reply that may be kept, and how many may not as they name a state of mind.

    Parameters
    ----------
    written : object
        Whatever stood in the reply: a list of texts, or one text.
    language : str
        Decides how a full stop is written.

    Examples
    --------
    >>> sentences_of(["A man sits. He is sad", "A <b>table</b>"], "en")
    (['A man sits.', 'A ‹b›table‹/b›.'], 1)
    """
    items = written if isinstance(written, list) else [written]
    kept: dict[str, None] = {}
    left_out = 0
    for item in items[: 2 * MOST_SENTENCES]:
        text = neutralise(item, 2 * LONGEST_SENTENCE) if isinstance(item, str) else ""
        for sentence in split_sentences(text):
            if state_of_mind(sentence.text) is not None:
                left_out += 1
            elif len(kept) < MOST_SENTENCES:
                kept[_ended(neutralise(sentence.text, LONGEST_SENTENCE), language)] = None
    return list(kept), left_out


def _ended(sentence: str, language: str) -> str:
    """Sentence with a full stop, so that two of them do not run together."""
    return sentence if sentence[-1:] in tuple(".!?。！？…") else sentence + ("。" if language == "zh" else ".")
