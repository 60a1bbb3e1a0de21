"""GRPO with pictures: they reach the rollout and the loss, and what they show changes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from paid_runs import PaidRun, example, settings
from tiny_checkpoints import tiny_checkpoint

from emoreason.errors import RecordError
from emoreason.records import Score
from emoreason.rewards.completion import Completion
from emoreason.torch_imports import import_heavy
from emoreason.training.settings import RewardSettings, TermSettings
from emoreason.training.watching.log import read_completions

pytestmark = pytest.mark.skipif(find_spec("trl") is None, reason="trl is not installed; run: pip install -e '.[train]'")
COLOURS = ("red", "green", "blue", "yellow")


def vowels(completion: Completion, reference: Any) -> Score:
    """Share of vowels: random weights write something that differs in it."""
    text = completion.text or "x"
    return Score(name="vowels", value=sum(letter in "aeiou" for letter in text.lower()) / len(text))


VOWELS = RewardSettings(terms=(TermSettings(reward=f"{__file__}:vowels"),), lint=False)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkpoints")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    from PIL import Image

    folder = tmp_path_factory.mktemp("pictures")
    made = []
    for n, colour in enumerate(COLOURS):
        picture = Image.new("RGB", (64, 64), colour)
        picture.paste((255, 255, 255), (8 * n, 8 * n, 8 * n + 24, 8 * n + 24))
        made.append(folder / f"{colour}.png")
        picture.save(made[-1])
    return made


class Seen:
    """What the vision tower was given, forward by forward: sum of the pixels, number of pictures, gradients or not."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, int, bool]] = []

    @property
    def in_loss(self) -> list[tuple[float, int]]:
        return [(pixels, number) for pixels, number, learning in self.calls if learning]

    @property
    def in_rollout(self) -> list[tuple[float, int]]:
        return [(pixels, number) for pixels, number, learning in self.calls if not learning]


@contextmanager
def watched(model: Any) -> Iterator[Seen]:
    """Follow the vision tower of a model."""
    torch, seen = import_heavy("torch"), Seen()
    (tower,) = [one for name, one in model.named_modules() if name.endswith(".visual") or name == "visual"]

    def before(module: Any, args: Any, kwargs: Any) -> None:
        pixels = args[0] if args else kwargs["hidden_states"]
        grid = kwargs.get("grid_thw", args[1] if len(args) > 1 else None)
        seen.calls.append((float(pixels.double().sum()), len(grid), torch.is_grad_enabled()))

    handle = tower.register_forward_pre_hook(before, with_kwargs=True)
    try:
        yield seen
    finally:
        handle.remove()


@pytest.mark.parametrize("family", ["qwen3-vl", "qwen2.5-vl"])
def test_pixels_reach_the_loss_and_not_only_the_rollout(
    family: str, checkpoints: Path, pictures: list[Path], tmp_path: Path
) -> None:
    rows = [example(name=f"row {n}", frames=pictures[n : n + 2]) for n in range(3)]
    of = settings(tiny_checkpoint(family, checkpoints), tmp_path, rewards=VOWELS, max_steps=3)
    run = PaidRun(of, rows)
    before = run.adapter()
    with watched(run.trainer.model) as seen:
        run.trainer.train()
    assert len(seen.in_loss) == 3, "each step's loss has its pictures"
    assert {number for _, number in seen.in_loss} == {4 * 2}, "two for each of four completions"
    rollouts = {round(pixels, 2) for pixels, _ in seen.in_rollout}
    assert {round(pixels, 2) for pixels, _ in seen.in_loss} <= rollouts, "the same pictures as in the rollout"
    assert len(rollouts) == 3, "each row has its own"
    assert any(not weight.equal(before[name]) for name, weight in run.adapter().items())
    assert not any("visual" in name for name in before), "the vision tower stays as it is"
    assert {line["pictures"] for line in read_completions(tmp_path)} == {2}
    assert read_completions(tmp_path)[0]["prompt"][0]["content"].startswith("[picture][picture]")


def test_other_pictures_make_another_loss(checkpoints: Path, pictures: list[Path], tmp_path: Path) -> None:
    """The same completions with the same advantages, and the pixels of another row."""
    torch = import_heavy("torch")
    rows = [example(name=f"row {n}", frames=pictures[n : n + 1]) for n in range(2)]
    of = settings(tiny_checkpoint("qwen3-vl", checkpoints), tmp_path, rewards=VOWELS, max_steps=1)
    run = PaidRun(of, rows)
    kept: list[dict[str, Any]] = []
    compute = run.trainer.compute_loss

    def keeping(model: Any, inputs: dict[str, Any], **more: Any) -> Any:
        kept.append(dict(inputs))
        return compute(model, inputs, **more)

    run.trainer.compute_loss = keeping
    run.trainer.train()
    (inputs,) = kept
    assert inputs["advantages"].abs().sum() > 0
    with torch.no_grad():
        # Against fixed log-probabilities the loss is no longer 0 whatever is written.
        inputs["old_per_token_logps"] = torch.full(inputs["completion_ids"].shape, -7.0)
        losses = [
            float(compute(run.trainer.model, {**inputs, "pixel_values": pixels}))
            for pixels in (inputs["pixel_values"], inputs["pixel_values"], inputs["pixel_values"].flip(0) * -0.5)
        ]
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]


def test_a_text_run_of_a_vision_model_has_no_pictures(checkpoints: Path, tmp_path: Path) -> None:
    of = settings(tiny_checkpoint("qwen3-vl", checkpoints), tmp_path, rewards=VOWELS, max_steps=1)
    run = PaidRun(of, [example()] * 2)
    with watched(run.trainer.model) as seen:
        run.trainer.train()
    assert seen.calls == []
    assert run.trainer.state.global_step == 1


def test_rows_with_and_without_pictures_do_not_mix(checkpoints: Path, pictures: list[Path], tmp_path: Path) -> None:
    of = settings(tiny_checkpoint("qwen3-vl", checkpoints), tmp_path, rewards=VOWELS)
    with pytest.raises(RecordError, match="takes no batch of both"):
        PaidRun(of, [example(name="a", frames=pictures[:1]), example(name="b")])


@pytest.mark.slow
def test_omni_trains_on_text_and_pictures(checkpoints: Path, pictures: list[Path], tmp_path: Path) -> None:
    rows = [example(name=f"row {n}", frames=pictures[n : n + 1]) for n in range(2)]
    of = settings(tiny_checkpoint("qwen2.5-omni", checkpoints), tmp_path, rewards=VOWELS, max_steps=2)
    run = PaidRun(of, rows)
    with watched(run.trainer.model) as seen:
        run.trainer.train()
    assert len(seen.in_loss) == 2
