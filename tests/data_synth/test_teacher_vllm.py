"""A real model behind a real vLLM server as a teacher: right about what it has learnt, lost with anything else."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from contract_model import DrawnClip, clips, contract_model
from train_command import environment
from vllm_server import VLLMServer, needs_vllm, serving

from emoreason.data_synth.checked import Checked
from emoreason.data_synth.checks.limits import Limits
from emoreason.data_synth.draft import Manner, Mode
from emoreason.data_synth.drafting import Drafted, draft_each
from emoreason.data_synth.labelled import LabelledClip
from emoreason.data_synth.manners import manners_of
from emoreason.data_synth.teacher import TeacherWriter
from emoreason.reasoning.conversation import Manner as Asking
from emoreason.reasoning.conversation import Sampling
from emoreason.reasoning.engines.openai import OpenAIEngine
from emoreason.records import Reference
from emoreason.records.labels import EMOTIONS

pytestmark = [pytest.mark.slow, needs_vllm, pytest.mark.timeout(2700)]

CLIPS = 40
LOST = 6
DRAFTS = 2
#: vLLM 0.32 on a CPU dies of a seeded request whose prompt is read in parts ("CPU Generator does not use offset").
WHOLE_PROMPTS = ("--no-enable-chunked-prefill", "--max-num-batched-tokens", "8192")


SFT = """\
[model]
name = "{model}"
device = "cpu"
[lora]
rank = 4
dropout = 0.0
[data]
train = "{rows}"
[output]
folder = "taught"
evaluate = 0
report = false
[trainer]
max_steps = 1
per_device_train_batch_size = 1
report_to = "none"
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VLLMServer]:
    log = tmp_path_factory.mktemp("vllm") / "server.log"
    with serving(contract_model(), log=log, arguments=WHOLE_PROMPTS) as up:
        yield up


def labelled(drawn: DrawnClip, *, wrong: bool = False) -> LabelledClip:
    assert drawn.emotion is not None
    emotion = EMOTIONS[(EMOTIONS.index(drawn.emotion) + 3 * wrong) % len(EMOTIONS)]
    return LabelledClip(id=drawn.cueset.clip.id, cueset=drawn.cueset, reference=Reference(emotion=emotion))


def drafted(
    server: VLLMServer, mode: Mode, number: int, *, plain: bool = False, wrong: bool = False, retries: int = 0
) -> list[Drafted[str]]:
    some = [clip for clip in clips(4 * number, seed=5) if clip.emotion is not None and len(clip.cueset.cues) > 2]
    taught = [labelled(clip, wrong=wrong) for clip in some[:number]]
    asking = Asking(sampling=Sampling(max_tokens=512), frames=0)
    writer = TeacherWriter(
        OpenAIEngine(url=server.url, manner=asking, retries=1, accepts="text"), plain=plain, concurrency=16
    )
    ladder = {"styles": ["long"], "languages": ["en"], "drafts": DRAFTS, "temperatures": [0.0, 0.8]}
    orders = [(clip.id, clip, tuple(manners_of(clip.id, mode=mode, seed=1, **ladder))) for clip in taught]  # type: ignore[arg-type]
    try:
        # What it has learnt to write about one action unit is shorter than any honest text.
        limits = replace(Limits(), lengths={"long": (5, 320)}, supported=1, copied=1.0)
        return sorted(draft_each(orders, writer, limits, retries=retries), key=lambda one: one.key)
    finally:
        writer.close()


def write_bundles(path: Path, number: int) -> None:
    """Write faces of the published prototypes in the layout of cue bundles."""
    faces = {"happy": ("AU06", "AU12"), "sad": ("AU01", "AU04", "AU15"), "angry": ("AU04", "AU05", "AU23")}
    labels = [list(faces)[place % len(faces)] for place in range(number)]
    bundles = [
        {
            "clip": f"sample_{place:04}", "corpus": "drawn", "label": label, "peak_s": 1.0,
            "au_intensity": {unit: 1.5 + 0.3 * (place // len(faces)) for unit in faces[label]},
            "transcript": "I said what there was to say.",
        }
        for place, label in enumerate(labels)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(one) + "\n" for one in bundles), encoding="utf-8")


def commanded(folder: Path, *words: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "emoreason", *words], capture_output=True, encoding="utf-8", cwd=folder,
        env=environment(), check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-2000:]
    return ended.stdout


