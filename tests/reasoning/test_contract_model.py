"""Content, end to end: a model that has learnt the contract is asked, enforced, voted on and read."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from emoreason.errors import ModelOutputError
from emoreason.prompts.contract import parse_answer, read_answer
from emoreason.reasoning.conversation import Completion, Manner, Sampling
from emoreason.reasoning.engines import Request
from emoreason.reasoning.engines.transformers import TransformersEngine
from emoreason.reasoning.explain import explain_cues

pytest.importorskip("torch")
pytest.importorskip("transformers")
from contract_model import DrawnClip, clips, contract_model, train

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # training takes a minute of a free core

NUMBER = 60
#: Clips that it was not trained on.
HELD_OUT = tuple(clips(NUMBER, seed=5))


@pytest.fixture(scope="module")
def engine() -> Iterator[TransformersEngine]:
    made = TransformersEngine(str(contract_model()), device="cpu")
    yield made
    made.close()


def told(clip: DrawnClip, text: str) -> tuple[bool, bool]:
    """Whether the reply is a valid answer that cites existing cues alone; whether it names the right emotion."""
    explanation = read_answer(text, clip.cueset)
    top = max(explanation.emotions, key=lambda one: one.probability).label
    right = explanation.abstained if clip.emotion is None else top == clip.emotion
    return not explanation.notes and bool(explanation.claims), right


@pytest.mark.parametrize("enforce", [True, False])
def test_most_answers_are_valid_cite_what_exists_and_are_right(engine: TransformersEngine, enforce: bool) -> None:
    engine.manner = Manner(sampling=Sampling(max_tokens=600), enforce=enforce)
    replies = dict(engine.answer_each((number, Request(cueset=clip.cueset)) for number, clip in enumerate(HELD_OUT)))
    valid, right = (0, 0)
    for number, clip in enumerate(HELD_OUT):
        reply = replies[number]
        assert not isinstance(reply, Exception), reply
        good, true = told(clip, reply.text)
        valid, right = valid + good, right + true
    print(f"enforced {enforce}: {valid} of {NUMBER} valid without repair, {right} name the right emotion")  # noqa: T201
    assert valid >= 0.8 * NUMBER
    assert right >= 0.8 * NUMBER


def test_an_enforced_answer_cites_no_cue_that_was_not_shown(engine: TransformersEngine) -> None:
    pytest.importorskip("xgrammar")
    engine.manner = Manner(sampling=Sampling(max_tokens=600, temperature=1.5, seed=3))
    for clip in clips(8, seed=6):
        answer = parse_answer(engine.answer(Request(cueset=clip.cueset)).text).written
        assert answer is not None
        assert {cue for label in answer["labels"] for cue in label["cues"]} <= set(clip.cueset.by_id())
        assert len(answer["emotions"]) == 7


def test_samples_are_put_to_a_vote_and_a_seed_repeats_them(engine: TransformersEngine) -> None:
    engine.manner = Manner(sampling=Sampling(max_tokens=600, temperature=1.0, seed=11), samples=5)
    torn = [Request(cueset=clip.cueset) for clip in clips(3, seed=7, torn=1.0) if clip.emotion not in (None, "neutral")]
    replies = [engine.answer(request) for request in torn]
    assert [engine.answer(request) for request in torn] == replies
    for reply in replies:
        assert any("5 samples agree" in note for note in reply.notes)
        assert reply.generation is not None
        assert (reply.generation["seed"], reply.generation["samples"]) == (11, 5)


def test_a_reply_that_is_cut_off_is_a_failure(engine: TransformersEngine) -> None:
    engine.manner = Manner(sampling=Sampling(max_tokens=4), enforce=False)
    with pytest.raises(ModelOutputError, match="second time"):
        engine.answer(Request(cueset=HELD_OUT[0].cueset))


class Kept:
    def __init__(self) -> None:
        self.found: dict[str, Completion] = {}

    def recall(self, key: str) -> Completion | None:
        return self.found.get(key)

    def keep(self, key: str, completion: Completion) -> None:
        self.found[key] = completion


def test_what_was_written_before_is_not_written_again(
    engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.manner = Manner(sampling=Sampling(max_tokens=600))
    requests = [(clip.cueset.clip.id, Request(cueset=clip.cueset)) for clip in HELD_OUT[:3]]
    memory = Kept()
    first = dict(engine.answer_each(requests, memory))
    monkeypatch.setattr(engine, "_completed", lambda chat: pytest.fail("generated again"))
    assert dict(engine.answer_each(requests, memory)) == first


def test_an_explanation_comes_of_it(engine: TransformersEngine) -> None:
    engine.manner = Manner(sampling=Sampling(max_tokens=600))
    clip = next(one for one in HELD_OUT if one.emotion == "happiness")
    explanation = explain_cues(clip.cueset, engine)
    assert explanation.labels == ("happy",)
    assert explanation.engine == "transformers"
    assert explanation.generation is not None
    assert explanation.generation["completion_tokens"]


def test_training_repeats_itself(tmp_path: Path) -> None:
    losses = [train(tmp_path / name, steps=2, batch=2) for name in ("a", "b")]
    assert losses[0] == losses[1]
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("a", "b")]
    assert weights[0] == weights[1]
    assert json.loads((tmp_path / "a" / "config.json").read_text())["model_type"] == "qwen3"
