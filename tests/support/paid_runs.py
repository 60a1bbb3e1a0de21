"""Small GRPO runs: examples of one question each, and the settings that fit a tiny model on a CPU."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from emoreason.prompts.version import PROMPT_VERSION
from emoreason.records import Frame, Reference
from emoreason.torch_imports import import_heavy
from emoreason.training.example import Example
from emoreason.training.examples.datasets import dataset_of
from emoreason.training.grpo import grpo_config, grpo_trainer
from emoreason.training.machine.looking import Machine
from emoreason.training.model.loading import load_trainee
from emoreason.training.outcome import OnEvent
from emoreason.training.paying.functions import Rewards, reward_functions
from emoreason.training.settings import (
    DataSettings,
    LoraSettings,
    ModelSettings,
    OutputSettings,
    RewardSettings,
    Settings,
    StopSettings,
)
from emoreason.training.watching.callback import Watching, watch

#: As few tokens as can be; nothing is saved unless a test asks for it.
TRAINER: Mapping[str, Any] = {
    "max_steps": 4,
    "per_device_train_batch_size": 4,
    "num_generations": 4,
    "max_completion_length": 6,
    "learning_rate": 1e-3,
    "lr_scheduler_type": "constant",
    "logging_steps": 1,
    "log_completions": False,
    "report_to": "none",
    "save_strategy": "no",
}
NEVER = StopSettings(reward_std=None, format=None, length_growth=None)


def example(
    labels: Sequence[str] = ("sad",), *, name: str = "row", frames: Sequence[Path] = (), question: str = ""
) -> Example:
    """A question with a right answer, and pictures before it."""
    text = question or "what she feels ?"
    parts = [*({"type": "image"} for _ in frames), {"type": "text", "text": text}]
    return Example(
        row_id=name,
        messages=({"role": "user", "content": parts if frames else text},),
        completion=None,
        frames=tuple(Frame(time_s=float(n), path=str(path)) for n, path in enumerate(frames)),
        reference=Reference(labels=tuple(labels)),
        thinks=True,
        prompt_tokens=8,
        prompt_version=PROMPT_VERSION,
    )


def settings(
    model: Path,
    folder: Path,
    *,
    rewards: RewardSettings | None = None,
    stop: StopSettings = NEVER,
    lora: LoraSettings | None = None,
    adapter: Path | None = None,
    **trainer: Any,
) -> Settings:
    """Settings of a small run."""
    return Settings(
        method="grpo",
        model=ModelSettings(name=str(model), device="cpu", adapter=None if adapter is None else str(adapter)),
        data=DataSettings(train=("rows.jsonl",)),
        output=OutputSettings(folder=str(folder), evaluate=0, report=False),
        lora=lora or LoraSettings(rank=4, alpha=8, dropout=0.0),
        rewards=rewards or RewardSettings(lint=False),
        stop=stop,
        trainer={**TRAINER, **trainer},
    )


class PaidRun:
    """Everything of a run but its files of rows; made, not yet trained."""

    def __init__(
        self,
        of: Settings,
        examples: Sequence[Example],
        *,
        dev: Sequence[Example] = (),
        rewards: Rewards | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        machine = Machine()
        config = grpo_config(of, machine)
        self.rewards = rewards or reward_functions(of.rewards, longest=config.max_completion_length)
        config.reward_weights = self.rewards.weights
        trainee = load_trainee(of.model, of.lora, machine)
        self.watching: Watching = watch(Path(of.output.folder), stop=of.stop, on_event=on_event)
        vision = trainee.vision and any(one.frames for one in examples)
        place = Path(of.output.folder) / "data"
        rows, asked = (
            dataset_of(some, vision=vision, method="grpo", folder=place) if some else None for some in (examples, dev)
        )
        self.trainer: Any = grpo_trainer(config, trainee, rows, self.rewards, self.watching, dev=asked)

    def logged(self, key: str) -> list[Any]:
        """Values of one key, step by step."""
        return [line[key] for line in self.trainer.state.log_history if key in line]

    def adapter(self) -> dict[str, Any]:
        """Weights of the adapter."""
        peft = import_heavy("peft")
        found: dict[str, Any] = peft.get_peft_model_state_dict(self.trainer.model)
        return {name: weight.detach().clone() for name, weight in found.items()}


def outspoken_lm(folder: Path) -> Path:
    """Write the tiny language model of a dozen words with an output layer that an adapter below it can move."""
    from tiny_causal_lm import save_tiny_causal_lm

    torch, transformers = import_heavy("torch"), import_heavy("transformers")
    save_tiny_causal_lm(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        model.get_output_embeddings().weight.mul_(10.0)
    model.save_pretrained(folder)
    return folder
