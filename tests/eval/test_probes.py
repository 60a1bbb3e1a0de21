"""Probes: what each says of engines that have what it looks for; and of clips, gold and engines that lack something."""

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from planted_engines import UNITS, Honest, Thinking, evidence_of, planted_clips, reply_of, sure_of

from emoreason.cues.emotion_words import emotion_words_in
from emoreason.errors import ConfigError, UpstreamError
from emoreason.eval.probes import PROBES, ProbeSettings, Trial, most_requests, run_probes
from emoreason.eval.probing.asking import Asker, Question
from emoreason.eval.probing.crowd import abstention, ambiguity
from emoreason.eval.probing.leakage import leakage
from emoreason.eval.probing.subgroups import subgroups
from emoreason.eval.probing.thought import with_thought
from emoreason.eval.probing.vignettes import vignette_probe, vignettes
from emoreason.eval.probing.wordings import order, paraphrase
from emoreason.eval.sample import Gold
from emoreason.reasoning.conversation import Capabilities
from emoreason.reasoning.engines import Reply, Request
from emoreason.records import Clip, Cue, CueSet, Reference
from emoreason.records.labels import EMOTIONS
from emoreason.report.evaluation.page import render_evaluation

CLIPS, GOLDS = planted_clips(36)
SETTINGS = ProbeSettings(resamples=500)


class Told:
    """Answers what a function of the cues and the question says; counts how often it is asked."""

    name = "told"
    model = "planted"

    def __init__(self, shares: Any, *, abstains: Any = lambda cueset: False) -> None:
        self.shares, self.abstains = shares, abstains
        self.asked: Counter[str] = Counter()

    def answer(self, request: Request) -> Reply:
        self.asked[request.cueset.clip.id] += 1
        shares = self.shares(request.cueset)
        thinks = request.preset != "direct"
        return Reply(text=reply_of(shares, [], abstained=self.abstains(request.cueset), thinks=thinks))


def trial(engine: Any, golds: Any = GOLDS, cuesets: Any = CLIPS, **settings: Any) -> Trial:
    asker = None if engine is None else Asker(engine)
    return Trial(cuesets, golds, asker, replace(SETTINGS, **settings))


def crowd_of(cueset: CueSet) -> dict[str, float]:
    shares = GOLDS[cueset.clip.id].reference.distribution or {}
    return {emotion: shares.get(emotion, 0.0) for emotion in EMOTIONS}


def test_what_several_probes_ask_is_asked_once() -> None:
    engine = Told(lambda cueset: sure_of("fear", cueset))
    run_probes(trial(engine), ["ambiguity", "abstention", "subgroups", "order"])
    assert engine.asked == Counter(dict.fromkeys(GOLDS, 3))  # as it is, and in two orders


def test_an_engine_that_knows_the_crowd_lies_at_it_and_hedges() -> None:
    knows, sure = ambiguity(trial(Told(crowd_of))), ambiguity(trial(Told(lambda cueset: sure_of("fear", cueset))))
    assert knows.effect("KL from the crowd").value < 0.01
    assert knows.effect("gained over the mean distribution").sure_above
    assert knows.effect("hedging").value == pytest.approx(1.0)
    assert sure.effect("gained over the mean distribution").sure_below
    assert not sure.effect("hedging").sure_above
    assert "less sure where people disagree" in knows.sentence


def test_abstaining_where_it_would_be_wrong_is_seen() -> None:
    def half_right(cueset: CueSet) -> dict[str, float]:
        right = GOLDS[cueset.clip.id].reference.emotion or ""
        wrong = "neutral"
        return sure_of(right if int(cueset.clip.id[-1]) % 2 else wrong, cueset)

    wise = Told(half_right, abstains=lambda cueset: not int(cueset.clip.id[-1]) % 2)
    found = abstention(trial(wise))
    assert found.effect("errors where it answers").value == 0
    assert found.effect("errors where it answers").interval.method == "Wilson"
    assert found.effect("errors where it abstains").value == 1
    assert found.effects[0].sure_above
    foolish = abstention(trial(Told(half_right, abstains=lambda cueset: int(cueset.clip.id[-1]) % 2 == 1)))
    assert foolish.effects[0].sure_below
    assert "more often wrong" in foolish.sentence