def checked(found: list[Drafted[str]]) -> list[Checked]:
    return [one for clip in found for one in clip.checked]


def report(name: str, found: list[Drafted[str]]) -> dict[str, int]:
    """Reasons, as the test run prints them."""
    counts: dict[str, int] = {"drafts": 0, "passed": 0}
    for one in checked(found):
        counts["drafts"] += 1
        counts["passed"] += one.passed
        for reason in {fault.reason for fault in one.faults}:
            counts[reason] = counts.get(reason, 0) + 1
    print(name, json.dumps(counts))  # noqa: T201
    return counts


def test_label_blind_it_is_kept_where_it_is_right_and_rejected_where_it_is_wrong(server: VLLMServer) -> None:
    right = report("right labels", drafted(server, "label-blind", CLIPS, plain=True))
    wrong = report("wrong labels", drafted(server, "label-blind", CLIPS, plain=True, wrong=True))
    assert right["drafts"] == wrong["drafts"] == CLIPS * DRAFTS
    assert right["passed"] > 0.5 * right["drafts"]
    assert wrong["passed"] <= 0.05 * wrong["drafts"]
    assert "leak" not in right


@pytest.mark.parametrize("mode", ["label-blind", "label-hidden-until-end", "rationalise"])
def test_with_prompts_it_does_not_know_it_is_a_bad_teacher_and_every_clip_comes_out(
    server: VLLMServer, mode: Mode
) -> None:
    found = drafted(server, mode, LOST, retries=1)
    counts = report(mode, found)
    assert len(found) == LOST
    assert counts["passed"] <= 0.05 * counts["drafts"]
    assert "engine" not in counts
    for clip in found:
        assert {one.draft.number for one in clip.checked} == set(range(DRAFTS))
        assert all(one.draft.manner.mode == mode and one.draft.retries <= 1 for one in clip.checked)
        assert all(one.passed or one.faults for one in clip.checked)


def test_greedy_drafts_are_the_same_again(server: VLLMServer) -> None:
    first, second = (
        [
            one.draft
            for one in checked(drafted(server, "label-blind", LOST, plain=True))
            if not one.draft.manner.temperature
        ]
        for _ in range(2)
    )
    assert first == second
    assert all(one.manner == Manner(mode="label-blind", seed=one.manner.seed) for one in first)


def test_from_bundles_to_a_model_that_learnt_from_what_the_checks_let_through(
    server: VLLMServer, tmp_path: Path
) -> None:
    """Bundles -> the template, and this model as a bad teacher -> checks -> rows -> SFT, all by commands."""
    number = 8
    write_bundles(tmp_path / "bundles.jsonl", number)
    more = ("--split", "1/0/0", "--per-combination", "0", "--export", "trl-sft", "--json")
    bad = ("--engine", "openai", "--url", server.url, "--accepts", "text", "--max-tokens", "256", "--rewrites", "1")
    words = ("synth", "--input", "bundles.jsonl", "--out")
    by_model = json.loads(commanded(tmp_path, *words, "by-model", *bad, *more))
    by_template = json.loads(commanded(tmp_path, *words, "by-template", *more))
    assert by_model["clips"] == by_template["clips"] == number
    assert by_model["kept"] <= 0.05 * number
    assert by_model["drafts"] > number  # what was wrong went back to it
    assert "engine" not in by_model["reasons"]
    assert by_template["kept"] >= 0.9 * number
    settings = SFT.format(model=contract_model(), rows="by-template/rows.jsonl")
    (tmp_path / "mine.toml").write_text(settings, encoding="utf-8")
    events = [
        json.loads(line) for line in commanded(tmp_path, "train", "sft", "--config", "mine.toml", "--json").splitlines()
    ]
    assert next(one for one in events if one["event"] == "data")["train"]["rows"] == by_template["rows"]
    assert next(one for one in events if one["event"] == "finished")["steps"] == 1
    assert (tmp_path / "taught" / "adapter_model.safetensors").exists()
