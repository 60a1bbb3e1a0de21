"""The engine that loads models with transformers: plumbing, with random weights. Content: test_contract_model.py."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emoreason.errors import ConfigError, EmoreasonError, MediaError, UpstreamError
from emoreason.reasoning.conversation import Chat, Completion, Sampling
from emoreason.reasoning.engines import load_engine
from emoreason.reasoning.engines.transformers import TransformersEngine
from emoreason.torch_imports import import_heavy

pytest.importorskip("torch")
pytest.importorskip("transformers")
from message_media import picture, wav
from tiny_checkpoints import tiny_adapter, tiny_checkpoint

pytestmark = pytest.mark.slow

FREE = Sampling(temperature=1.0, max_tokens=24, seed=5)
GREEDY = Sampling(max_tokens=24)
SCHEMA = {
    "type": "object",
    "properties": {
        "label": {"type": "string", "enum": ["happiness", "anger"]},
        "cues": {"type": "array", "items": {"type": "string", "enum": ["a.AU12.1"]}, "maxItems": 2},
        "sure": {"type": "boolean"},
    },
    "required": ["label", "cues", "sure"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp()


@pytest.fixture(scope="module")
def text_model(folder: Path) -> Iterator[TransformersEngine]:
    engine = TransformersEngine(str(tiny_checkpoint("qwen3", folder)), device="cpu")
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def vision_model(folder: Path) -> Iterator[TransformersEngine]:
    engine = TransformersEngine(str(tiny_checkpoint("qwen3-vl", folder)), device="cpu")
    yield engine
    engine.close()


def chat(content: Any = "Which emotion is expressed?", **options: Any) -> Chat:
    return Chat(messages=({"role": "user", "content": content},), **{"sampling": GREEDY, **options})


def looks(*colours: str) -> list[dict[str, Any]]:
    shown = [{"type": "image_url", "image_url": {"url": picture(colour)}} for colour in colours]
    return [*shown, {"type": "text", "text": "What is shown?"}]


def test_says_what_the_model_takes(text_model: TransformersEngine, vision_model: TransformersEngine) -> None:
    able = text_model.capabilities()
    assert (able.family, able.pictures, able.sound, able.context_tokens) == ("text", False, False, 32_768)
    assert able.count_tokens is not None
    assert able.count_tokens("<think>") == 1
    able = vision_model.capabilities()
    assert (able.family, able.pictures, able.video, able.sound) == ("qwen3-vl", True, True, False)
    assert able.pixels_per_token == 32 * 32


def test_the_registered_name_makes_it(folder: Path) -> None:
    engine = load_engine("transformers", model=str(tiny_checkpoint("qwen3", folder)), device="cpu")
    assert engine.name == "transformers"
    assert engine.model.endswith("tiny-qwen3")


def test_greedy_text_is_repeated_and_counted(text_model: TransformersEngine) -> None:
    first = text_model.complete(chat(n=2))
    assert first == text_model.complete(chat(n=2))
    assert first.texts[0] == first.texts[1] != ""
    assert first.finish[0] == "length"
    assert first.completion_tokens == 48
    assert first.prompt_tokens is not None
    assert first.prompt_tokens > 5


def test_a_seed_decides_the_text_and_leaves_the_process_alone(text_model: TransformersEngine) -> None:
    torch = import_heavy("torch")
    state = torch.random.get_rng_state()
    many = text_model.complete(chat(sampling=FREE, n=3)).texts
    assert len(set(many)) == 3
    assert bool((torch.random.get_rng_state() == state).all())
    torch.manual_seed(99)
    assert text_model.complete(chat(sampling=FREE.with_seed(6), n=2)).texts == many[1:]


def test_a_low_top_p_is_nearly_greedy(text_model: TransformersEngine) -> None:
    narrow = Sampling(temperature=1.0, top_p=1e-6, max_tokens=24)
    assert text_model.complete(chat(sampling=narrow)).texts == text_model.complete(chat()).texts


def test_an_opening_is_continued_as_it_stands(text_model: TransformersEngine) -> None:
    opening = "<think>\nThe lips part [a.AU25.1].\n</think>\n"
    inputs, _ = text_model._inputs(chat(opening=opening))
    prompt = text_model._loaded.tokenizer.decode(inputs["input_ids"][0], skip_special_tokens=False)
    assert prompt.endswith(f"<|im_start|>assistant\n{opening}")
    assert text_model.complete(chat(opening=opening)).texts != text_model.complete(chat()).texts


def test_a_stop_text_ends_the_reply_and_is_not_part_of_it(text_model: TransformersEngine) -> None:
    whole = text_model.complete(chat()).texts[0]
    stop = whole[20:23]
    assert stop.strip()
    done = text_model.complete(chat(stop=("never written", stop)))
    assert done.texts[0] == whole[: whole.find(stop)]
    assert done.finish == ("stop",)
    assert (done.completion_tokens or 0) < 24


@pytest.mark.parametrize("sampling", [GREEDY, FREE])
def test_even_random_weights_write_what_the_schema_says(text_model: TransformersEngine, sampling: Sampling) -> None:
    pytest.importorskip("xgrammar")
    assert text_model.capabilities().structure == "opening"
    longer = Sampling(temperature=sampling.temperature, max_tokens=80, seed=sampling.seed)
    done = text_model.complete(chat(sampling=longer, schema=SCHEMA, opening="<think>\nso\n</think>\n"))
    answer = json.loads(done.texts[0])
    assert answer["label"] in ("happiness", "anger")
    assert set(answer["cues"]) <= {"a.AU12.1"}
    assert isinstance(answer["sure"], bool)
    assert done.finish == ("stop",)


def test_a_schema_that_cannot_be_enforced_is_said(text_model: TransformersEngine) -> None:
    done = text_model.complete(chat(schema={"type": "no such type"}))
    assert "not enforced" in done.notes[0]


def test_without_xgrammar_nothing_is_enforced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "xgrammar", None)
    engine = TransformersEngine(str(tiny_checkpoint("qwen3", folder)), device="cpu")
    assert engine.capabilities().structure == "none"


def test_a_template_that_opens_the_think_part(text_model: TransformersEngine, folder: Path) -> None:
    thinking = folder / "thinking"
    shutil.copytree(tiny_checkpoint("qwen3", folder), thinking, dirs_exist_ok=True)
    template = thinking / "chat_template.jinja"
    template.write_text(template.read_text().rstrip().replace("assistant\\n' }}", "assistant\\n<think>\\n' }}"))
    engine = TransformersEngine(str(thinking), device="cpu")
    same = text_model.complete(chat(opening="<think>\n")).texts[0]
    assert engine.complete(chat()).texts[0] == f"<think>\n{same}"
    assert engine.complete(chat(opening="<think>\n")).texts[0] == same


def test_pictures_reach_the_vision_tower_and_change_what_follows(vision_model: TransformersEngine) -> None:
    torch, model = import_heavy("torch"), vision_model._loaded.model
    seen: list[Any] = []
    hook = model.model.visual.register_forward_pre_hook(lambda module, given: seen.append(given[0].clone()))
    logits = []
    for colours in (("red",), ("blue",), ("red", "blue")):
        inputs, _ = vision_model._inputs(chat(looks(*colours)))
        with torch.inference_mode():
            logits.append(model(**inputs).logits[0, -1])
        assert bool((seen[-1] == inputs["pixel_values"]).all())
    hook.remove()
    assert len(seen[2]) == 2 * len(seen[0])
    assert not torch.equal(seen[0], seen[1])
    assert float((logits[0] - logits[1]).abs().max()) > 0.1
    assert float((logits[1] - logits[2]).abs().max()) > 0.1
    assert vision_model.complete(chat(looks("red"))).texts != vision_model.complete(chat(looks("blue"))).texts


def test_several_frames_with_captions(vision_model: TransformersEngine) -> None:
    frames = [part for time in (1, 2, 3) for part in ({"type": "text", "text": f"At {time} s:"}, looks("green")[0])]
    done = vision_model.complete(chat([*frames, {"type": "text", "text": "Observations: none"}]))
    assert done.texts[0]


def test_an_omni_model_sees_and_hears(folder: Path) -> None:
    """The thinker of Qwen2.5-Omni: pictures and sound reach its towers and change what follows."""
    torch = import_heavy("torch")
    engine = TransformersEngine(str(tiny_checkpoint("qwen2.5-omni", folder)), device="cpu")
    able, model = engine.capabilities(), engine._loaded.model
    assert type(model).__name__ == "Qwen2_5OmniThinkerForConditionalGeneration"
    assert (able.family, able.pictures, able.sound) == ("qwen2.5-omni", True, True)
    heard = [
        {"type": "input_audio", "input_audio": {"data": wav(1.0, rate), "format": "wav"}} for rate in (8_000, 16_000)
    ]
    question = {"type": "text", "text": "Which emotion is expressed?"}
    logits = []
    for content in ([question], [*looks("red")], [*looks("blue")], [heard[0], question], [*heard, *looks("red")]):
        inputs, _ = engine._inputs(chat(content))
        with torch.inference_mode():
            logits.append(model(**inputs).logits[0, -1])
    for number, one in enumerate(logits):
        for other in logits[:number]:
            assert float((one - other).abs().max()) > 1e-3
    assert engine.complete(chat([*heard, *looks("red")])).texts[0]


def test_an_adapter_by_its_path_changes_the_logits(text_model: TransformersEngine, folder: Path) -> None:
    pytest.importorskip("peft")
    checkpoint = tiny_checkpoint("qwen3", folder)
    adapter = tiny_adapter(checkpoint, folder)
    engine = TransformersEngine(str(checkpoint), adapter=str(adapter), device="cpu")
    torch = import_heavy("torch")
    inputs, _ = text_model._inputs(chat())
    with torch.inference_mode():
        plain, adapted = (one._loaded.model(**inputs).logits for one in (text_model, engine))
    assert float((plain - adapted).abs().max()) > 0.1
    assert engine.complete(chat()).texts != text_model.complete(chat()).texts
    assert str(adapter) in engine.model
    assert engine._identity != text_model._identity


def test_what_a_model_does_not_take_is_refused(
    text_model: TransformersEngine, vision_model: TransformersEngine
) -> None:
    with pytest.raises(MediaError, match="text alone"):
        text_model.complete(chat(looks("red")))
    sound = {"type": "input_audio", "input_audio": {"data": wav(0.1), "format": "wav"}}
    with pytest.raises(UpstreamError, match="sound"):
        vision_model.complete(chat([sound]))


def test_too_long_a_prompt_is_one_line(text_model: TransformersEngine) -> None:
    with pytest.raises(UpstreamError, match=r"prompt has \d+ tokens"):
        text_model.complete(chat("é" * 40_000))


def test_sampling_that_a_model_brings_along_does_not_count(text_model: TransformersEngine, folder: Path) -> None:
    other = folder / "opinionated"
    shutil.copytree(tiny_checkpoint("qwen3", folder), other, dirs_exist_ok=True)
    settings = other / "generation_config.json"
    brought = {"do_sample": True, "temperature": 0.1, "top_k": 1, "repetition_penalty": 3.0}
    settings.write_text(json.dumps(json.loads(settings.read_text()) | brought))
    engine = TransformersEngine(str(other), device="cpu")
    for one in (chat(), chat(sampling=FREE)):
        assert engine.complete(one).texts == text_model.complete(one).texts


def test_bad_models_are_one_line(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOREASON_OFFLINE", "1")
    checkpoint = tiny_checkpoint("qwen3", folder)
    pickled, remote = tmp_path / "pickled", tmp_path / "remote"
    for copy in (pickled, remote):
        shutil.copytree(checkpoint, copy)
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    config = json.loads((remote / "config.json").read_text())
    own = {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Config", "AutoModelForCausalLM": "mine.Model"}}
    (remote / "config.json").write_text(json.dumps(config | own))
    (remote / "mine.py").write_text("raise SystemExit('this ran')")
    lacking = tmp_path / "lacking"
    shutil.copytree(checkpoint, lacking)
    weights = import_heavy("safetensors.torch").load_file(lacking / "model.safetensors")
    weights.pop("model.layers.1.mlp.up_proj.weight")
    import_heavy("safetensors.torch").save_file(weights, lacking / "model.safetensors", {"format": "pt"})
    with pytest.raises(ConfigError, match=r"lacks 1 weights .*up_proj"):
        TransformersEngine(str(lacking), device="cpu")
    for model in (str(tmp_path / "none"), "nobody/such-a-model", str(pickled), str(remote)):
        with pytest.raises(ConfigError) as caught:
            TransformersEngine(model, device="cpu")
        assert "\n" not in str(caught.value)
    for options in ({"device": "toaster"}, {"dtype": "int3"}, {"adapter": str(tmp_path)}):
        with pytest.raises(ConfigError):
            TransformersEngine(str(checkpoint), **{"device": "cpu", **options})


def test_a_closed_engine_says_so(folder: Path) -> None:
    engine = TransformersEngine(str(tiny_checkpoint("qwen3", folder)), device="cpu")
    engine.close()
    with pytest.raises(UpstreamError, match="closed"):
        engine.complete(chat())


def test_one_bad_request_costs_itself_alone(text_model: TransformersEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def talk(request: Any, able: Any, manner: Any) -> Any:
        if request == "bad":
            raise ValueError("a mistake")
        done: Completion = yield chat(f"About {request}", sampling=Sampling(max_tokens=request))
        return done.completion_tokens

    monkeypatch.setattr("emoreason.reasoning.engines.transformers.ask", talk)
    replies = dict(text_model.answer_each([("a", 2), ("b", "bad"), ("c", 3)]))  # type: ignore[list-item]
    assert replies["a"] == 2
    assert replies["c"] == 3
    assert isinstance(replies["b"], EmoreasonError)
