"""Variants and preference pairs: what is not shown is not spoken of, and what is worse is worse."""

import json
from dataclasses import replace
from random import Random

import pytest

from emoreason.data_synth.checked import Checked, Fault
from emoreason.data_synth.checks.limits import Limits
from emoreason.data_synth.draft import Draft, Manner
from emoreason.data_synth.labelled import LabelledClip
from emoreason.data_synth.negatives.claims import Claims
from emoreason.data_synth.negatives.flipping import flipped
from emoreason.data_synth.negatives.swapping import Observing, swapped
from emoreason.data_synth.preferences import TELLING, preferences, read_preferences, write_preferences
from emoreason.data_synth.template.writer import write_template
from emoreason.data_synth.variants import Variants, checked_row, vary
from emoreason.data_synth.writing.rows import prompt_of, row_of
from emoreason.errors import ConfigError
from emoreason.prompts.contract import parse_answer
from emoreason.records import Clip, Cue, CueSet, Reference, TrainingRow
from emoreason.rewards.grounding import verdicts

LIMITS = Limits()
STRONG = {"level": "strongly", "value": 4.0, "unit": "0-5"}
WEAK = {"level": "slightly", "value": 1.5, "unit": "0-5"}


def _face(code: str, **more: object) -> Cue:
    return Cue(id=f"face1.{code}.1", modality="face", code=code, subject="face1", start_s=0.5, end_s=1.5, **more)  # type: ignore[arg-type]


def _voice(code: str, **more: object) -> Cue:
    return Cue(id=f"voice.{code}.1", modality="voice", code=code, start_s=0.0, end_s=2.5, **more)  # type: ignore[arg-type]


GLAD = (
    _face("AU6", **STRONG), _face("AU12", **STRONG), _face("AU25", **WEAK), _face("AU5", **WEAK), _face("AU26", **WEAK),
    _voice("f0_mean", level="high", value=260.0, unit="Hz"), _voice("loudness", level="high"),
    _voice("f0_contour", direction="rising"), _voice("speech_rate", level="fast"),
)  # fmt: skip
ANGRY = (
    _face("AU4", **STRONG), _face("AU7", **WEAK), _face("AU23", **STRONG),
    _voice("f0_mean", level="low", value=90.0, unit="Hz"), _voice("loudness", level="high"),
    _voice("f0_contour", direction="falling"), _voice("speech_rate", level="slow"),
)  # fmt: skip


def _row(name: str, cues: tuple[Cue, ...], emotion: str, language: str = "en", seed: int = 0) -> TrainingRow:
    cueset = CueSet(clip=Clip(id=name, duration_s=4.0), cues=cues)
    clip = LabelledClip(id=name, cueset=cueset, reference=Reference(emotion=emotion))
    manner = Manner(style="long", language=language, seed=seed)
    draft = Draft(number=seed, text=write_template(clip, manner), manner=manner, writer="template/1")
    return row_of(clip, Checked(draft=draft))


def test_a_row_without_a_modality_shows_nothing_of_it_and_says_nothing_about_it():
    rows = [_row(f"clip {n}", GLAD, "happiness", seed=n) for n in range(12)]
    found = list(vary(rows, Variants(masked_rows=1.0, held_back_rows=0.0)))
    masked = [row for row in found if row.origin.get("variant")]
    assert [row for row in found if row not in masked] == rows
    assert len(masked) >= 6
    assert {row.origin["variant"] for row in masked} == {"without voice", "without face"}
    for row in masked:
        gone = "voice" if row.id.endswith("-without-voice") else "face"
        assert all(cue.modality != gone for cue in row.cueset.cues)
        assert row.cueset.gaps[-1].modality == gone
        assert f"[{gone}" not in row.target
        assert checked_row(row, LIMITS).passed
        assert len({one.id for one in found}) == len(found)


def test_what_a_model_wrote_loses_the_sentences_that_rest_on_what_is_masked():
    think = (
        "Observations:\nThe lip corners are strongly raised [face1.AU12.1]. The cheeks lift strongly [face1.AU6.1]. "
        "The lips are slightly parted [face1.AU25.1].\nThe voice is high-pitched [voice.f0_mean.1]. "
        "The voice is loud [voice.loudness.1]. The pitch rises [voice.f0_contour.1].\n\n"
        "Interpretation:\nRaised cheeks and lip corners fit happiness [face1.AU6.1, face1.AU12.1].\n"
        "A high pitch and a loud voice fit happiness [voice.f0_mean.1, voice.loudness.1].\n\n"
        "Conclusion:\nAll in all this expresses happiness."
    )
    row = _row("a", GLAD, "happiness")
    answer = row.target.partition("</think>")[2]
    row = replace(row, target=f"<think>\n{think}\n</think>{answer}", origin={**row.origin, "writer": "openai tiny"})
    (masked,) = list(vary([row], Variants(masked_rows=1.0, held_back_rows=0.0)))[1:]
    assert masked.origin["variant"] == "without face"
    assert "The voice is loud" in masked.target
    assert "lip" not in masked.target.partition("</think>")[0]
    assert parse_answer(masked.target).answer["action_units"] == []


def test_a_held_back_cue_is_in_the_row_and_neither_in_its_prompt_nor_in_its_target():
    rows = [_row(f"clip {n}", GLAD, "happiness", seed=n) for n in range(12)]
    found = [row for row in vary(rows, Variants(held_back_rows=1.0, masked_rows=0.0)) if row.held_back]
    assert len(found) >= 6
    for row in found:
        assert row.cueset.cues == GLAD
        asked = prompt_of(row)[1]["content"]
        assert all(cue_id not in asked and cue_id not in row.target for cue_id in row.held_back)
        assert row.origin["held_back"] == len(row.held_back)


