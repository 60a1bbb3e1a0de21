"""What a model wrote about a clip -> evidence: which of its claims the cues bear out, and the labels that rest on them.

Nothing here takes the model's word for anything: claims are read out of its text and checked by rule against all cues
(:mod:`emoreason.rewards.grounding`), also where the text is no answer in the contract's form.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ...errors import ModelOutputError
from ...prompts.contract import read_answer
from ...reasoning.evidence.chain import observed_in
from ...records import Cue, CueSet, Explanation
from ...records.convert import to_json
from ...rewards.completion import Completion, read_completion
from ...rewards.grounding import Verdict
from ...rewards.grounding.checking import check_all
from ...rewards.grounding.reading import read_assertions

#: Longest text that is checked, characters; what is beyond gets no verdict, and a note says so.
LONGEST_CHECKED: Final = 60_000
#: Most claims of one text that are checked; and most comparisons of a claim with a cue, each about 15 microseconds.
MOST_CLAIMS: Final = 1_000
_MOST_COMPARED: Final = 1_000_000
_RULINGS: Final = ("supported", "contradicted", "unverifiable")
_FREE_TEXT: Final = "the text is no answer in the form that was asked for: its claims were checked, it has no labels"


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a text is checked against, and how it was asked for.

    Attributes
    ----------
    cueset : CueSet
        All cues of the clip, also those that the prompt had no room for.
    preset, prompt_version : str or None
        Of the prompt; None where no prompt of ours was used.
    notes : tuple of str
        What the reader must know besides (what a model was not given).
    observations_alone : bool
        Check its observations: the engine ``evidence`` wrote it, which goes on with sums of weights that would be read
        as intensities.
    """

    cueset: CueSet
    preset: str | None = None
    prompt_version: str | None = None
    notes: tuple[str, ...] = ()
    observations_alone: bool = False


