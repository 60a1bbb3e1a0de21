"""Controls: what each is made of, that none sees its own clip, and that the suites put them in their place."""

import os
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreason.eval.controls.constant import constant_labels, majority
from emoreason.eval.controls.making import CONTROLS, OF_A_SYSTEM, about, controls, longer, shuffled
from emoreason.eval.controls.transcript import from_transcripts
from emoreason.eval.measure import differences, intervals
from emoreason.eval.reading.gold import read_gold
from emoreason.eval.reading.predictions import read_predictions
from emoreason.eval.sample import Gold, Prediction, Sample, join
from emoreason.eval.suite import SuiteSettings, suite_named
from emoreason.records import Reference
from emoreason.rewards.embedders import HashedEmbedder, default_embedder, minilm_folder

HASHED = SuiteSettings(embedder=HashedEmbedder())


def gold(clip: str, **known) -> Gold:
    transcript, speaker, columns = (known.pop(name, None) for name in ("transcript", "speaker", "columns"))
    return Gold(clip=clip, reference=Reference(**known), transcript=transcript, speaker=speaker, columns=columns or {})


def said(clip: str, *labels: str, text: str | None = None) -> Prediction:
    return Prediction(clip=clip, labels=labels, text=text)


def test_majority_is_the_mode_and_the_mean_of_what_is_known() -> None:
    golds = [
        gold("a", emotion="sad", valence=-1.0, action_units=("AU1", "AU4")),
        gold("b", emotion="sad", valence=0.0, action_units=("AU1",)),
        gold("c", emotion="happy", valence=0.4, arousal=0.5, action_units=()),
    ]
    answer = majority(golds)
    assert (answer.emotion, answer.labels, answer.action_units) == ("sad", ("sad",), ("AU1",))
    assert answer.distribution == pytest.approx({"sadness": 2 / 3, "happiness": 1 / 3})
    assert (answer.valence, answer.arousal) == pytest.approx((-0.2, 0.5))


def test_majority_of_crowds_is_their_mean_and_of_valence_alone_its_sign() -> None:
    crowds = [gold("a", distribution={"fear": 1.0}), gold("b", distribution={"fear": 0.5, "anger": 0.5})]
    assert majority(crowds).distribution == pytest.approx({"anger": 0.25, "fear": 0.75})
    assert majority([gold("a", valence=0.1), gold("b", valence=0.2), gold("c", valence=-1.0)]).emotion == "positive"
    assert majority([gold("a")]).labels is None


def test_the_constant_list_takes_labels_that_pay_and_all_classes_where_more_cost_nothing() -> None:
    mixed = [gold(str(at), labels=labels) for at, labels in enumerate([("angry", "sad")] * 6 + [("happy",)] * 5)]
    assert set(constant_labels(mixed)) == {"angry", "sad", "happy"}
    # A synonym adds no class, so it does not pay.
    assert constant_labels([gold("a", labels=("angry", "mad"))]) == ("angry",)
    classes = [gold(clip, emotion=word) for clip, word in (("a", "sad"), ("b", "sad"), ("c", "joy"))]
    assert constant_labels(classes) == ("sad", "joy")
    assert constant_labels([gold("a", valence=1.0)]) is None


@given(st.integers(2, 40), st.integers(0, 5))
def test_shuffling_gives_every_clip_another_clips_prediction(count: int, seed: int) -> None:
    samples = [Sample(gold(str(at)), said(str(at), f"label {at}")) for at in range(count)]
    made = shuffled(samples, seed=seed)
    assert [prediction.clip for prediction in made] == [sample.clip for sample in samples]
    assert sorted(prediction.labels[0] for prediction in made) == sorted(f"label {at}" for at in range(count))
    assert all(prediction.labels != (f"label {prediction.clip}",) for prediction in made)
    assert made == shuffled(samples, seed=seed)


