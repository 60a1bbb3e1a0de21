"""What holds of any claims and any cues: ranges, flips, monotone scores, no exceptions."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from some_records import cuesets

from emoreason.records import Clip, Cue, CueSet, Reference
from emoreason.records.labels import MODALITIES, SIDES
from emoreason.rewards.completion import Completion
from emoreason.rewards.grounding.assertion import Assertion
from emoreason.rewards.grounding.checking import check, check_all
from emoreason.rewards.grounding.cue_index import index_of
from emoreason.rewards.grounding.scoring import score_verdicts

CODES = ("AU12", "AU1", "AU4", "AU45", "AU51", "f0_mean", "loudness", "pause", "utterance", "yaw", "gaze", "n_faces")
DIRECTIONS = ("rising", "falling", "level", "rise_fall", "left", "right", "up", "down", "away", "toward")
PARTS = ("beginning", "middle", "end", "first_half", "second_half", "throughout")
FLIP = {"supported": "contradicted", "contradicted": "supported", "unverifiable": "unverifiable"}

_seconds = st.none() | st.floats(0, 10)
some_cues = st.builds(
    lambda span, **fields: Cue(start_s=span[0], end_s=span[1], **fields),
    span=st.tuples(st.floats(0, 5), st.floats(5, 10)) | st.just((None, None)),
    id=st.integers(0, 99).map(lambda n: f"a.b.{n}"),
    modality=st.sampled_from(MODALITIES),
    code=st.sampled_from(CODES),
    state=st.sampled_from(("present", "present", "absent", "unknown")),
    value=st.none() | st.floats(0, 5),
    unit=st.none() | st.sampled_from(("0-5", "Hz", "s", "1", "")),
    level=st.none() | st.sampled_from(("slightly", "strongly", "high", "very_low", "normal", "odd")),
    direction=st.none() | st.sampled_from((*DIRECTIONS, "higher", "odd")),
    side=st.none() | st.sampled_from(SIDES),
    subject=st.none() | st.sampled_from(("face1", "face2")),
    text=st.none() | st.sampled_from(("Oh! You came.", "a red coat", "")),
    marks=st.lists(st.sampled_from(("presence_only", "low_confidence", "other_scale")), max_size=1).map(tuple),
)
some_cuesets = st.builds(
    CueSet,
    clip=st.builds(Clip, id=st.just("c"), duration_s=st.none() | st.just(10.0), transcript=st.none() | st.text()),
    cues=st.lists(some_cues, max_size=12, unique_by=lambda cue: cue.id).map(tuple),
)
some_claims = st.builds(
    Assertion,
    sentence=st.text(max_size=20),
    clause=st.text(max_size=20) | st.just("a red coat"),
    modality=st.none() | st.sampled_from(MODALITIES),
    codes=st.lists(st.sampled_from((*CODES, "", "某")), max_size=2).map(tuple),
    negated=st.booleans(),
    level=st.none() | st.integers(-2, 5),
    value=st.none() | st.floats(-10, 400),
    unit=st.none() | st.sampled_from(("Hz", "s", "0-5", "times", "odd")),
    direction=st.none() | st.sampled_from(DIRECTIONS),
    side=st.none() | st.sampled_from(SIDES),
    subject=st.none() | st.sampled_from(("face1", "face2", "face9")),
    start_s=_seconds,
    end_s=_seconds,
    part=st.none() | st.sampled_from(PARTS),
    quote=st.none() | st.text(max_size=20) | st.just("you came"),
    hedged=st.booleans(),
    cited=st.lists(st.integers(0, 99).map(lambda n: f"a.b.{n}"), max_size=2).map(tuple),
    unknown_ids=st.just(()) | st.just(("a.b.777",)),
)


@given(some_claims, some_cuesets | cuesets())
@settings(max_examples=200, deadline=None)
def test_negation_flips_the_verdict(claim: Assertion, cueset: CueSet) -> None:
    if claim.part == "throughout":
        claim = replace(claim, part=None)
    index = index_of(cueset)
    once, flipped = check(claim, index), check(replace(claim, negated=not claim.negated), index)
    assert flipped.verdict == FLIP[once.verdict]
    assert set(once.cue_ids) <= {cue.id for cue in cueset.cues}
    assert once.why


@given(some_claims, some_cuesets)
@settings(max_examples=80, deadline=None)
def test_cues_of_other_codes_change_nothing_but_whether_it_is_miscited(claim: Assertion, cueset: CueSet) -> None:
    """A cue that is about nothing the claim says decides nothing."""
    claim = replace(claim, subject=None)
    more = replace(cueset, cues=(*cueset.cues, Cue(id="z", modality="physiology", code="respiration_rate")))
    if claim.modality is not None and claim.part != "throughout":
        assert check(claim, index_of(cueset)).verdict == check(claim, index_of(more)).verdict


@given(some_claims, some_cuesets)
@settings(max_examples=80, deadline=None)
def test_unknown_is_not_absent(claim: Assertion, cueset: CueSet) -> None:
    """Where nothing could be measured, and no words are known, nothing is supported or contradicted."""
    claim = replace(claim, cited=(), quote=None)
    unknown = replace(
        cueset, cues=tuple(replace(cue, state="unknown") for cue in cueset.cues), clip=Clip(id="c", duration_s=10.0)
    )
    assert check(claim, index_of(unknown)).verdict == "unverifiable"


def scored(claims: list[Assertion], cueset: CueSet, completion: Completion, **known: Any) -> float:
    reference = Reference(cueset=cueset, **known)
    score = score_verdicts(check_all(claims, cueset), completion, reference)
    assert score is not None
    assert score.value is not None
    assert 0 <= score.value <= 1
    return score.value


LABELS = st.lists(st.sampled_from(("happy", "sad", "surprised", "calm", "xyzzy")), max_size=3).map(tuple)


@given(st.lists(some_claims, max_size=8), some_cuesets, LABELS, st.booleans(), st.data())
@settings(max_examples=120, deadline=None)
def test_dropping_a_contradicted_claim_never_costs(
    claims: list[Assertion], cueset: CueSet, labels: tuple[str, ...], saw: bool, data: st.DataObject
) -> None:
    shown = tuple(cue.id for cue in cueset.cues[::2])
    completion = Completion(text="", labels=labels)
    before = scored(claims, cueset, completion, shown=shown, saw_media=saw)
    wrong = [n for n, found in enumerate(check_all(claims, cueset)) if found.verdict == "contradicted"]
    if wrong:
        gone = data.draw(st.sampled_from(wrong))
        assert (
            scored(claims[:gone] + claims[gone + 1 :], cueset, completion, shown=shown, saw_media=saw) >= before - 1e-12
        )


TRUE = tuple(
    Cue(id=f"face1.{code}.1", modality="face", code=code, level="moderately", subject="face1")
    for code in ("AU12", "AU6", "AU25", "AU1", "AU2", "AU5", "AU26")
)


@given(st.lists(some_claims, max_size=8), some_cuesets, st.sampled_from(TRUE), st.integers(0, 8), st.booleans())
@settings(max_examples=120, deadline=None)
def test_a_true_claim_that_bears_on_the_answer_never_costs_under_the_cap(
    claims: list[Assertion], cueset: CueSet, new: Cue, at: int, saw: bool
) -> None:
    cueset = replace(cueset, cues=(*cueset.cues, *TRUE))
    claim = Assertion(sentence="s", clause="c", modality="face", codes=(new.code,), cited=(new.id,))
    others = [c for c in claims if new.code not in c.codes][:4]
    completion = Completion(text="", labels=("happy", "surprised", "worried"))
    before = scored(others, cueset, completion, saw_media=saw, shown=None)
    assert scored([*others[:at], claim, *others[at:]], cueset, completion, saw_media=saw, shown=None) >= before - 1e-12


@given(st.lists(some_claims, max_size=8), some_cuesets, st.randoms())
@settings(max_examples=50, deadline=None)
def test_the_order_of_claims_does_not_matter(claims: list[Assertion], cueset: CueSet, random: Any) -> None:
    completion = Completion(text="", labels=("happy", "sad"))
    mixed = list(claims)
    random.shuffle(mixed)
    assert scored(claims, cueset, completion) == scored(mixed, cueset, completion)
