"""From what people said about a clip to an answer in the contract's form."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ...cues.wording import cue_text
from ...errors import RecordError
from ...prompts.answer import REQUIRED
from ...prompts.contract import Parsed, parse_answer, write_answer
from ...prompts.problems import excerpt
from ...prompts.salience import by_salience
from ...prompts.screening import screen
from ...prompts.sentences import cited_ids, spellings, split_sentences
from ...prompts.untrusted import neutralise, shown_id
from ...records import Cue, CueSet, Explanation
from ...records.labels import EMOTIONS, parse_action_unit

#: Codes that say nothing about anybody.
UNTELLING: Final = frozenset({"shot", "keyframe", "segment", "n_faces", "count"})
#: Cues that a chain of thought of ours names.
_MOST_OBSERVED: Final = 6
_MOST_LABELS: Final = 8
_LONGEST_LABEL: Final = 60

_PHRASES: Final = {
    "en": {
        "observed": "{text} [{id}].",
        "nothing": "Nothing that tells was measured.",
        "labels": "This is how people labelled what is expressed: {labels}.",
        "none": "People saw no emotion in it.",
        "form": "Observations: {observations}\nConclusion: {conclusion}",
        "between": ", ",
    },
    "zh": {
        "observed": "{text} [{id}]。",
        "nothing": "没有测到有意义的线索。",
        "labels": "人们对所表达内容的标注是：{labels}。",
        "none": "人们没有看出情绪。",
        "form": "观察：{observations}\n结论：{conclusion}",
        "between": "、",
    },
}


def telling(cueset: CueSet) -> list[Cue]:
    """Cues that are there and tell something, the most salient first; none that carries a label."""
    usable, _ = screen(cueset.cues)
    return by_salience([cue for cue in usable if cue.state == "present" and cue.code not in UNTELLING])


def from_labels(labels: Sequence[str], cueset: CueSet, language: str, think: str | None = None) -> str:
    """Answer that says of a clip what people labelled it, and of its cues what was measured.

    No label is tied to a cue, as people did not say to which: ``cues`` of the labels are empty. Each label gives its
    share to the class it belongs to, one that belongs to none to all alike; no label at all is neutral.
    """
    named = [{"label": label, "cues": []} for label in dict.fromkeys(neutralise(one, _LONGEST_LABEL) for one in labels)]
    answer = {"labels": [one for one in named if one["label"]][:_MOST_LABELS], "abstained": False}
    return _written(think or _thought(answer, cueset, language), answer, cueset)


def from_answer(answer: Mapping[str, Any], cueset: CueSet, language: str, think: str | None = None) -> str:
    """Answer from its JSON object; fields that are missing follow from the others."""
    parsed = parse_answer(json.dumps(dict(answer), ensure_ascii=False))
    read = _usable(parsed, json.dumps(dict(answer))[:100])
    return _written(think or _thought(read, cueset, language), read, cueset)


def from_text(text: str, cueset: CueSet) -> str:
    """Answer from a reply in the contract's form, or near it."""
    parsed = parse_answer(text)
    return _written(parsed.think, _usable(parsed, text), cueset)


def from_explanation(explanation: Explanation, cueset: CueSet, language: str) -> str:
    """Answer that an explanation was read from."""
    cited = explanation.label_cues or {}
    answer = {
        "labels": [{"label": one, "cues": list(cited.get(one, ()))} for one in explanation.labels],
        "emotions": {one.label: one.probability for one in explanation.emotions},
        "compounds": {one.label: one.probability for one in explanation.compounds},
        "valence": explanation.valence,
        "arousal": explanation.arousal,
        "action_units": list(explanation.action_units),
        "alternatives": [{"label": one.label, "reason": one.reason} for one in explanation.alternatives],
        "abstained": explanation.abstained,
        "abstain_reason": explanation.abstain_reason,
    }
    known = {key: value for key, value in answer.items() if value not in (None, {}, [])}
    think = explanation.reasoning or " ".join(claim.sentence for claim in explanation.claims)
    return from_answer(known, cueset, language, think or None)