def test_shuffling_stays_within_sets_and_moves_gaps() -> None:
    samples = [
        Sample(gold(f"{name}/{at}", columns={"set": name}), said(f"{name}/{at}", name)) for name in "xy" for at in "12"
    ]
    assert all(prediction.labels == (prediction.clip[0],) for prediction in shuffled(samples))
    gap = [Sample(gold("a"), said("a", "joy")), Sample(gold("b"))]
    assert shuffled(gap) == [said("b", "joy")]
    assert shuffled(gap[:1]) == []


def spoken(count: int = 60, *, per_speaker: int = 3) -> list[Gold]:
    rng = random.Random(4)
    words = {"sad": "miss lost gone cry", "happy": "great love wonderful yes", "angry": "stop leave wrong never"}
    golds = []
    for at in range(count):
        emotion = ("sad", "happy", "angry")[at % 3]
        line = " ".join(rng.choices(words[emotion].split(), k=3) + rng.choices(["the", "a", "we", "it", "so"], k=3))
        valence = {"sad": -0.5, "happy": 0.8, "angry": -0.9}[emotion]
        golds.append(
            gold(
                str(at),
                emotion=emotion,
                labels=(emotion,),
                valence=valence,
                transcript=line,
                speaker=f"speaker {at // per_speaker}",
            )
        )
    return golds


def test_the_transcript_control_learns_words_across_clips_and_speakers() -> None:
    golds = spoken()
    made = from_transcripts(golds)
    right = [one.reference.emotion in (prediction.labels or ()) for one, prediction in zip(golds, made, strict=True)]
    assert sum(right) > 50
    assert [prediction.clip for prediction in made] == [one.clip for one in golds]
    assert all(sum(prediction.distribution.values()) == pytest.approx(1) for prediction in made)
    assert made == from_transcripts(golds)


def test_the_transcript_control_never_learns_from_the_speaker_it_answers() -> None:
    """Each speaker has one emotion and one pet word: known speakers would be recognised, new ones cannot be."""
    golds = []
    for speaker in range(10):
        emotion = ("sad", "happy")[speaker % 2]
        golds += [
            gold(f"{speaker}-{at}", emotion=emotion, transcript=f"pet{speaker} pet{speaker}", speaker=str(speaker))
            for at in range(6)
        ]
    alone = [gold(one.clip, emotion=one.reference.emotion, transcript=one.transcript) for one in golds]

    def accuracy(of: list[Gold]) -> float:
        result = suite_named("closed-set")(join(of, from_transcripts(of)), SuiteSettings())
        return result.measures[0].value

    assert accuracy(alone) == 1.0
    assert accuracy(golds) < 0.7


def test_the_transcript_control_needs_words_and_answers_silent_clips_by_frequency() -> None:
    golds = spoken()
    assert from_transcripts(golds[:10]) is None
    assert from_transcripts([gold("a", emotion="sad")] * 30) is None
    silent = [gold(f"silent {at}", emotion="sad") for at in range(2)]
    made = {prediction.clip: prediction for prediction in from_transcripts([*golds, *silent])}
    assert max(made["silent 0"].distribution.values()) < 0.5
    trained = from_transcripts(golds[:3], golds[3:])
    assert [prediction.clip for prediction in trained] == ["0", "1", "2"]


def test_chinese_is_read_by_characters() -> None:
    lines = {"sad": "我很难过想哭", "happy": "太好了真开心"}
    golds = [
        gold(str(at), emotion=e, transcript=lines[e] + "啊" * (at % 3))
        for at in range(30)
        for e in [("sad", "happy")[at % 2]]
    ]
    made = from_transcripts(golds)
    assert all(max(p.distribution, key=p.distribution.get) in ("sadness", "happiness") for p in made)
    result = suite_named("closed-set")(join(golds, made), SuiteSettings())
    assert result.measures[0].value == 1.0


def test_longer_texts_keep_their_answer_and_their_language() -> None:
    english, chinese = longer(
        [
            Sample(gold("a"), said("a", "joy", text="<think>She smiles.</think><answer>joy</answer>")),
            Sample(gold("b"), said("b", "joy", text="她面带微笑。")),
        ]
    )
    assert english.text.startswith("She smiles. In the video")
    assert english.labels == ("joy",)
    assert chinese.text.startswith("她面带微笑。 在视频中")


