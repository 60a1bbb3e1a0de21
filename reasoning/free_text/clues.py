"""Clues: what a text says was seen and heard, each with the words that say so."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from ...prompts.ask import CLUE_KINDS, LONGEST_CLUE, LONGEST_QUOTE, MOST_CLUES, ask_for_cues, text_as_asked
from ...prompts.sentences import cited_ids, spellings, split_sentences
from ...prompts.untrusted import neutralise, shown_id
from ...records import CueSet
from ..conversation.turn import Sampling
from ..engines.base import LanguageModel
from .asking import EDGES, ask_model, what_was_cut

_SAMPLING: Final = Sampling(max_tokens=4_096)
_MOST_PEOPLE: Final = 16
#: A line that goes on in the next one.
_WRAPPED = re.compile(r"(?<![\n.!?:;。！？：；])\n(?=[a-z(\[])")
_FIRST_OF_CJK: Final = 0x2E80
_VISUAL: Final = frozenset(("face", "head", "gaze", "body", "scene", "physiology"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """One thing that a text says was seen or heard, or an emotion that it concludes.

    Attributes
    ----------
    modality : str
        A modality of the records, or ``emotion``.
    what : str
        The clue in a few words of the model's.
    state : str
        ``present``, or ``absent`` where the text says that it is not there.
    quote : str
        The words of the text that say so.
    sentence : str
        The sentence they stand in; the quote itself where it spans several.
    when : str or None
        The words of the text that say when.
    who : str or None
        Which of the clip's tracked people.
    cue_ids : tuple of str
        Cues of the clip that the sentence cites.
    """

    modality: str
    what: str
    state: Literal["present", "absent"] = "present"
    quote: str
    sentence: str
    when: str | None = None
    who: str | None = None
    cue_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """The clues of one text.

    ``dropped`` counts by reason what the model wrote and the text does not bear out; the rest as for :class:`Labels`.
    """

    clues: tuple[Clue, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)
    prompt_version: str
    model: str
    seed: int
    notes: tuple[str, ...] = ()

    def by_kind(self) -> dict[str, list[str]]:
        """Quotes by the kinds of EmoCue-360 (``visual``, ``auditory``, ``emotional``), as its metric takes them."""
        kinds: dict[str, list[str]] = {"visual": [], "auditory": [], "emotional": []}
        for clue in self.clues:
            kind = "emotional" if clue.modality == "emotion" else "visual" if clue.modality in _VISUAL else "auditory"
            kinds[kind].append(clue.quote)
        return kinds


def extract_cues(
    text: str,
    cueset: CueSet | None,
    model: LanguageModel,
    *,
    seed: int = 0,
    language: str = "en",
    sampling: Sampling = _SAMPLING,
) -> Clues:
    """Read the clues that a text names, each with the words it rests on.

    Parameters
    ----------
    text : str
        Untrusted.
    cueset : CueSet or None
        The clip's cues, where they are known: a clue may then be of one of its people, and says which cues its
        sentence cites.
    model, seed, sampling
        As for :func:`extract_labels`.
    language : str
        Language of the prompt and of :attr:`Clue.what`.

    Raises
    ------
    EmoreasonError
        There is no such language, the model fails, or its reply cannot be read, also the second time.
    """
    people = dict.fromkeys(cue.subject for cue in cueset.cues if cue.subject) if cueset is not None else {}
    question = ask_for_cues(text, language, list(people)[:_MOST_PEOPLE])
    nothing = Clues(prompt_version=question.version, model=model.model, seed=seed)
    if not text_as_asked(text):
        return nothing
    answered = ask_model(question, model, replace(sampling, seed=seed))
    reader = _ClueReader(text, cueset)
    clues = reader.read(answered.value.get("cues"))
    notes = (*answered.notes, *what_was_cut(text))
    return replace(nothing, clues=clues, dropped=dict(reader.dropped), notes=notes)


class _ClueReader:
    """Keeps of what a model wrote what the text bears out."""

    def __init__(self, text: str, cueset: CueSet | None) -> None:
        self.dropped: Counter[str] = Counter()
        self._text = text_as_asked(text)
        cues = cueset.cues if cueset is not None else ()
        ids = spellings([cue.id for cue in cues])
        self._people = {shown_id(cue.subject): cue.subject for cue in cues if cue.subject}
        # The model saw the text neutralised; citations are read from it as it was.
        self._sentences = [
            (neutralise(sentence.text), tuple(cited_ids(sentence.text, ids)[0]))
            for sentence in split_sentences(_WRAPPED.sub(" ", text))
        ]

    def read(self, items: object) -> tuple[Clue, ...]:
        """Clues, each once; the others are counted in ``dropped``."""
        listed = items if isinstance(items, list) else []
        self._drop("beyond the limit", len(listed) - MOST_CLUES)
        clues: dict[Clue, None] = {}
        for item in listed[:MOST_CLUES]:
            clue = self._clue(item if isinstance(item, Mapping) else {})
            if clue is not None:
                self._drop("repeated", int(clue in clues))
                clues[clue] = None
        return tuple(clues)

    def _drop(self, reason: str, count: int = 1) -> None:
        if count > 0:
            self.dropped[reason] += count

    def _clue(self, item: Mapping[str, Any]) -> Clue | None:
        modality, state, what = item.get("modality"), item.get("state"), _words(item.get("what"), LONGEST_CLUE)
        if modality not in CLUE_KINDS or state not in ("present", "absent") or not what:
            self._drop("not of the form asked for")
            return None
        quote = _words(item.get("quote"), LONGEST_QUOTE)
        if not stands_in(quote, self._text):
            self._drop("quotes words that are not in the text")
            return None
        when = _words(item.get("when"), LONGEST_CLUE)
        if when and not stands_in(when, self._text):
            self._drop("time that is not in the text (the clue is kept)")
            when = ""
        sentence, cue_ids = self._located(quote)
        return Clue(
            modality=str(modality),
            what=what,
            state=state,
            quote=quote,
            sentence=sentence,
            when=when or None,
            who=self._people.get(_words(item.get("who"), LONGEST_CLUE)),
            cue_ids=cue_ids,
        )

    def _located(self, quote: str) -> tuple[str, tuple[str, ...]]:
        """Sentence that the words stand in and the cues it cites; the words alone where they span several."""
        return next((found for found in self._sentences if stands_in(quote, found[0])), (quote, ()))


def _words(value: object, longest: int) -> str:
    """One neutralised line without punctuation around it; "" for anything but text."""
    return neutralise(value, longest).strip(EDGES) if isinstance(value, str) else ""


def stands_in(quote: str, text: str) -> bool:
    r"""Whether words occur in a text, whole words alone; white space may differ, nothing else.

    Examples
    --------
    >>> stands_in("lips  are\npressed", "His lips are pressed."), stands_in("lip", "His lips")
    (True, False)
    >>> stands_in("嘴角", "她的嘴角上扬"), stands_in("", "His lips")
    (True, False)
    """
    wanted, said = " ".join(quote.split()), f" {' '.join(text.split())} "
    at = said.find(wanted) if wanted else -1
    while at >= 0:
        end = at + len(wanted)
        if not _joined(said[at - 1 : at + 1]) and not _joined(said[end - 1 : end + 1]):
            return True
        at = said.find(wanted, at + 1)
    return False


def _joined(two: str) -> bool:
    """Whether two neighbours belong to one word. Chinese has no spaces: there any place may be an end."""
    return all(character.isalnum() and ord(character) < _FIRST_OF_CJK for character in two)