def test_a_group_that_is_treated_worse_is_named() -> None:
    def worse_on_odd(cueset: CueSet) -> dict[str, float]:
        gold = GOLDS[cueset.clip.id]
        right = gold.columns["corpus"] == "even" or cueset.clip.id.endswith("1")
        return sure_of((gold.reference.emotion or "") if right else "neutral", cueset)

    found = subgroups(trial(Told(worse_on_odd)))
    assert found.effect("corpus odd minus the rest").sure_below
    assert "corpus odd (-" in found.sentence
    same = subgroups(trial(Honest()))
    assert same.sentence.startswith("No group's accuracy")


def test_order_and_words_are_seen_where_they_matter() -> None:
    def by_first(cueset: CueSet) -> dict[str, float]:
        return sure_of(next(iter(evidence_of(replace(cueset, cues=cueset.cues[:2]))), "neutral"), cueset)

    def by_name(cueset: CueSet) -> dict[str, float]:
        return sure_of("fear" if any(cue.subject == "face1" for cue in cueset.cues) else "neutral", cueset)

    assert order(trial(Told(by_first))).effects[0].sure_above
    assert order(trial(Honest())).effects[0].value == 0
    assert paraphrase(trial(Told(by_name))).effect("class changed by other words").value == 1
    assert paraphrase(trial(Told(by_name))).effect("class changed by the other language").value == 0


def test_vignettes_name_no_emotion_and_classes_are_even() -> None:
    for language in ("en", "zh"):
        given = vignettes(language)
        assert {word for one in given for word in emotion_words_in(one.text, language)} == set()
        assert Counter(one.emotion for one in given) == Counter(dict.fromkeys(EMOTIONS, 6))
        assert all(one.emotion != one.decoy_emotion for one in given)
        assert Counter(one.decoy_emotion for one in given) == Counter(dict.fromkeys(EMOTIONS, 6))
        # a sign is words that stood in the picture: prompts show it although it names an emotion
        assert all(emotion_words_in(one.decoy, language) for one in given)


def test_vignettes_tell_understanding_from_looking_for_keywords() -> None:
    by_text = {one.text: one for one in vignettes("en")}

    def understands(cueset: CueSet) -> dict[str, float]:
        return sure_of(by_text[cueset.cues[0].text or ""].emotion, cueset)

    def keywords(cueset: CueSet) -> dict[str, float]:
        signs = [one for one in by_text.values() if any(cue.text == one.decoy for cue in cueset.cues)]
        return sure_of(signs[0].decoy_emotion if signs else "neutral", cueset)

    wise, shallow = vignette_probe(trial(Told(understands))), vignette_probe(trial(Told(keywords)))
    assert wise.effect("accuracy without keywords").value == 1
    assert wise.effect("follows the misleading sign").value == 0
    assert shallow.effect("accuracy without keywords").value == pytest.approx(1 / 7)
    assert shallow.effect("follows the misleading sign").value > 0.8
    assert "misleads it" in shallow.sentence


def test_leaks_are_counted_by_kind_and_need_no_engine() -> None:
    label = Cue(id="tool.happy.1", modality="face", code="happy", value=0.9)
    cuesets = [replace(CLIPS[0], cues=(*CLIPS[0].cues, label)), *CLIPS[1:4]]

    def find(cueset: CueSet, reference: Reference) -> tuple[str, str, str] | None:
        return ("label_in_prompt", "sad", "scene.1") if cueset.clip.id == "clip001" else None

    found = leakage(trial(None, cuesets=cuesets, find_leak=find))
    assert found.effects[0].value == 0.25
    assert found.effect("cues that name an emotion").value == 0.25
    assert "The prompts of 1 of 4 clips state their gold label" in found.sentence
    unknown = leakage(trial(None, golds={}, cuesets=cuesets, find_leak=find))
    assert "is not measured" in unknown.sentence


class Failing(Honest):
    """Has no answer for some clips."""

    def answer(self, request: Request) -> Reply:
        number = request.cueset.clip.id[-1]
        if number == "3":
            raise UpstreamError("the server went away")
        if number == "4":
            raise ZeroDivisionError("a mistake of the plug-in")
        return Reply(text="no answer") if number == "5" else super().answer(request)


