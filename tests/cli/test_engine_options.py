"""Options of the engines: each takes what it understands, and what decides answers is recorded."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from emoreason.cli.engine_options import EngineOptions, engine_options
from emoreason.errors import ConfigError

FILE_ENGINE = """
class Mine:
    name, model = "mine", "1"
    def __init__(self, depth=1, manner=None): self.depth, self.manner = depth, manner
    def answer(self, request): ...
class Bare:
    name, model = "bare", "1"
    def answer(self, request): ...
class Any:
    name, model = "any", "1"
    def __init__(self, **rest): self.rest = rest
    def answer(self, request): ...
"""


def options(*words: str) -> EngineOptions:
    found: list[EngineOptions] = []

    @click.command()
    @engine_options
    def verb(engine: EngineOptions) -> None:
        found.append(engine)

    result = CliRunner().invoke(verb, words, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return found[0]


@pytest.fixture
def plugin(tmp_path: Path) -> str:
    path = tmp_path / "mine.py"
    path.write_text(FILE_ENGINE, encoding="utf-8")
    return str(path)


def test_nothing_stated_is_the_evidence_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMOREASON_WEIGHTS", raising=False)
    assert options().keywords == {}
    assert options().parameters() == {"engine": "evidence", "weights": "fitted"}
    monkeypatch.setenv("EMOREASON_WEIGHTS", "literature")
    assert options().load().model.startswith("literature")
    assert options().parameters()["weights"] == "literature"
    assert options("--weights", "fitted").keywords == {"weights": "fitted"}
    assert "weights" not in options("--engine", "openai").keywords


def test_a_server_and_how_it_is_asked() -> None:
    stated = options(
        *("--engine", "openai", "--model", "m", "--url", "http://h:1/v1", "--api-key-file", "key", "--adapter", "a"),
        *("--accepts", "pictures,sound", "--concurrency", "3", "--request-timeout", "9", "--retries", "0"),
        *("--samples", "3", "--temperature", "0.7", "--top-p", "0.9", "--max-tokens", "99", "--seed", "5"),
        *("--frames", "2", "--max-pixels", "1000", "--frame-tokens", "50", "--no-sound", "--budget", "4000"),
        "--no-enforce",
    )
    keywords = dict(stated.keywords)
    manner = keywords.pop("manner")
    assert (keywords.pop("model"), keywords.pop("url"), keywords.pop("key_file")) == ("m", "http://h:1/v1", "key")
    assert (keywords.pop("adapter"), keywords.pop("accepts")) == ("a", ("pictures", "sound"))
    assert keywords == {"concurrency": 3, "timeout_s": 9.0, "retries": 0}
    assert (manner.samples, manner.frames, manner.frame_pixels, manner.frame_tokens) == (3, 2, 1000, 50)
    assert (manner.sound, manner.enforce, manner.budget_tokens) == (False, False, 4000)
    sampling = manner.sampling
    assert (sampling.temperature, sampling.top_p, sampling.max_tokens, sampling.seed) == (0.7, 0.9, 99, 5)
    recorded = stated.parameters()
    assert recorded["manner"]["sampling"]["seed"] == 5
    assert not {"key_file", "url", "concurrency", "timeout_s", "retries"} & set(recorded)
    assert options("--engine", "openai", "--url", "http://h:1/v1").parameters()["url"] == "http://h:1/v1"
    assert options("--engine", "openai", "--accepts", "text").keywords["accepts"] == ()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--url", "http://h"), "--url means nothing to the engine evidence; it is for openai"),
        (("--temperature", "1"), "--temperature means nothing"),
        (("--no-sound",), "--no-sound means nothing"),
        (("--engine", "transformers"), "needs --model"),
        (("--engine", "transformers", "--model", "m", "--url", "http://h"), "it is for openai"),
        (("--engine", "openai", "--weights", "fitted"), "it is for evidence"),
        (("--engine", "openai", "--device", "cpu"), "it is for transformers"),
        (("--engine", "openai", "--engine-arg", "frob=1"), "takes no such argument"),
        (("--engine", "openai", "--engine-arg", "url=x"), "takes no such argument"),
        (("--engine", "openai", "--samples", "3"), "temperature"),
        (("--engine", "nosuch"), "no engine is called"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_an_engine_cannot_use_is_refused(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        options(*words).check()


@pytest.mark.parametrize(
    "words",
    [("--accepts", "smell"), ("--accepts", ","), ("--engine-arg", "x"), ("--top-p", "0"), ("--max-tokens", "0")],
    ids=" ".join,
)
def test_values_that_cannot_be(words: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError):
        options(*words)


def test_a_plug_in_takes_what_its_class_names(plugin: str) -> None:
    mine = options("--engine", f"{plugin}:Mine", "--engine-arg", "depth=3", "--seed", "4")
    made = mine.load()
    assert (made.depth, made.manner.sampling.seed) == (3, 4)  # type: ignore[attr-defined]
    recorded = mine.parameters()
    assert recorded["depth"] == 3
    assert len(recorded["engine.file"]) == 12
    assert options("--engine", f"{plugin}:Bare").keywords == {}
    with pytest.raises(ConfigError, match="--model means nothing"):
        options("--engine", f"{plugin}:Bare", "--model", "m").check()
    any_ = options("--engine", f"{plugin}:Any", "--engine-arg", "word=text", "--engine-arg", "on=true").load()
    assert any_.rest == {"word": "text", "on": True}  # type: ignore[attr-defined]


def test_only_models_describe_scenes_and_are_shown_examples() -> None:
    options("--engine", "openai").needs_model("--describe-scene")
    with pytest.raises(ConfigError, match=r"--describe-scene means nothing to the engine evidence; it is for openai"):
        options().needs_model("--describe-scene")


@pytest.mark.parametrize("url", ["http://me:hush@h:1/v1", "http://h:1/v1?key=hush", "http://hush@h:1/v1#hush"])
def test_what_an_address_should_not_hold_is_not_recorded(url: str) -> None:
    assert options("--engine", "openai", "--url", url).parameters()["url"] == "http://h:1/v1"


def test_keys_of_plug_ins_are_not_recorded(plugin: str) -> None:
    words = ("--engine-arg", "api_key=hush", "--engine-arg", "HF_TOKEN=hush", "--engine-arg", "tokenizer=mine")
    recorded = options("--engine", f"{plugin}:Any", *words).parameters()
    assert recorded["tokenizer"] == "mine"
    assert "hush" not in str(recorded)