def evidence_of(text: str, basis: Basis, notes: Iterable[str] = ()) -> dict[str, Any]:
    """Check one text. Never raises on what a model may write.

    Parameters
    ----------
    text : str
        The whole text; reasoning that came separately stands before it in think tags (:func:`whole_text`).
    basis : Basis
        What it is checked against.
    notes : iterable of str
        Further notes, of this text alone.

    Returns
    -------
    dict
        JSON value of ``message.evidence``, as ``evidence_schema.py`` describes it.

    Examples
    --------
    >>> from emoreason.records import Clip, Cue
    >>> smile = Cue(id="face1.AU12.1", modality="face", code="AU12", value=3.0, start_s=1.0, end_s=2.0)
    >>> basis = Basis(cueset=CueSet(clip=Clip(id="a.mp4"), cues=(smile,)))
    >>> text = '<think>The lip corners rise [face1.AU12.1].</think> {"labels": [{"label": "joy", "cues": []}]}'
    >>> found = evidence_of(text, basis)
    >>> found["counts"]["supported"], found["claims"][0]["start_s"]
    (1, 1.0)
    """
    cueset = basis.cueset
    text, said = _within_limits(text)
    answer = _answer(text, basis)
    # Not the remembering form: what was written about a clip is not kept.
    completion = read_completion.__wrapped__(text)
    wrote = completion.reasoning
    claims = read_assertions(observed_in(wrote, cueset) if basis.observations_alone else wrote, cueset)
    most = min(MOST_CLAIMS, _MOST_COMPARED // max(1, len(cueset.cues)))
    if len(claims) > most:
        said.append(f"only the first {most} of {len(claims)} claims were checked")
    found = check_all(claims[:most], cueset)
    label_cues = _label_cues(completion, answer)
    cues = cueset.by_id()
    if answer is not None and basis.preset is not None:  # what did not ask in our form does not miss it
        said += answer.notes
    elif not label_cues:
        said.append(_FREE_TEXT)
    return {
        "clip": _clip(cueset),
        "labels": _labels(label_cues, found),
        "claims": [_claim(verdict, cues) for verdict in found],
        "counts": {ruling: sum(verdict.verdict == ruling for verdict in found) for ruling in _RULINGS},
        "emotions": [
            {"label": item.label, "probability": item.probability} for item in (answer.emotions if answer else ())
        ],
        "abstained": answer is not None and answer.abstained,
        "cues": _pointed_at(cueset, found, label_cues),
        "gaps": [to_json(gap) for gap in cueset.gaps],
        "notes": list(dict.fromkeys((*basis.notes, *notes, *said))),
        "preset": basis.preset,
        "prompt_version": basis.prompt_version,
    }


def whole_text(content: str, reasoning: str = "") -> str:
    r"""Put reasoning that came separately back before the content, as the model wrote it.

    Examples
    --------
    >>> whole_text("{}", "Lips part.")
    '<think>\nLips part.\n</think>\n{}'
    """
    return f"<think>\n{reasoning}\n</think>\n{content}" if reasoning.strip() else content


def _within_limits(text: str) -> tuple[str, list[str]]:
    if len(text) <= LONGEST_CHECKED:
        return text, []
    note = f"only the first and last parts of {len(text)} characters were checked"
    half = LONGEST_CHECKED // 2
    return text[:half] + "\n" + text[-half:], [note]


def _answer(text: str, basis: Basis) -> Explanation | None:
    """Read the answer in the contract's form; None when there is none to use."""
    try:
        return read_answer(text, basis.cueset, preset=basis.preset or "explain")
    except ModelOutputError:
        return None


def _label_cues(completion: Completion, answer: Explanation | None) -> dict[str, tuple[str, ...]]:
    """Labels and the ids cited for them; in the field's other form they cite nothing."""
    if answer is not None:
        return dict(answer.label_cues or {})
    return dict.fromkeys(completion.labels[:MOST_CLAIMS], ()) if completion.form == "tags" else {}


def _clip(cueset: CueSet) -> dict[str, Any]:
    clip = cueset.clip
    return {"id": clip.id, "sha256": clip.sha256, "duration_s": clip.duration_s}


def _claim(verdict: Verdict, cues: Mapping[str, Cue]) -> dict[str, Any]:
    start_s, end_s = _span(verdict, cues)
    return {
        "claim": verdict.claim,
        "negated": verdict.assertion.negated,
        "verdict": verdict.verdict,
        "cue_ids": list(verdict.cue_ids),
        "start_s": start_s,
        "end_s": end_s,
        "why": verdict.why,
        "miscited": verdict.miscited,
    }


def _span(verdict: Verdict, cues: Mapping[str, Cue]) -> tuple[float | None, float | None]:
    """When to look: the span of the cues that decided it, of those it cites, or what the text itself says."""
    for ids in (verdict.cue_ids, verdict.assertion.cited):
        spans = [cues[name] for name in ids if name in cues]
        starts = [cue.start_s for cue in spans if cue.start_s is not None]
        ends = [cue.end_s for cue in spans if cue.end_s is not None]
        if starts:
            return min(starts), max(ends, default=None)
    return verdict.assertion.start_s, verdict.assertion.end_s


def _labels(label_cues: Mapping[str, Sequence[str]], found: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Each label with the claims about the cues it rests on."""
    about = [{*verdict.cue_ids, *verdict.assertion.cited} for verdict in found]
    return [
        {
            "label": label,
            "claims": [number for number, ids in enumerate(about) if not ids.isdisjoint(cue_ids)],
            "cue_ids": list(cue_ids),
        }
        for label, cue_ids in label_cues.items()
    ]


def _pointed_at(
    cueset: CueSet, found: Sequence[Verdict], label_cues: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """Cues that any claim or label points at, in the order of the clip's cues."""
    ids = {name for verdict in found for name in (*verdict.cue_ids, *verdict.assertion.cited)}
    ids.update(name for names in label_cues.values() for name in names)
    return [to_json(cue) for cue in cueset.cues if cue.id in ids]
