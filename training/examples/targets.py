"""A target for what is shown: sentences and ids that rest on something else go.

A row's target was written with all cues in view. Where the prompt shows fewer, a target left as it is would teach the
model to state what it cannot know. What goes:

- sentences of the chain of thought that cite a cue that is not shown (or no cue at all);
- if there are no pictures: sentences that cite nothing and say what only cues that are not shown bear out
  (``rewards/grounding`` reads them), and action units of the answer that no shown cue has;
- ids of cues that are not shown from the answer's labels, and alternatives whose reason cites one.

Everything else stays byte for byte; a target that rests on shown cues alone stays whole.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import RecordError
from ...prompts.contract import Parsed, parse_answer, write_answer
from ...prompts.sentences import cited_ids, spellings, split_sentences
from ...records import CueSet
from ...records.convert import check
from ...records.labels import parse_action_unit
from ...rewards.grounding.checking import check_all
from ...rewards.grounding.reading import read_assertions
from ..rows.validated import fits_schema


@dataclass(frozen=True, slots=True)
class Adapted:
    """A target for what is shown.

    ``keeps_evidence`` is False where its chain of thought cited cues and now cites none, ``keeps_parts`` where one of
    its parts (observations, interpretation …) has no sentence left.
    """

    text: str
    notes: tuple[str, ...] = ()
    keeps_evidence: bool = True
    keeps_parts: bool = True


def adapt_target(target: str, cueset: CueSet, shown: CueSet, *, thinks: bool, sees: bool) -> Adapted:
    """Adapt a target to what the prompt shows.

    Parameters
    ----------
    target : str
        In the contract's form (``prompts/contract.py``).
    cueset : CueSet
        All cues of the clip.
    shown : CueSet
        Those that the prompt shows, and its gaps.
    thinks : bool
        Whether a chain of thought is asked for; if not, the answer alone is left.
    sees : bool
        Whether there are pictures: what they show needs no cue.

    Raises
    ------
    RecordError
        The target holds no answer, or one that does not fit ``records/schemas/answer.json``.

    Examples
    --------
    >>> from emoreason.records import Clip, Cue
    >>> cues = tuple(Cue(id=f"a.{code}.1", modality="face", code=code) for code in ("AU6", "AU12"))
    >>> whole = CueSet(clip=Clip(id="a"), cues=cues)
    >>> answer = {"labels": [], "emotions": [], "valence": 0, "arousal": 0, "action_units": ["AU6", "AU12"]}
    >>> target = write_answer("Cheeks rise [a.AU6.1]. Lip corners rise [a.AU12.1].", answer)
    >>> adapted = adapt_target(target, whole, CueSet(clip=whole.clip, cues=cues[:1]), thinks=True, sees=False)
    >>> parse_answer(adapted.text).think
    'Cheeks rise [a.AU6.1].'
    >>> parse_answer(adapted.text).answer["action_units"]
    ['AU6']
    """
    parsed = parse_answer(target)
    if parsed.answer is None:
        raise RecordError("the target holds no JSON answer; expected the form that prompts/contract.py describes")
    before = parsed.think if thinks else None
    view = _View(cueset, shown, sees)
    think, gone = _without_sentences(before, view.goes) if before else (before, 0)
    answer, ids, units = view.answer(_as_written(parsed))
    notes = _notes(gone, ids, units)
    if not notes and (thinks or not parsed.think):
        return Adapted(target)
    text = _written(think, answer, parsed)
    if not before:
        return Adapted(text, notes)
    cites = view.cites(think or "") or not view.cites(before)
    return Adapted(text, notes, keeps_evidence=cites, keeps_parts=_parts(before) == _parts(think or ""))


def _as_written(parsed: Parsed) -> Mapping[str, Any]:
    """Return the answer with its numbers as they were written, if it fits the schema so; else as it was read."""
    if not fits_schema(parsed.written, "answer"):
        try:
            check(parsed.written, "answer")
        except RecordError:
            return parsed.answer or {}
    return parsed.written or {}


def _parts(think: str) -> set[str | None]:
    return {sentence.section for sentence in split_sentences(think)}


def _notes(gone: int, ids: int, units: int) -> tuple[str, ...]:
    found = {"sentences": gone, "cited ids": ids, "action units": units}
    parts = [f"{number} {what}" for what, number in found.items() if number]
    return (f"left out of the target, for resting on what is not shown: {', '.join(parts)}",) if parts else ()


def _written(think: str | None, answer: Mapping[str, Any], parsed: Parsed) -> str:
    try:
        return write_answer(think, answer)
    except RecordError as error:
        wrong = "; ".join(["", *(problem.detail for problem in parsed.problems)])
        raise RecordError(f"the target's answer cannot be written again: {error}{wrong}") from None


class _View:
    """What of a clip is shown. Ids are read as ``read_answer`` reads them: in all spellings of all cues."""

    def __init__(self, cueset: CueSet, shown: CueSet, sees: bool) -> None:
        self.cueset, self.shown, self.sees = cueset, shown, sees
        self.known = spellings([cue.id for cue in cueset.cues])
        self.ids = frozenset(cue.id for cue in shown.cues)

    def cites(self, text: str) -> bool:
        """Whether anything is cited, be it shown or not."""
        return any(any(cited_ids(sentence.text, self.known)) for sentence in split_sentences(text))

    def goes(self, sentence: str) -> bool:
        """Whether a sentence rests on something that is not shown."""
        if self._cites_more(sentence):
            return True
        all_shown = len(self.ids) == len(self.cueset.cues)
        return not (all_shown or self.sees or self.cites(sentence)) and self._only_hidden_cues_say(sentence)

    def _cites_more(self, text: str) -> bool:
        found, strange = cited_ids(text, self.known)
        return bool(strange) or not self.ids.issuperset(found)

    def _only_hidden_cues_say(self, sentence: str) -> bool:
        claims = read_assertions(sentence, self.cueset)
        if not claims:
            return False
        return any(
            one.verdict == "supported" and other.verdict != "supported"
            for one, other in zip(check_all(claims, self.cueset), check_all(claims, self.shown), strict=True)
        )

    def answer(self, answer: Mapping[str, Any]) -> tuple[dict[str, Any], int, int]:
        """Return the answer without what rests on hidden cues, and how many ids and action units went."""
        adapted = dict(answer)
        if "labels" in answer:
            adapted["labels"] = [
                {**label, "cues": list(filter(self._is_shown, label["cues"]))} for label in answer["labels"]
            ]
        if "alternatives" in answer:
            adapted["alternatives"] = [one for one in answer["alternatives"] if not self._cites_more(one["reason"])]
        if "action_units" in answer and not self.sees:
            hidden = _units(self.cueset) - _units(self.shown)
            adapted["action_units"] = [unit for unit in answer["action_units"] if _unit(unit) not in hidden]
        ids = _citations(answer) - _citations(adapted)
        ids += len(answer.get("alternatives", ())) - len(adapted.get("alternatives", ()))
        return adapted, ids, len(answer.get("action_units", ())) - len(adapted.get("action_units", ()))

    def _is_shown(self, name: str) -> bool:
        bare = name.strip("[]`\"' ")
        return (self.known.get(bare) or self.known.get(bare.lower())) in self.ids


def _citations(answer: Mapping[str, Any]) -> int:
    return sum(len(label["cues"]) for label in answer.get("labels", ()))


def _unit(code: str) -> str | None:
    """Return an action unit in its plain form, without its side."""
    parsed = parse_action_unit(code)
    return None if parsed is None else parsed[0]


def _units(cueset: CueSet) -> frozenset[str | None]:
    """Tell which action units are present."""
    return frozenset(_unit(cue.code) for cue in cueset.cues if cue.state == "present") - {None}


def _without_sentences(think: str, goes: Callable[[str], bool]) -> tuple[str, int]:
    """Take sentences out of a chain of thought; headings of what is then empty go, all other text stays as it is."""
    lines, gone = [], 0
    for line in think.splitlines():
        rest, number = _line_without(line, goes)
        gone += number
        # What is left of a line without its sentences is a heading or a list mark.
        if not number or any(map(str.isalpha, rest)):
            lines.append(rest)
    emptied = _parts(think) - _parts("\n".join(lines))
    if emptied:
        lines = [line for line in lines if _heading(line) not in emptied - {None}]
    return "\n".join(lines), gone


def _heading(line: str) -> str | None:
    """Section that a line opens without saying anything in it."""
    return None if split_sentences(line) else next(iter(_parts(f"{line} word")), None)


def _line_without(line: str, goes: Callable[[str], bool]) -> tuple[str, int]:
    rest, at, gone = "", 0, 0
    for sentence in split_sentences(line):
        text = sentence.text
        start = line.find(text, at)
        if start < 0:  # a citation behind the full stop, given back to it across more than one blank
            start = line.find(text.split(" ")[0], at)
            text = line[start : _end_of(line, start, text)]
        rest += line[at:start]
        at = start + len(text)
        if goes(sentence.text):
            gone += 1
            at += len(line[at:]) - len(line[at:].lstrip())
        else:
            rest += text
    rest += line[at:]
    return (rest.rstrip(), gone) if gone else (line, 0)


def _end_of(line: str, start: int, text: str) -> int:
    """Where a text ends in a line in which there are more blanks between its words."""
    at = start
    for word in text.split():
        at = line.index(word, at) + len(word)
    return at