def _usable(parsed: Parsed, text: str) -> dict[str, Any]:
    answer = parsed.answer
    if answer is None or not (answer.get("labels") or answer.get("emotions") or answer.get("abstained")):
        raise RecordError(f"an answer with labels or emotions was expected; this one begins {excerpt(text, 80)}")
    return answer


def _written(think: str | None, answer: Mapping[str, Any], cueset: CueSet) -> str:
    """Write the contract's form; fields that are missing follow from the others."""
    unknown = _unknown_ids(think, answer, cueset)
    if unknown:
        raise RecordError(f"the answer cites {', '.join(unknown[:3])}, which the cueset does not hold")
    complete = {**answer}
    if not complete.get("emotions"):
        complete["emotions"] = _shares([one["label"] for one in complete.get("labels", ())])
    complete.setdefault("labels", [])
    shares = {one["label"]: one["probability"] for one in complete["emotions"]}
    valence, arousal = _affect(shares)
    complete.setdefault("valence", valence)
    complete.setdefault("arousal", arousal)
    complete.setdefault("action_units", _cited_units(think, cueset))
    complete.setdefault("alternatives", [])
    order = (*REQUIRED, *(key for key in complete if key not in REQUIRED))
    return write_answer(think, {key: complete[key] for key in order})


def _unknown_ids(think: str | None, answer: Mapping[str, Any], cueset: CueSet) -> list[str]:
    known = spellings([cue.id for cue in cueset.cues])
    cited = [cue_id for one in answer.get("labels", ()) for cue_id in one["cues"] if cue_id not in known]
    for sentence in split_sentences(think or ""):
        cited += cited_ids(sentence.text, known)[1]
    return list(dict.fromkeys(cited))


def _cited_units(think: str | None, cueset: CueSet) -> list[str]:
    known = spellings([cue.id for cue in cueset.cues])
    cited = {cue_id for sentence in split_sentences(think or "") for cue_id in cited_ids(sentence.text, known)[0]}
    units = [
        unit[0]
        for cue in cueset.cues
        if cue.id in cited
        and cue.modality == "face"
        and cue.state == "present"
        and (unit := parse_action_unit(cue.code))
    ]
    return list(dict.fromkeys(units))


def _thought(answer: Mapping[str, Any], cueset: CueSet, language: str) -> str:
    """Say the most salient cues, each cited, and how people labelled the clip; no reading is made up."""
    say = _PHRASES[language]
    shown = {cue.id for cue in telling(cueset)[:_MOST_OBSERVED]}
    lines = [
        say["observed"].format(text=cue_text(cue, language), id=shown_id(cue.id))
        for cue in cueset.cues
        if cue.id in shown
    ]
    labels = say["between"].join(one["label"] for one in answer.get("labels", ()))
    return say["form"].format(
        observations=" ".join(lines) or say["nothing"],
        conclusion=say["labels"].format(labels=labels) if labels else say["none"],
    )


def _shares(labels: Sequence[str]) -> list[dict[str, Any]]:
    """Distribution over the seven classes that labels of people stand for."""
    from ...rewards.classes import class_of, family_of

    weights = dict.fromkeys(EMOTIONS, 0.0)
    for label in labels:
        emotion = class_of(label) or family_of(label)
        for one in (emotion,) if emotion else EMOTIONS:
            weights[one] += 1 / (1 if emotion else len(EMOTIONS))
    total = math.fsum(weights.values())
    if not total:
        weights["neutral"] = total = 1.0
    return [{"label": emotion, "probability": round(weights[emotion] / total, 4)} for emotion in EMOTIONS]


def _affect(shares: Mapping[str, float]) -> tuple[float, float]:
    """Mean valence and arousal of a distribution on the scales that the evidence engine uses."""
    from ..evidence.tables import rows

    places = {row["emotion"]: row for row in rows("evidence_affect.csv")}
    valence, arousal = (
        math.fsum(share * float(places[emotion][scale]) for emotion, share in shares.items())
        for scale in ("valence", "arousal")
    )
    return round(valence, 2), round(arousal, 2)