def test_all_controls_of_one_gold_and_only_those_that_apply() -> None:
    golds = [
        Gold(clip=one.clip, reference=one.reference, transcript=one.transcript, text="She smiles. He looks away.")
        for one in spoken(30)
    ]
    samples = join(golds, [said(one.clip, "sad", text="He smiles.") for one in golds])
    found = controls(golds, samples, HASHED)
    assert list(found) == list(CONTROLS)
    for made in found.values():
        assert join(golds, made)[0].prediction is not None
    assert found["constant-list"][0].text
    assert list(controls(golds, samples, HASHED, names=OF_A_SYSTEM)) == list(OF_A_SYSTEM)
    assert list(controls([gold("a", emotion="sad")], [], HASHED)) == ["majority", "constant-list"]
    assert controls([gold("a")], [], HASHED) == {}
    assert "the very gold" in about("majority")
    assert "training gold" in about("transcript", trained=True)


def test_controls_of_a_training_gold_do_not_look_at_the_gold() -> None:
    golds = [gold(str(at), emotion="happy", labels=("happy",)) for at in range(4)]
    train = [*golds, *(gold(f"t{at}", emotion="sad", labels=("sad",)) for at in range(3))]
    found = controls(golds, [], HASHED, train=train)
    assert {prediction.emotion for prediction in found["majority"]} == {"sad"}
    assert {prediction.labels for prediction in found["constant-list"]} == {("sad",)}


def test_each_set_has_controls_of_its_own() -> None:
    golds = [gold("x/1", emotion="sad", columns={"set": "x"}), gold("y/1", valence=0.5, columns={"set": "y"})]
    found = controls(golds, [], HASHED)
    assert [prediction.emotion for prediction in found["majority"]] == ["sad", "positive"]
    assert [prediction.labels for prediction in found["constant-list"]] == [("sad",), ("positive",)]


DATA = os.environ.get("EMOREASON_RESEARCH_DATA")


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="EMOREASON_RESEARCH_DATA is not set")
@pytest.mark.skipif(minilm_folder() is None, reason="MiniLM is not on this machine")
def test_published_texts_against_controls() -> None:
    """A constant list beats honest systems under the published soft maximum, and is nothing under the robust score."""
    settings = SuiteSettings(embedder=default_embedder())
    golds = read_gold(Path(DATA) / "emer_explanations.jsonl").golds
    systems = read_predictions(Path(DATA) / "emer_system_texts.jsonl").systems
    for made in systems.values():
        found = controls(golds, join(golds, made), settings, names=("constant-list", "shuffled", "longer-wins"))
        measures = {
            suite: {
                name: suite_named(suite)(join(golds, answers), settings).measures[:1]
                for name, answers in {"system": made, **found}.items()
            }
            for suite in ("emocue-360", "cue-robust")
        }
        published, robust = measures["emocue-360"], measures["cue-robust"]
        assert differences(published["constant-list"], published["system"])[0].interval.low > 0
        assert differences(robust["system"], robust["constant-list"])[0].interval.low > 0
        assert differences(robust["system"], robust["longer-wins"])[0].interval.low > 0
        assert differences(robust["system"], robust["shuffled"])[0].interval.low > 0


@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="EMOREASON_RESEARCH_DATA is not set")
def test_labels_of_published_systems_against_controls() -> None:
    folder = Path(DATA)
    golds = read_gold(folder / "emer_explanations.jsonl").golds
    systems = read_predictions(folder / "emer_predictions.jsonl").systems
    score = suite_named("ov-mer")
    first = next(iter(systems.values()))
    found = controls(golds, join(golds, first), HASHED)
    values = {name: intervals(score(join(golds, ours), HASHED).measures[:1])[0] for name, ours in found.items()}
    best = max(score(join(golds, made), HASHED).measures[0].value for made in systems.values())
    assert values["shuffled"].high < values["constant-list"].low
    assert values["majority"].value < values["transcript"].value < best
