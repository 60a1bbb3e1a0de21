"""The output contract: what a model must write, and its only parser.

A reply is ``<think>`` observations citing cue ids in square brackets, then what they mean together, then the
conclusion ``</think>``, followed by one JSON object valid against ``records/schemas/answer.json``; the preset
``direct`` asks for the JSON alone. Models also write other things. The parser repairs what can be repaired, says each
repair, and raises on what cannot: it never returns an empty answer quietly, and it takes time linear in the text.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..errors import ModelOutputError
from ..records import CueSet, EmotionProbability, Explanation
from ..records.convert import check
from .answer import Canon, clean
from .claims import known_cues, read_alternatives, read_claims, section_text
from .passages import Passages, find_passages
from .presets import preset_named
from .problems import Problem, excerpt
from .sentences import cited_ids, spellings, split_sentences

__all__ = ["LONGEST_REPLY", "Parsed", "Problem", "parse_answer", "read_answer", "write_answer"]

#: Longer replies are refused unread, characters.
LONGEST_REPLY: Final = 8_000_000

_EXPECTED = "expected <think>…</think> and then one JSON object with labels and emotions"
_NOTE_IDS = 5
_SURROGATE = re.compile("[\ud800-\udfff]")
_THINK_TAG = re.compile(r"<(?=\s{0,4}/?\s{0,4}think(?:ing)?\s{0,4}/?>)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A reply taken apart.

    Attributes
    ----------
    think : str or None
        The chain of thought, without tags.
    answer : dict or None
        The answer, valid against ``answer.json`` but for fields the model left out; None when there is none.
    interpretation : str or None
        An ``interpretation`` the model put into the JSON (the contract has it in the chain of thought).
    problems : tuple of Problem
        Everything that was wrong, repaired or not.
    written : dict or None
        The JSON object just as the model wrote it, nothing limited, renamed or made unique.
    """

    think: str | None
    answer: dict[str, Any] | None
    interpretation: str | None = None
    problems: tuple[Problem, ...] = ()
    written: dict[str, Any] | None = None


def parse_answer(text: str) -> Parsed:
    """Take a reply apart without knowing the clip. Never raises on text of at most ``LONGEST_REPLY`` characters.

    Raises
    ------
    ModelOutputError
        The reply is longer than that.

    Examples
    --------
    >>> parsed = parse_answer('Sure! <think>Lips part [a.AU25.1].</think> {"labels": ["joy"], "emotions": {"joy": 80}}')
    >>> parsed.think, parsed.answer["labels"]
    ('Lips part [a.AU25.1].', [{'label': 'joy', 'cues': []}])
    >>> [problem.code for problem in parsed.problems][:3]
    ['chatty', 'synonym', 'not_normalised']
    """
    if len(text) > LONGEST_REPLY:
        raise ModelOutputError(f"the reply has {len(text)} characters; expected at most {LONGEST_REPLY}")
    passages = find_passages(_SURROGATE.sub("\ufffd", text))
    problems = _form_problems(passages)
    think = passages.think
    if think is None and passages.around and _cites_something(passages.around):
        think = passages.around
    if passages.answer is None:
        return Parsed(think, None, None, (*problems, Problem("no_answer", f"there is no JSON answer; {_EXPECTED}")))
    canon = Canon()
    answer = canon.read(passages.answer.value)
    interpretation = passages.answer.value.get("interpretation")
    return Parsed(
        think,
        answer,
        clean(interpretation, 4000) or None if isinstance(interpretation, str) else None,
        (*problems, *canon.problems),
        passages.answer.value,
    )


def _cites_something(text: str) -> bool:
    return any(any(cited_ids(sentence.text, {})) for sentence in split_sentences(text[:20_000]))


def _form_problems(passages: Passages) -> list[Problem]:
    """Name what is wrong with the reply's form."""
    found: list[Problem] = []
    if passages.exhausted:
        found.append(Problem("tangled", "too many broken braces to read them all"))
    if passages.opened > 1 or passages.closed > 1:
        found.append(Problem("repeated_think", "the think tags are repeated; all their text was taken"))
    if passages.opened and not passages.closed:
        found.append(Problem("unclosed_think", "</think> is missing"))
    if passages.in_think:
        found.append(Problem("answer_in_think", "the only answer stands inside the chain of thought"))
    if passages.others:
        found.append(Problem("several_answers", f"{passages.others + 1} JSON answers were given; the last was taken"))
    if passages.think is None and passages.around and _cites_something(passages.around):
        found.append(Problem("untagged_think", "the reasoning stands outside think tags"))
    elif passages.around:
        found.append(Problem("chatty", f"text around the answer was passed over: {excerpt(passages.around)}"))
    slips = passages.answer.slips if passages.answer is not None else frozenset()
    if "truncated" in slips:
        found.append(Problem("truncated", "the JSON is cut off; what stands before the cut was taken"))
    if others := sorted(slips - {"truncated"}):
        found.append(
            Problem("malformed", f"the JSON is not well-formed ({', '.join(others)}); it was read all the same")
        )
    return found