def test_what_has_no_answer_is_left_out_and_said() -> None:
    report = run_probes(trial(Failing()), ["cited", "mask", "order", "abstention"])
    cited = report.results[0]
    assert cited.effects[0].interval.n_clips == 24
    assert any("12 of 36 clips have no answer" in note and "the server went away" in note for note in cited.notes)
    assert all(result.effects for result in report.results)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_clips_or_no_gold_break_no_probe(count: int) -> None:
    for golds in (GOLDS, {}):
        report = run_probes(trial(Thinking(), golds, CLIPS[:count], resamples=50))
        assert [result.probe for result in report.results] == list(PROBES)
        value = json.loads(json.dumps(report.to_dict(), allow_nan=False))
        assert all(entry["sentence"].endswith(".") for entry in value["probes"])
        assert "<html" in render_evaluation(value)


def test_an_empty_clip_breaks_no_probe() -> None:
    empty = [CueSet(clip=Clip(id=f"clip{number:03d}")) for number in range(4)]
    report = run_probes(trial(Honest(), cuesets=empty, resamples=50))
    assert len(report.results) == len(PROBES)


def test_a_clip_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"clip000.*twice"):
        Trial([CLIPS[0], CLIPS[0]])


def test_clips_of_one_speaker_are_drawn_together() -> None:
    spoken = {clip: replace(gold, speaker=f"s{int(clip[-3:]) % 3}") for clip, gold in GOLDS.items()}
    alone, together = (
        abstention(trial(Honest(), golds)).effect("errors if it always answered").interval for golds in (GOLDS, spoken)
    )
    assert together.high > alone.high  # three speakers say less than 36 clips
    one = {clip: replace(gold, speaker="s0") for clip, gold in GOLDS.items()}
    assert run_probes(trial(Honest(), one), ["cited"]).results[0].effects[0].value > 0


def test_the_same_seed_gives_the_same_report_and_another_one_does_not() -> None:
    first, second, other = (
        run_probes(trial(Honest(), seed=seed, most_cues=2), ["cited", "order", "swap"]).to_dict() for seed in (1, 1, 2)
    )
    assert first == second
    assert first["probes"] != other["probes"]


def test_the_count_of_requests_is_a_bound() -> None:
    for name in PROBES:
        asker = Asker(Thinking())
        run_probes(Trial(CLIPS[:8], GOLDS, asker, replace(SETTINGS, resamples=20)), [name])
        assert asker.asked <= most_requests([name], 8, SETTINGS), name


def test_a_model_that_cannot_continue_a_turn_is_given_the_thought_as_one() -> None:
    class Chatty(Thinking):
        def capabilities(self) -> Capabilities:
            return Capabilities(structure="none")

        def decide(self, thought: str, seen: list[str]) -> str:
            return super().decide(str(self.chats[-1].messages[-2]["content"]), seen)

    model = Chatty()
    reply = with_thought(model, Request(cueset=CLIPS[0]), "It is disgust.")
    assert "disgust" in reply.text.rpartition("</think>")[2]
    assert [message["role"] for message in model.chats[-1].messages] == ["system", "user", "assistant", "user"]


def test_a_probe_of_ones_own_runs_by_its_name(tmp_path: Any) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from emoreason.eval.probes import ProbeResult\n"
        "def mine(trial):\n    return ProbeResult(probe='mine', about='', sentence=f'{len(trial.clips)} clips.')\n",
        encoding="utf-8",
    )
    assert run_probes(trial(None), [f"{path}:mine"]).results[0].sentence == "36 clips."
    with pytest.raises(ConfigError, match="no probe is called 'nope'"):
        run_probes(trial(None), ["nope"])
    with pytest.raises(ConfigError, match="--engine"):
        run_probes(trial(None), ["order"])


def test_questions_differ_by_all_that_decides_the_answer() -> None:
    plain = Question(cueset=CLIPS[0])
    others = [
        Question(cueset=CLIPS[1]),
        replace(plain, preset="direct"),
        replace(plain, language="zh"),
        replace(plain, thought=""),
        replace(plain, cueset=replace(CLIPS[0], cues=CLIPS[0].cues[::-1])),
    ]
    keys = {one.key("a") for one in (plain, *others)} | {plain.key("b")}
    assert len(keys) == 7
    assert plain.key("a") == Question(cueset=planted_clips(36)[0][0]).key("a")


def test_planted_units_belong_to_one_emotion_each() -> None:
    units = [unit for group in UNITS.values() for unit in group]
    assert len(units) == len(set(units))
    assert Gold(clip="a", reference=Reference()).columns == {}
