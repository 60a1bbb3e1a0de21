"""The three extra questions put to a real vision model, tiny and random: plumbing and schemas, not content."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from media_files import plain, write_video
from scripted_model import ScriptedModel

from emoreason.cues import extract
from emoreason.errors import EmoreasonError
from emoreason.prompts.ask import SCENE_PARTS, ask_for_cues, ask_for_labels, ask_for_scene, read_reply
from emoreason.reasoning.conversation import Chat, Completion, Sampling
from emoreason.reasoning.free_text import Clues, Labels, extract_cues, extract_labels
from emoreason.reasoning.scene import SceneCache, describe
from emoreason.records import CueSet

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("xgrammar")
from tiny_checkpoints import tiny_checkpoint

from emoreason.reasoning.engines.transformers import TransformersEngine

pytestmark = pytest.mark.slow

SHORT = Sampling(max_tokens=160)
TEXT = "His brows are lowered and his voice is loud; he seems angry."


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TransformersEngine]:
    engine = TransformersEngine(str(tiny_checkpoint("qwen3-vl", tmp_path_factory.getbasetemp())), device="cpu")
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> CueSet:
    path = tmp_path_factory.mktemp("clip") / "shots.mp4"
    write_video(path, [plain(colour) for colour in ((250, 20, 20), (20, 20, 250)) for _ in range(20)], fps=10)
    return extract(path, extractors=["scene"])


def test_a_real_model_describes_pictures_under_the_schema(
    model: TransformersEngine, clip: CueSet, tmp_path: Path
) -> None:
    written: list[str] = []

    def watched(chat: Chat) -> Completion:
        completion = model.complete(chat)
        written.extend(completion.texts)
        return completion

    eyes = ScriptedModel([watched] * 9, able=model.capabilities(), model=model.model, name=model.name)
    cache = SceneCache(tmp_path)
    first = describe(clip, eyes, sampling=SHORT, cache=cache)
    assert first.asked == 2
    assert all(text.startswith("{") for text in written), "the grammar lets nothing else begin"
    assert written[0] != written[1], "another picture, another text"
    described = [cue for cue in first.cueset.cues if cue.code in SCENE_PARTS]
    assert described
    assert all(cue.text and cue.text.isprintable() for cue in described)
    again = describe(clip, model, sampling=SHORT, cache=cache)
    assert (again.asked, again.recalled) == (0, 2)
    assert again.cueset == first.cueset
    assert describe(clip, model, sampling=SHORT).cueset == first.cueset, "greedy: the same each time"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_real_model_is_held_to_the_schemas(model: TransformersEngine, language: str) -> None:
    for question in (ask_for_labels(TEXT, language), ask_for_cues(TEXT, language)):
        chat = Chat(
            messages=question.messages,
            sampling=Sampling(temperature=1.0, max_tokens=2000, seed=3),
            schema=question.schema,
        )
        completion = model.complete(chat)
        assert completion.notes == ()
        value = read_reply(completion.texts[0], question)
        assert completion.finish == ("stop",), "a grammar that ends"
        Draft202012Validator(question.schema).validate(value)


def test_labels_and_clues_of_a_real_model_are_repeatable(model: TransformersEngine) -> None:
    def labels() -> Labels | EmoreasonError:
        (found,) = extract_labels([TEXT], model, seed=4, sampling=Sampling(temperature=1.0, max_tokens=400))
        return found

    def clues() -> Clues:
        return extract_cues(TEXT, None, model, seed=4, sampling=SHORT)

    assert str(labels()) == str(labels())
    assert isinstance(labels(), Labels)
    found = clues()
    assert found == clues()
    assert found.clues == (), "a random model quotes nothing that stands in the text"


def test_the_scene_schema_can_be_enforced(model: TransformersEngine) -> None:
    question = ask_for_scene("data:image/jpeg;base64,", "en")
    messages = (question.messages[0], {"role": "user", "content": "Describe."})
    chat = Chat(messages=messages, sampling=Sampling(temperature=1.0, max_tokens=1500, seed=1), schema=question.schema)
    completion = model.complete(chat)
    assert completion.notes == ()
    assert completion.finish == ("stop",)
    # The grammar counts a character that a random model left broken as one; decoding shows each of its bytes.
    text = re.sub("\ufffd+", "\ufffd", completion.texts[0])
    Draft202012Validator(question.schema).validate(read_reply(text, question))
