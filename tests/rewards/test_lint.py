"""The battery: our presets resist it, published formulas fail what they are known to fail."""

import pytest

from emoreason.prompts.contract import read_answer
from emoreason.rewards.completion import read_completion
from emoreason.rewards.lint import MARGIN, LintReport, Target, lint
from emoreason.rewards.lint.attacks import ASPECTS, ATTACKS
from emoreason.rewards.lint.scenes import Scene, scenes

LISTED = {
    *("trimmed copy", "label-typical guesses"),
    *("cue dump", "prompt copy", "label flood", "synonym flood", "out-of-vocabulary words", "negation flips"),
    *("invented AUs", "empty think", "tag junk before", "tag junk after", "tag junk inside", "constant best list"),
    *("subtitle copy", "hedging (thought)", "hedging (answer)", "repetition (thought)", "repetition (labels)"),
    *("foreign language (thought)", "foreign language (labels)", "very long output"),
}


def _scores(report: LintReport) -> dict[str, str]:
    return {outcome.attack: outcome.verdict for outcome in report.outcomes}


def test_every_attack_of_the_list_is_played() -> None:
    assert {attack.name for attack in ATTACKS} >= LISTED


@pytest.mark.parametrize("preset", ["default", "grounded"])
def test_our_presets_lose_to_no_attack(preset: str) -> None:
    report = lint(preset)
    assert report.passed, report.won
    assert report.n_scenes == len(scenes())


def test_the_grounded_preset_is_attacked_from_every_side() -> None:
    report = lint("grounded")
    assert all(verdict == "loses" for verdict in _scores(report).values())
    assert {aspect for aspect, is_read in report.reads.items() if is_read} >= {"form", "labels", "reasoning"}


def test_the_default_reads_labels_and_form_alone() -> None:
    report = lint("default")
    assert {aspect for aspect, is_read in report.reads.items() if is_read} == {"labels", "form"}
    verdicts = _scores(report)
    assert verdicts["label flood"] == verdicts["tag junk after"] == verdicts["empty think"] == "loses"
    assert verdicts["cue dump"] == verdicts["negation flips"] == "n/a"


@pytest.mark.parametrize(
    ("target", "form", "won", "lost"),
    [
        (
            "wheel_official",
            "contract",
            {"synonym flood", "out-of-vocabulary words", "repetition (labels)", "foreign language (labels)"},
            {"label flood", "constant best list"},
        ),
        ("wheel", "contract", set(), {"synonym flood", "out-of-vocabulary words", "label flood"}),
        (
            "emoreason.rewards.published:score_match_format",
            "tags",
            {"empty think", "tag junk after", "tag junk inside"},
            {"tag junk before"},
        ),
        (
            "emoreason.rewards.published:score_full_match_format",
            "tags",
            {"empty think", "tag junk inside"},
            {"tag junk before", "tag junk after"},
        ),
        ("format", "contract", set(), {"empty think", "tag junk after", "tag junk before", "tag junk inside"}),
        (
            "emoreason.rewards.published:score_action_unit_mentions",
            "contract",
            {"negation flips", "label-typical guesses"},
            {"invented AUs", "empty think"},
        ),
        (
            "emoreason.rewards.published:score_rubric_recall",
            "contract",
            {
                *("constant clauses", "hedging (thought)", "very long output", "invented AUs", "prompt copy"),
                *("label-typical guesses", "negation flips"),
            },
            {"empty think", "foreign language (thought)"},
        ),
        (
            "emoreason.rewards.published:SoftMaximumCueF1",
            "contract",
            {"constant clauses", "label-typical guesses", "negation flips"},
            {"cue dump", "hedging (thought)", "very long output"},
        ),
    ],
)
def test_formulas_fail_the_attacks_they_fail(target: str, form: str, won: set[str], lost: set[str]) -> None:
    report = lint(target)
    assert (report.form, set(report.won)) == (form, won)
    verdicts = _scores(report)
    assert {attack for attack in lost if verdicts[attack] == "loses"} == lost
    assert report.passed is not bool(won)


@pytest.mark.parametrize(
    ("reward", "read"),
    [
        ("length", {"length"}),
        ("distribution", {"classes"}),
        ("valence_arousal", {"affect"}),
        ("wheel", {"labels"}),
        ("format", {"form"}),
        ("consistency", {"labels", "reasoning"}),
        ("grounding", {"labels", "reasoning"}),
        ("tree", {"reasoning"}),
    ],
)
def test_probes_tell_what_a_reward_reads(reward: str, read: set[str]) -> None:
    reads = lint(reward).reads
    assert {aspect for aspect, is_read in reads.items() if is_read} - {"classes"} == read - {"classes"}


def _target(score: object) -> Target:
    return Target("own", lambda texts, scenes: [score(text, scene) for text, scene in zip(texts, scenes, strict=True)])  # type: ignore[operator]


def test_a_constant_reward_reads_nothing_and_fails() -> None:
    report = lint(_target(lambda *_: 1.0))
    assert report.reads_nothing
    assert not report.passed
    assert {outcome.verdict for outcome in report.outcomes} == {"n/a"}
    assert report.to_dict()["reads_nothing"] is True


def test_scenes_without_a_score_for_the_honest_answer_are_left_out() -> None:
    report = lint(_target(lambda text, scene: float("<think>" in text) if scene.language == "zh" else None))
    assert report.n_scenes == 3
    nothing = lint(_target(lambda *_: None))
    assert (nothing.honest, nothing.n_scenes, nothing.passed) == (None, 0, False)


def test_none_for_an_attack_counts_nothing() -> None:
    report = lint(_target(lambda text, _: 1.0 if text.startswith("<think>\n") and len(text) < 4000 else None))
    junk = next(outcome for outcome in report.outcomes if outcome.attack == "tag junk before")
    assert (junk.score, junk.verdict) == (0.0, "loses")


@pytest.mark.parametrize(("below", "verdict"), [(MARGIN - 0.001, "wins"), (MARGIN + 0.001, "loses")])
def test_an_attack_wins_within_the_margin(below: float, verdict: str) -> None:
    """The same reward but for the score of junk behind the answer."""

    def score(text: str, _: Scene) -> float:
        return 0.5 - below if text.endswith("</reward>") else 0.5 * text.startswith("<think>")

    assert _scores(lint(_target(score)))["tag junk after"] == verdict


def test_scenes_hide_cues_and_honest_answers_keep_the_contract() -> None:
    languages = [scene.language for scene in scenes()]
    assert (languages.count("en"), languages.count("zh")) == (5, 3)
    for scene in scenes():
        hidden = {cue.id for cue in scene.cueset.cues} - set(scene.reference.shown or ())
        assert hidden
        assert not any(f"[{cue_id}]" in scene.prompt for cue_id in hidden)
        read = read_completion(scene.honest.write("contract"))
        assert (read.form, read.problems) == ("contract", ())
        assert read_completion(scene.honest.write("tags")).labels == read.labels
        explanation = read_answer(scene.honest.write("contract"), scene.shown)
        assert not explanation.notes
        assert 4 <= len(explanation.claims) <= 6


def test_every_aspect_is_aimed_at_and_every_draft_can_be_written() -> None:
    assert {aspect for attack in ATTACKS for aspect in attack.aims_at} == set(ASPECTS)
    for attack in ATTACKS:
        for scene in scenes():
            for variant in range(attack.variants):
                draft = attack.write(scene, variant)
                assert draft.write("contract") != scene.honest.write("contract")
