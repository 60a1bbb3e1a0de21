"""The summary counts what is there; each prompt is rendered once for checks and summary together."""

import json

import pytest

from emoreason.prompts import render
from emoreason.records import Clip, Cue, CueSet, Frame, Reference, TrainingRow
from emoreason.training.rows import prompts as prompts_module
from emoreason.training.rows.checks import check_rows
from emoreason.training.rows.prompts import Prompts
from emoreason.training.rows.summary import Lengths, emotion_of, summarise
from emoreason.training.settings import DataSettings

FACE = Cue(id="face1.AU12.1", modality="face", code="AU12")
VOICE = Cue(id="voice.f0_mean.1", modality="voice", code="f0_mean", state="absent")


def rows() -> list[TrainingRow]:
    clip = CueSet(clip=Clip(id="a"), cues=(FACE, VOICE))
    thinking = '<think>Up [face1.AU12.1].</think>{"labels": ["glad"]}'
    return [
        TrainingRow(id="1", cueset=clip, target=thinking, reference=Reference(labels=("Glad", "glad", "sad"))),
        TrainingRow(id="2", cueset=clip, target="{}", reference=Reference(emotion="sad"), preset="direct"),
        TrainingRow(
            id="3", cueset=CueSet(clip=Clip(id="b")), language="zh", held_back=("x",),
            frames=(Frame(time_s=0, path="1.jpg"), Frame(time_s=1, path="2.jpg")), group="s",
        ),
    ]  # fmt: skip


def test_it_counts() -> None:
    summary = summarise(rows(), count_tokens=len)
    assert (summary.rows, summary.with_target, summary.with_thought, summary.with_reference) == (3, 2, 1, 2)
    assert (summary.thinks, summary.direct, summary.groups, summary.with_held_back) == (2, 1, 1, 1)
    assert (summary.labels, summary.different_labels) == ({"glad": 1, "sad": 1}, 2)
    assert summary.emotions == {"sadness": 1, "several": 1, "not told": 1}
    assert summary.modalities == {"face": 2}  # the voice was looked for and is not there
    assert (summary.presets, summary.languages) == ({"explain": 2, "direct": 1}, {"en": 2, "zh": 1})
    assert (summary.frames, summary.with_frames) == (2, 1)
    assert summary.cues == Lengths(half=2, nine_in_ten=2, most=2, longest=2)
    assert summary.target_tokens is not None
    assert summary.target_tokens.longest == len(rows()[0].target or "")
    assert summary.prompt_tokens is not None
    assert summary.prompt_tokens.longest > 1000
    assert json.loads(json.dumps(summary.to_dict()))["cues"]["longest"] == 2
    assert summary.lines()[0] == "rows: 3 (2 with a target, 2 with a reference)"
    assert "held-back cues: in 1 rows" in summary.lines()


def test_of_nothing_there_is_little_to_say() -> None:
    empty = summarise([])
    assert (empty.rows, empty.cues, empty.prompt_tokens) == (0, None, None)
    assert "labels: none" in empty.lines()


def test_emotions_of_references() -> None:
    assert emotion_of(Reference(labels=("annoyed", "furious"))) == "anger"
    assert emotion_of(Reference(distribution={"anger": 0.5, "fear": 0.5})) == "several"
    assert emotion_of(Reference(labels=())) == "not told"


def test_a_prompt_is_rendered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = []

    def counted(cueset: CueSet, **options: object) -> render.Rendered:
        rendered.append(cueset.clip.id)
        return render.render_messages(cueset, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(prompts_module, "render_messages", counted)
    prompts = Prompts(DataSettings(train=(), language="en"))
    check_rows(rows()[:0], prompts=prompts)
    data = rows()
    check_rows(data[:2], data[2:], prompts=prompts)
    assert len(rendered) == 3
    assert summarise(data, prompts=prompts).languages == {"en": 3}
    assert len(rendered) == 3