def test_a_variant_is_not_made_where_another_split_shows_the_same():
    from emoreason.data_synth.split import telling_digest

    rows = [_row(f"clip {n}", GLAD, "happiness", seed=n) for n in range(6)]
    made = [row for row in vary(rows, Variants(masked_rows=1.0, held_back_rows=0.0)) if row.origin.get("variant")]
    elsewhere = {telling_digest(row.cueset): "dev" for row in made}
    again = list(vary(rows, Variants(masked_rows=1.0, held_back_rows=0.0), observed=elsewhere))
    assert made
    assert [row.id for row in again] == [row.id for row in rows]


def test_rows_that_no_writer_wrote_stay_as_they_are():
    row = TrainingRow(id="a", cueset=CueSet(clip=Clip(id="a"), cues=GLAD), origin={"mode": "perception"}, target="AU6")
    assert list(vary([row], Variants(masked_rows=1.0, held_back_rows=1.0))) == [row]
    assert not list(preferences([row]))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_flipped_claim_is_false_and_all_other_text_is_the_same(language):
    changed = 0
    for seed in range(8):
        row = _row("a", GLAD, "happiness", language, seed)
        found = flipped(row.target, row.cueset, language, Random(seed))
        if found is None:
            continue
        text, claim = found
        changed += 1
        assert text.count("\n") == row.target.count("\n")
        assert parse_answer(text).written == parse_answer(row.target).written
        false = [one for one in verdicts(parse_answer(text).think, row.cueset) if one.verdict == "contradicted"]
        assert {one.assertion.sentence for one in false} == {claim}
    assert changed >= 6


def test_swapped_observations_are_those_of_the_other_clip_and_cite_this_one():
    row, other = _row("a", GLAD, "happiness"), _row("b", ANGRY, "anger")
    text, modality = swapped(Observing(row), Observing(other), Random(0))
    assert modality in ("face", "voice")
    assert parse_answer(text).written == parse_answer(row.target).written
    checked = checked_row(row, LIMITS, target=text)
    assert {"contradicted", "unverifiable"} & {fault.reason for fault in checked.faults}
    assert "uncited" not in {fault.reason for fault in checked.faults}


def test_pairs_are_worse_in_what_they_say_and_come_back_from_their_file(tmp_path):
    rows = [_row(f"{n}", (GLAD, ANGRY)[n % 2], ("happiness", "anger")[n % 2], seed=n) for n in range(8)]
    pairs = list(preferences(rows))
    assert {pair.kind for pair in pairs} == {"swapped", "flipped"}
    assert len(pairs) >= 10
    for pair in pairs:
        row = next(one for one in rows if one.id == pair.row)
        assert pair.rejected != row.target
        assert pair.margin > 0
        assert not checked_row(row, LIMITS, target=pair.rejected).passed
    assert list(preferences(rows)) == pairs
    assert write_preferences(pairs, tmp_path) == len(pairs)
    assert list(read_preferences(tmp_path)) == pairs
    assert json.loads((tmp_path / "preferences.jsonl").read_text().splitlines()[0])["clip"] == pairs[0].clip


def test_a_failed_draft_of_the_same_clip_makes_a_pair_and_a_too_short_one_does_not():
    row = _row("a", GLAD, "happiness")
    manner = Manner(style="long")

    def failed(number: int, reason: str, reward: float) -> Checked:
        draft = Draft(number=number, text=f"draft {number}", manner=manner, writer="someone")
        return Checked(draft=draft, faults=(Fault(reason=reason, detail="so"),), reward=reward)

    drafts = {"a": (failed(1, "contradicted", 1.0), failed(2, "label", 2.0), failed(3, "length", 3.0))}
    found = [pair for pair in preferences([row], drafts=drafts) if pair.kind == "rejected"]
    assert [(pair.rejected, pair.why) for pair in found] == [("draft 2", "label: so")]


def test_what_is_no_share_is_refused():
    with pytest.raises(ConfigError, match=r"masked_rows is 1.5; expected a share from 0 to 1"):
        Variants(masked_rows=1.5)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_pairs_are_what_all_the_checks_say(language):
    rows = [_row(f"c{n}", (GLAD, ANGRY)[n % 2], ("happiness", "anger")[n % 2], language, seed=n) for n in range(16)]
    known = {row.id: row for row in rows}
    pairs = list(preferences(rows, Variants(), LIMITS))
    assert {pair.kind for pair in pairs} == {"swapped", "flipped"}
    for pair in pairs:
        row = known[pair.row]
        worse = checked_row(row, LIMITS, target=pair.rejected)
        first = next(fault for fault in worse.faults if fault.reason in TELLING)
        assert pair.why == f"{first.reason}: {first.detail}".removesuffix(": ")
        assert pair.margin == round(checked_row(row, LIMITS).reward - worse.reward, 4)
        claims = Claims(row.cueset)
        for text in (row.target, pair.rejected):
            assert claims.of(parse_answer(text).think) == verdicts(parse_answer(text).think, row.cueset)


@pytest.mark.parametrize(
    "text",
    [
        "Cheeks rise.\n[face1.AU6.1] Lips part [face1.AU25.1].",
        "- Cheeks rise\n- [face1.AU6.1]\n- no smile",
        "A smile; it may be speech\r\n\u2028and a frown.\n\n",
        "",
    ],
)
def test_claims_are_read_line_by_line_as_from_the_whole(text):
    cueset = CueSet(clip=Clip(id="a", duration_s=4.0), cues=GLAD)
    assert Claims(cueset).of(text) == verdicts(text, cueset)
