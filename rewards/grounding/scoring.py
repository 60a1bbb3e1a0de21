"""The grounding reward: the claims of a chain of thought should be true and speak for the answer.

Precision side
--------------
A claim *earns* when it is supported, said plainly, not miscited, not copied from the prompt, knowable to the model, and
bears on the answer (:mod:`.bearing`). Each phenomenon (code, person, presence or absence) earns once; at most ``cap``
earn for each of at most ``MOST_LABELS`` emotions that the labels name, of these one by an absence or a quotation (for
*neutral*, where absence is the evidence, all). Then::

    precision = (earned - contradicted) / max(FLOOR, earned + contradicted + hedged + unverifiable + miscited + guessed
                                              + padding beyond max(earned, ALLOWANCE))

clipped to [0, 1]. *Padding* is what is true and earns nothing: repetitions, copies, claims that do not bear on the
answer; up to ``cap`` claims that do bear on it beyond the caps are none. Some padding is free, so that one more true
claim never costs an honest text anything; a dump of all cues drowns. Descriptions that nothing could check weigh half:
a description of the scene is no fault.

Recall side
-----------
The salience-weighted share of present cues that the prompt did *not* show and that a plain, supported claim names; each
code of each person counts once, as strong as its strongest cue. None when the model saw no media, or all was shown.

``value`` is precision where there is no recall, else ``precision * (1 - recall_weight + recall_weight * recall)``: to
name much earns only as far as it is true.
A completion without a chain of thought (``direct`` answers) makes no claim and gets 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ...prompts.salience import strength
from ...records import Reference, Score
from ..classes import family_of
from ..completion import Completion
from .bearing import emotions_borne
from .checking import verdicts
from .copying import Copies
from .cue_index import CueIndex, Entry, index_of
from .verdict import Verdict

#: Emotions of the answer that claims can earn for.
MOST_LABELS: Final = 4
#: Claims that can earn for one of them.
CAP: Final = 4
#: Fewer claims than this are divided by this: one lucky claim is no chain of thought.
FLOOR: Final = 3
#: True claims that earn nothing and are free, where fewer earn.
ALLOWANCE: Final = 3
RECALL_WEIGHT: Final = 0.3
_DESCRIPTION_WEIGHT: Final = 0.5
#: Codes nobody writes about.
_UNNAMED: Final = frozenset({("scene", "shot"), ("scene", "keyframe"), ("sound", "segment")})
_COUNTED: Final = ("supported", "contradicted", "unverifiable", "surplus", "padding", "hedged", "miscited", "copied",
                   "guessed", "weak")  # fmt: skip

#: What is claimed, once: group, code, person, present or absent.
Unit = tuple[str, str, str | None, str]


@dataclass
class _Tally:
    """Counts of one completion; ``units`` maps what may earn to the emotions it bears on."""

    n: dict[str, float] = field(default_factory=dict)
    units: dict[Unit, frozenset[str]] = field(default_factory=dict)
    claims: set[frozenset[Unit]] = field(default_factory=set)
    named: set[tuple[str, str, str | None]] = field(default_factory=set)

    def add(self, what: str, weight: float = 1.0) -> None:
        self.n[what] = self.n.get(what, 0.0) + weight


def score_grounding(
    completion: Completion,
    reference: Reference,
    *,
    recall_weight: float = RECALL_WEIGHT,
    cap: int = CAP,
    copies_earn: bool = False,
) -> Score | None:
    """Score how well the reasoning is borne out by the clip, and how far it speaks for the answer.

    Parameters
    ----------
    completion : Completion
        Claims are read from ``completion.reasoning``; the answer's labels say what they must bear on.
    reference : Reference
        ``cueset`` (all cues of the clip), ``shown`` and ``saw_media``.
    recall_weight : float
        Weight of the recall side, where there is one.
    cap : int
        Claims that can earn for one emotion of the answer.
    copies_earn : bool
        Whether a sentence that says of a cue just what the prompt says may earn (for engines that cite so).

    Returns
    -------
    Score or None
        Value in [0, 1]; None when the reference has no cues. The parts are ``precision``, ``precision_raw``
        (not clipped), ``recall`` and counts: ``n_claims``, ``n_supported``, ``n_contradicted``, ``n_unverifiable``,
        ``n_earning``, ``n_surplus`` (bear on the answer beyond the caps), ``n_padding``, ``n_hedged``, ``n_miscited``,
        ``n_copied``, ``n_guessed`` (true, but the prompt kept it back and the model saw no media) and ``n_weak``
        (supported by cues of low confidence alone).
    """
    if reference.cueset is None:
        return None
    found = verdicts(completion.reasoning, reference.cueset)
    return score_verdicts(found, completion, reference, recall_weight=recall_weight, cap=cap, copies_earn=copies_earn)


def score_verdicts(
    found: Sequence[Verdict],
    completion: Completion,
    reference: Reference,
    *,
    recall_weight: float = RECALL_WEIGHT,
    cap: int = CAP,
    copies_earn: bool = False,
) -> Score | None:
    """Score claims that were checked before; see :func:`score_grounding`."""
    if reference.cueset is None:
        return None
    index = index_of(reference.cueset)
    emotions = _answer(completion)
    shown = None if reference.shown is None or reference.saw_media else frozenset(reference.shown)
    copies = None if copies_earn else Copies(index)
    tally = _Tally()
    for verdict in found:
        _count(verdict, _entries(verdict, index), tally, emotions, shown, copies)
    bearing = min(len(tally.claims), len(tally.units))
    earned = min(bearing, _most_earning(tally.units, tuple(emotions), cap))
    tally.add("n_surplus", bearing - earned)
    tally.add("n_padding", tally.n.get("plain", 0.0) - earned - min(bearing - earned, cap))
    raw = _precision(tally, earned)
    precision = min(max(raw, 0.0), 1.0)
    recall = _recall(index, reference, tally.named)
    value = precision * (1 if recall is None else 1 - recall_weight + recall_weight * recall)
    return Score(name="grounding", value=value, parts=_parts(tally, len(found), earned, raw, precision, recall))


def _entries(verdict: Verdict, index: CueIndex) -> list[Entry]:
    return [index.by_id[cue_id] for cue_id in verdict.cue_ids if cue_id in index.by_id]


def _answer(completion: Completion) -> dict[str, frozenset[str]]:
    """Emotions of the answer, at most ``MOST_LABELS``, each with the cues that its labels cite.

    A label of no known family stands for itself: what it cites bears on it. Where no label says anything, the likeliest
    class of the distribution does.
    """
    cited = completion.label_cues or {}
    found: dict[str, frozenset[str]] = {}
    for label in completion.labels[:100]:
        name = family_of(label) or (f"label:{label.casefold()}" if cited.get(label) else None)
        if name is not None and (name in found or len(found) < MOST_LABELS):
            found[name] = found.get(name, frozenset()) | frozenset(cited.get(label, ()))
    if not found and completion.distribution:
        found[max(completion.distribution, key=completion.distribution.__getitem__)] = frozenset()
    return found


def _count(
    verdict: Verdict,
    entries: Sequence[Entry],
    tally: _Tally,
    emotions: dict[str, frozenset[str]],
    shown: frozenset[str] | None,
    copies: Copies | None,
) -> None:
    """Count one claim as what it is."""
    tally.add(f"n_{verdict.verdict}")
    assertion = verdict.assertion
    if assertion.hedged:
        tally.add("n_hedged")
    if verdict.verdict == "contradicted":
        return
    if assertion.hedged:
        tally.add("lost")
    elif verdict.verdict == "unverifiable":
        tally.add("lost", 1.0 if assertion.codes or assertion.quote else _DESCRIPTION_WEIGHT)
    elif verdict.miscited:
        tally.add("n_miscited")
        tally.add("lost")
    else:
        _count_supported(verdict, entries, tally, emotions, shown, copies)


def _count_supported(
    verdict: Verdict,
    entries: Sequence[Entry],
    tally: _Tally,
    emotions: dict[str, frozenset[str]],
    shown: frozenset[str] | None,
    copies: Copies | None,
) -> None:
    """Count a true, plain, well cited claim: it may earn."""
    if entries and all("low_confidence" in entry.cue.marks for entry in entries):
        tally.add("n_weak")
    if shown is not None and entries and not any(entry.cue.id in shown for entry in entries):
        tally.add("n_guessed")
        tally.add("lost")
        return
    tally.add("plain")
    if not verdict.assertion.negated:
        tally.named.update((entry.kind.group, entry.kind.code, entry.cue.subject) for entry in entries)
    if copies is not None and copies.has(verdict.assertion.sentence):
        tally.add("n_copied")
        return
    units: dict[Unit, frozenset[str]] = {}
    for entry in entries:
        borne = _borne(verdict, entry, emotions)
        if borne:
            unit: Unit = (entry.kind.group, entry.kind.code, entry.cue.subject, entry.cue.state)
            units[unit] = units.get(unit, frozenset()) | borne
    if units:
        tally.claims.add(frozenset(units))
        for unit, borne in units.items():
            tally.units[unit] = tally.units.get(unit, frozenset()) | borne


def _borne(verdict: Verdict, entry: Entry, emotions: dict[str, frozenset[str]]) -> frozenset[str]:
    """Emotions of the answer that a claim speaks for: by the table; words that were said, where a label cites them."""
    by_table = emotions_borne(verdict.assertion, entry)
    quoted = verdict.assertion.quote is not None
    return frozenset(
        name
        for name, cited in emotions.items()
        if name in by_table or (entry.cue.id in cited and (quoted or name.startswith("label:")))
    )


def _most_earning(units: dict[Unit, frozenset[str]], emotions: Sequence[str], cap: int) -> int:
    """Largest number of units that can earn, each for one emotion, within the caps (bipartite matching).

    An emotion has ``cap`` places; absences and words share the first (for neutral, they fit all).
    """
    places = [(name, place) for name in emotions for place in range(cap)]
    taken: dict[tuple[str, int], Unit] = {}

    def fits(unit: Unit, name: str, place: int) -> bool:
        weak = unit[3] == "absent" or unit[1] == "utterance"
        return name in units[unit] and (place == 0 or not weak or name == "neutral")

    def seat(unit: Unit, tried: set[tuple[str, int]]) -> bool:
        for spot in places:
            if spot not in tried and fits(unit, *spot):
                tried.add(spot)
                if spot not in taken or seat(taken[spot], tried):
                    taken[spot] = unit
                    return True
        return False

    for unit in units:
        if len(taken) == len(places):
            break
        seat(unit, set())
    return len(taken)


def _precision(tally: _Tally, earned: int) -> float:
    """Precision, not clipped."""
    contradicted = tally.n.get("n_contradicted", 0.0)
    weight = earned + contradicted + tally.n.get("lost", 0.0) + max(0.0, tally.n["n_padding"] - max(earned, ALLOWANCE))
    return (earned - contradicted) / max(FLOOR, weight)


def _recall(index: CueIndex, reference: Reference, named: set[tuple[str, str, str | None]]) -> float | None:
    """Salience-weighted share of what the prompt did not show and the text names."""
    if not reference.saw_media or reference.shown is None:
        return None
    shown = frozenset(reference.shown)
    hidden: dict[tuple[str, str, str | None], float] = {}
    for entry in index.by_id.values():
        key = (entry.kind.group, entry.kind.code, entry.cue.subject)
        if entry.cue.state == "present" and entry.cue.id not in shown and key[:2] not in _UNNAMED:
            hidden[key] = max(hidden.get(key, 0.0), strength(entry.cue))
    total = sum(hidden.values())
    return sum(weight for key, weight in hidden.items() if key in named) / total if total > 0 else None


def _parts(
    tally: _Tally, n_claims: int, earned: int, raw: float, precision: float, recall: float | None
) -> dict[str, float | str | None]:
    return {
        "precision": precision,
        "precision_raw": raw,
        "recall": recall,
        "n_claims": float(n_claims),
        "n_earning": float(earned),
        **{f"n_{name}": tally.n.get(f"n_{name}", 0.0) for name in _COUNTED},
    }
