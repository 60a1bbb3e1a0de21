"""Prediction files: explanations, rows of any kind, texts with answers; several systems; failures stay failures."""

import json
import os
from pathlib import Path

import pytest

from emoreason.errors import ConfigError
from emoreason.eval.reading.predictions import by_clip, matched, read_cuesets, read_predictions
from emoreason.eval.sample import Gold, Prediction
from emoreason.records import Claim, EmotionProbability, Explanation, Reference
from emoreason.records.jsonl import dump_line

EXPLANATION = Explanation(
    clip="a.mp4",
    labels=("glad",),
    emotions=(EmotionProbability("happiness", 0.9), EmotionProbability("neutral", 0.1)),
    valence=0.5,
    action_units=("AU12",),
    claims=(Claim(sentence="The lip corners rise.", cue_ids=("face1.AU12.1",)),),
    reasoning="The lip corners rise [face1.AU12.1].",
)


def lines(path: Path, *rows: object) -> Path:
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def gold(*clips: str) -> list[Gold]:
    return [Gold(clip=clip, reference=Reference()) for clip in clips]


def test_the_folder_of_a_run_with_its_failures_and_cues(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    abstained = Explanation(clip="c.mp4", abstained=True, abstain_reason="one weak cue")
    (folder / "explanations.jsonl").write_text(f"{dump_line(EXPLANATION)}\n{dump_line(abstained)}\n", encoding="utf-8")
    lines(folder / "errors.jsonl", {"clip": "b.mp4", "error": "MediaError", "message": "no frame"}, {"clip": "a.mp4"})
    lines(folder / "cues.jsonl", {"clip": "a.mp4", "cues": [{"code": "AU12"}]}, "{")
    found = read_predictions(folder)
    assert list(found.systems) == ["results"]
    first, second, third = found.systems["results"]
    assert (first.labels, first.distribution) == (("glad",), {"happiness": 0.9, "neutral": 0.1})
    assert (first.text, first.action_units, first.explanation) == (EXPLANATION.reasoning, ("AU12",), EXPLANATION)
    assert (second.abstained, second.labels) == (True, ())
    assert (third.clip, third.error) == ("b.mp4", "no frame")
    assert found.cues == folder / "cues.jsonl"
    problems: list[tuple[str, str]] = []
    assert list(by_clip(read_cuesets(found.cues), problems)) == ["a.mp4"]
    assert problems[0][0] == "cues.jsonl:2"


def test_rows_of_every_kind(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "answers.jsonl",
        {"clip": "a", "open_vocab_labels": "[happy, calm]"},
        {"clip": "b", "emotion": "anger", "valence": -0.5, "arousal": 1},
        {"clip": "c", "emotions": [{"label": "joy", "probability": 1}], "action_units": "AU6+AU12"},
        {"clip": "d", "text": "<think>He smiles.</think><answer>happy</answer>"},
        {"clip": "e", "text": "He smiles."},
        {"clip": "f", "abstained": True},
        {"clip": "g", "error": "timeout"},
        {"clip": "h", "labels": ["x"], "valence": 3},
        {"clip": "a", "labels": ["again"]},
    )
    found = read_predictions(path)
    a, b, c, d, e, f, g = found.systems["answers"]
    assert a.labels == ("happy", "calm")
    assert (b.emotion, b.valence, b.arousal) == ("anger", -0.5, 1.0)
    assert (c.distribution, c.action_units) == ({"happiness": 1.0}, ("AU6", "AU12"))
    assert (d.labels, e.labels, e.text) == (("happy",), None, "He smiles.")
    assert (f.abstained, g.error) == (True, "timeout")
    assert found.problems == [
        ("answers.jsonl:8", "valence is '3'; expected a number from -1 to 1"),
        ("answers.jsonl:9", "clip 'a' has a prediction already; the first one counts"),
    ]


def test_several_systems_in_one_file(tmp_path: Path) -> None:
    path = lines(tmp_path / "all.csv", "system,clip,labels", 'x,a,"[happy, calm]"', "y,a,sad", "y,b,mad")
    found = read_predictions(path)
    assert {name: len(made) for name, made in found.systems.items()} == {"x": 1, "y": 2}
    assert found.systems["x"][0].labels == ("happy", "calm")
    assert list(read_predictions(path, system="y", name="ours").systems) == ["ours"]
    with pytest.raises(ConfigError, match="no row is of the system 'z'; there are x, y"):
        read_predictions(path, system="z")


def test_what_is_no_file_of_predictions_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"has no explanations.jsonl"):
        read_predictions(tmp_path)
    with pytest.raises(ConfigError, match="no row can be used as a prediction: it holds no row"):
        read_predictions(lines(tmp_path / "empty.jsonl"))


def test_clips_are_matched_by_id_then_by_the_name_of_the_file() -> None:
    made = [
        Prediction(clip="clips/a.mp4"),
        Prediction(clip="b", labels=("x",)),
        Prediction(clip="z"),
        Prediction(clip="b.wav"),
    ]
    found, others = matched(gold("a", "b", "c"), made)
    assert {one.clip: one.labels for one in found} == {"a": None, "b": ("x",)}
    assert others == 2  # z is of no clip, b.wav is a second one of b
    assert matched(gold("1/a.mp4", "2/a.mp4"), [Prediction(clip="a")]) == ([], 1)


@pytest.mark.data
def test_the_shared_systems_are_read_whole() -> None:
    folder = os.environ.get("EMOREASON_RESEARCH_DATA")
    if not folder:
        pytest.skip("EMOREASON_RESEARCH_DATA is not set")
    for name in ("emer_predictions", "emer_system_texts"):
        found = read_predictions(Path(folder) / f"{name}.jsonl")
        assert [len(made) for made in found.systems.values()] == [169, 169, 169]
        assert found.problems == []
