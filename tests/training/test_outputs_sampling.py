"""Sampled answers of the evaluation are drawn as in training, with all that shapes them there."""

from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from emoreason.errors import ConfigError
from emoreason.records import Reference
from emoreason.torch_imports import import_heavy
from emoreason.training.example import Example
from emoreason.training.outputs.answering import answer_examples
from emoreason.training.outputs.sampling import Sampling, sampling_of, sampling_words


def arguments(**changed: Any) -> SimpleNamespace:
    """What ``GRPOConfig`` holds of sampling when nothing is set (a test compares)."""
    plain = {"temperature": 1.0, "top_p": 1.0, "top_k": 0, "min_p": None, "repetition_penalty": 1.0}
    return SimpleNamespace(**{**plain, "generation_kwargs": None, **changed})


def test_it_is_that_of_the_run() -> None:
    assert sampling_of(arguments(), samples=1, longest=99) == Sampling(samples=1, max_tokens=99)
    set_all = {"temperature": 1.2, "top_p": 0.9, "top_k": 20, "min_p": 0.05, "repetition_penalty": 1.1}
    found = sampling_of(arguments(**set_all), samples=2, longest=99)
    assert found == Sampling(samples=2, max_tokens=99, **set_all)
    assert found.shape() == set_all
    assert sampling_words(asdict(found)) == ("temperature 1.2, top_p 0.9, top_k 20, min_p 0.05, repetition_penalty 1.1")
    over = sampling_of(arguments(top_k=20, generation_kwargs={"top_k": 5, "seed": 3}), samples=1, longest=9)
    assert over.top_k == 5
    assert sampling_of(arguments(top_k=-1), samples=1, longest=9).top_k == 0  # vLLM's way to say: all


def test_it_takes_what_trl_has(tmp_path: Path) -> None:
    pytest.importorskip("trl", reason="run: pip install 'emoreason[train]'")
    trl = import_heavy("trl")
    config = trl.GRPOConfig(output_dir=str(tmp_path), use_cpu=True, bf16=False, top_k=7, min_p=0.1)
    assert sampling_of(config, samples=1, longest=9) == Sampling(samples=1, max_tokens=9, top_k=7, min_p=0.1)
    plain = trl.GRPOConfig(output_dir=str(tmp_path), use_cpu=True, bf16=False)
    assert {name: getattr(plain, name) for name in vars(arguments())} == vars(arguments())


@pytest.mark.parametrize(
    "wrong", [{"top_k": -1}, {"min_p": 1.5}, {"min_p": -0.1}, {"repetition_penalty": 0}, {"top_p": 0}]
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="min_p in"):
        Sampling(samples=1, **wrong)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Any:
    pytest.importorskip("transformers", reason="run: pip install 'emoreason[train]'")
    from tiny_checkpoints import tiny_checkpoint

    from emoreason.reasoning.engines.pretrained import load_pretrained

    return load_pretrained(str(tiny_checkpoint("qwen3", tmp_path_factory.mktemp("model"))), None, "cpu", "auto")


EXAMPLES = [
    Example(
        row_id=text, messages=({"role": "user", "content": text},), completion=None, frames=(),
        reference=Reference(), thinks=True, prompt_tokens=9, prompt_version="1",
    )
    for text in ("Smiles.", "Frowns.", "Looks away.")
]  # fmt: skip


def test_a_model_is_sampled_so(loaded: Any) -> None:
    plain = Sampling(samples=1, max_tokens=12)

    def answers(sampling: Sampling) -> list[tuple[str, str]]:
        found = answer_examples(loaded.model, loaded.tokenizer, EXAMPLES, sampling=sampling)
        return [(one["greedy"][0].text, one["sampled"][0].text) for one in found]

    assert all(greedy != sampled for greedy, sampled in answers(plain))
    for alone in (replace(plain, top_k=1), replace(plain, min_p=1.0)):
        assert all(greedy == sampled for greedy, sampled in answers(alone)), alone
    # Where greedy answers repeat a token, of the prompt or of their own.
    assert any(greedy != sampled for greedy, sampled in answers(replace(plain, top_k=1, repetition_penalty=50.0)))


def test_what_the_template_has_written_of_the_reply_belongs_to_it(loaded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    template, sampling = loaded.tokenizer.chat_template, Sampling(max_tokens=4)
    opened = template.replace("assistant\\n' }}", "assistant\\n<think>\\n' }}")
    assert opened != template
    before = answer_examples(loaded.model, loaded.tokenizer, EXAMPLES[:1], sampling=sampling)[0]["greedy"][0]
    monkeypatch.setattr(loaded.tokenizer, "chat_template", opened)
    after = answer_examples(loaded.model, loaded.tokenizer, EXAMPLES[:1], sampling=sampling)[0]["greedy"][0]
    assert not before.text.startswith("<think>")
    assert after.text.startswith("<think>\n")
    assert after.tokens == 4  # those of the model alone