def read_answer(
    text: str,
    cueset: CueSet,
    *,
    engine: str | None = None,
    model: str | None = None,
    prompt_version: str | None = None,
    preset: str = "explain",
    strict: bool = True,
) -> Explanation:
    """Read a reply about a clip as an Explanation.

    Cited cue ids that do not exist are dropped and named in ``notes``, as is every repair.

    Parameters
    ----------
    text : str
        What the model wrote.
    cueset : CueSet
        The clip's cues: all of them, also those a token budget kept out of the prompt.
    engine, model, prompt_version : str, optional
        Recorded in the Explanation.
    preset : str
        What was asked for; ``direct`` expects no chain of thought.
    strict : bool
        Raise when there is nothing usable. False: return an Explanation that abstains and says what was wrong.

    Raises
    ------
    ModelOutputError
        ``strict``, and the reply has neither labels nor emotions nor an abstention.
    ConfigError
        There is no such preset.
    """
    thinks = preset_named(preset).thinks
    try:
        parsed = parse_answer(text)
        _require_usable(parsed, text)
    except ModelOutputError as error:
        if strict:
            raise
        return Explanation(
            clip=cueset.clip.id,
            abstained=True,
            abstain_reason=str(error),
            reasoning=None,
            engine=engine,
            model=model,
            prompt_version=prompt_version,
            gaps=cueset.gaps,
            notes=(str(error),),
        )
    return _explanation(parsed, cueset, thinks, {"engine": engine, "model": model, "prompt_version": prompt_version})


def _require_usable(parsed: Parsed, text: str) -> None:
    answer = parsed.answer
    if answer is not None and (answer.get("labels") or answer.get("emotions") or answer.get("abstained")):
        return
    what = "there is no JSON answer" if answer is None else "the answer holds neither labels nor emotions"
    wrong = "; ".join(problem.detail for problem in parsed.problems if problem.code != "no_answer")
    raise ModelOutputError(
        f"the model's reply cannot be used: {what}{f' ({wrong})' if wrong else ''}; {_EXPECTED}; "
        f"the reply begins {excerpt(text, 80)}"
    )


def _explanation(parsed: Parsed, cueset: CueSet, thinks: bool, made_by: Mapping[str, Any]) -> Explanation:
    answer = parsed.answer or {}
    known = spellings([cue.id for cue in cueset.cues])
    sentences = split_sentences(parsed.think or "")
    unknown: dict[str, None] = {}
    claims = read_claims(sentences, cueset, known, unknown)
    label_cues = {item["label"]: known_cues(item["cues"], known, unknown) for item in answer.get("labels", ())}
    problems = [*parsed.problems, *_think_problems(parsed, thinks), *_citation_problems(unknown)]
    abstained = bool(answer.get("abstained"))
    return Explanation(
        clip=cueset.clip.id,
        labels=tuple(label_cues),
        label_cues=label_cues,
        emotions=_probabilities(answer.get("emotions")),
        compounds=_probabilities(answer.get("compounds")),
        valence=answer.get("valence"),
        arousal=answer.get("arousal"),
        action_units=tuple(answer.get("action_units", ())),
        claims=tuple(claims),
        interpretation=parsed.interpretation or section_text(sentences, "interpretation"),
        alternatives=read_alternatives(answer, sentences),
        abstained=abstained,
        abstain_reason=(answer.get("abstain_reason") or "the model gave no reason") if abstained else None,
        reasoning=parsed.think,
        gaps=cueset.gaps,
        notes=tuple(f"model output: {problem.detail}" for problem in problems),
        **made_by,
    )


def _think_problems(parsed: Parsed, thinks: bool) -> list[Problem]:
    if thinks and not parsed.think:
        return [Problem("missing_think", "there is no chain of thought")]
    if not thinks and parsed.think:
        return [Problem("unexpected_think", "a chain of thought was written though none was asked for")]
    return []


def _citation_problems(unknown: Mapping[str, None]) -> list[Problem]:
    if not unknown:
        return []
    names = ", ".join(clean(name, 60) for name in list(unknown)[:_NOTE_IDS])
    more = f" and {len(unknown) - _NOTE_IDS} more" if len(unknown) > _NOTE_IDS else ""
    return [Problem("unknown_cue", f"cited cues that do not exist were dropped: {names}{more}")]


def _probabilities(items: list[dict[str, Any]] | None) -> tuple[EmotionProbability, ...]:
    return tuple(EmotionProbability(item["label"], item["probability"]) for item in items or ())


def write_answer(think: str | None, answer: Mapping[str, Any]) -> str:
    """Write a reply in the contract's form; the inverse of :func:`parse_answer`.

    Parameters
    ----------
    think : str or None
        The chain of thought; None or empty leaves the think part out. Think tags in it are defused.
    answer : mapping
        Valid against ``records/schemas/answer.json``.

    Raises
    ------
    RecordError
        The answer does not fit the schema.
    ValueError
        A number in it is NaN or infinite.

    Examples
    --------
    >>> answer = {"labels": [], "emotions": [], "valence": 0, "arousal": 0, "action_units": []}
    >>> parse_answer(write_answer("Lips part [a.AU25.1].", answer)).think
    'Lips part [a.AU25.1].'
    """
    check(dict(answer), "answer")
    # A think tag inside a JSON string could be taken for a real one by other readers of the contract.
    body = json.dumps(answer, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    if not think:
        return body
    return f"<think>\n{_THINK_TAG.sub('‹', think).strip()}\n</think>\n{body}"
