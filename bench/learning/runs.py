"""SFT and GRPO of the experiment, by the package's own training, and the answers of each model to held-out clips.

Three arms of GRPO begin at the same adapter, see the same prompts in the same order and differ in their rewards alone:

- ``grounded``: the blend of that name; grounding and consistency begin at a quarter of the run and count in full from
  its half on (the preset's own schedule, 100 and 200 steps, is made for longer runs);
- ``wheel``: the wheel score alone; the other terms are logged with weight 0;
- ``at once``: ``grounded`` without its schedule: the same terms, weights and gates, all from the first step.

The learning rate is the same at every step: with one that falls, terms that begin late would be learnt at a lower one.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from emoreason.prompts.contract import parse_answer
from emoreason.records import TrainingRow
from emoreason.rewards.blend import PRESETS, Blend, Gate, Term, blend_named
from emoreason.rewards.completion import read_completion
from emoreason.torch_imports import import_heavy
from emoreason.training.example import Example
from emoreason.training.grpo import train_grpo
from emoreason.training.machine.looking import this_machine
from emoreason.training.model.loading import load_trainee
from emoreason.training.outcome import Outcome
from emoreason.training.outputs.evaluation import evaluate
from emoreason.training.outputs.sampling import Sampling
from emoreason.training.preparing import examples_of
from emoreason.training.rows.stored import write_rows
from emoreason.training.settings import (
    DataSettings,
    LoraSettings,
    ModelSettings,
    OutputSettings,
    RewardSettings,
    Settings,
    TermSettings,
)
from emoreason.training.sft import train_sft
from emoreason.training.watching.log import read_log

from .base import Size
from .world import CLEAN, Split, draw_rows

ARMS: Final = ("grounded", "wheel", "at once")
_RIGHT_ENOUGH: Final = Gate(("wheel", "label"), 0.5)
#: What ``grounded`` pays for besides length and form: a gain here is not bought by them.
SUBSTANCE: Final = Blend(
    "substance",
    (
        Term(reward="wheel"),
        Term(reward="label", weight=0.0),
        Term(reward="grounding", weight=0.5, gate=_RIGHT_ENOUGH),
        Term(reward="consistency", weight=0.2, gate=_RIGHT_ENOUGH),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Sizes and hyper-parameters of the runs; all were chosen on the dev split, with one seed and the arm ``grounded``.

    What was tried there: SFT at 3e-4 (too little) and 1e-3. GRPO at a rate that falls to 0: 1e-4 (80 steps: nothing
    learnt), 5e-4 (50 steps: little), 2e-3 (60 steps: fewer and worse claims), 1e-3 with two updates a rollout (the
    same) and with one (120 steps of 320 rows: better). At a constant rate: 1e-3 (sampled wheel F +.114, greedy -.035)
    and 5e-4 (+.112, -.003: taken).
    """

    sft_rows: int = 48
    sft_steps: int = 30
    sft_batch: int = 8
    sft_learning_rate: float = 1e-3
    grpo_rows: int = 800
    grpo_steps: int = 100
    grpo_prompts: int = 8
    generations: int = 8
    grpo_iterations: int = 1
    grpo_learning_rate: float = 5e-4
    longest: int = 90
    rank: int = 16
    clips: int = 150
    samples: int = 4


def quick_sizes() -> tuple[Size, Plan]:
    """Sizes that show that all of it runs, in about a minute, and nothing else."""
    size = Size(layers=2, hidden=64, inner=128, heads=2, steps=40, batch=16)
    plan = Plan(sft_rows=16, sft_steps=3, grpo_rows=16, grpo_steps=4, grpo_prompts=2, generations=4, clips=6, samples=1)
    return size, plan


def reward_terms(arm: str, steps: int) -> tuple[TermSettings, ...]:
    """Terms of an arm, for a run of so many steps.

    Examples
    --------
    >>> [(term.reward, term.weight, term.starts_at_step, term.ramp_steps) for term in reward_terms("grounded", 80)][-2:]
    [('grounding', 0.5, 20, 20), ('consistency', 0.2, 20, 20)]
    """
    terms = []
    for term in PRESETS["grounded"][0]:
        late = bool(term.starts_at_step) and arm == "grounded"
        gate = term.gate if arm != "wheel" else None
        terms.append(
            TermSettings(
                reward=term.reward,
                weight=term.weight if arm != "wheel" or term.reward == "wheel" else 0.0,
                gate=gate.terms if gate else (),
                gate_at_least=gate.at_least if gate else 0.5,
                starts_at_step=steps // 4 if late else 0,
                ramp_steps=steps // 4 if late else 0,
            )
        )
    return tuple(terms)


def run_sft(base: Path, folder: Path, seed: int, plan: Plan, say: Callable[[str], None]) -> Outcome:
    """Teach the form and the rule on a few clean rows."""
    rows = folder.parent / "sft.jsonl"
    write_rows(draw_rows("train", plan.sft_rows, 2_000 + seed, CLEAN), rows)
    trainer = {
        "per_device_train_batch_size": plan.sft_batch,
        "max_steps": plan.sft_steps,
        "learning_rate": plan.sft_learning_rate,
    }
    settings = _settings("sft", base, rows, folder, seed, plan, trainer)
    return train_sft(settings, on_event=_teller("sft", say), resume="auto")


def run_grpo(
    base: Path, adapter: Path, folder: Path, arm: str, seed: int, plan: Plan, say: Callable[[str], None]
) -> Outcome:
    """Train an arm from the adapter of SFT. Its rows have references and no answers to copy."""
    rows = folder.parent / "grpo.jsonl"
    drawn = draw_rows("train", plan.grpo_rows, 3_000 + seed, CLEAN)
    write_rows((replace(row, target=None) for row in drawn), rows)
    trainer = {
        "per_device_train_batch_size": plan.grpo_prompts * plan.generations,
        "num_generations": plan.generations,
        "num_iterations": plan.grpo_iterations,
        "max_completion_length": plan.longest,
        "max_steps": plan.grpo_steps,
        "learning_rate": plan.grpo_learning_rate,
        "lr_scheduler_type": "constant",
    }
    settings = _settings("grpo", base, rows, folder, seed, plan, trainer)
    # Two of the arms are there because they are known to be gameable: the battery would refuse them.
    rewards = RewardSettings(terms=reward_terms(arm, plan.grpo_steps), lint=False)
    model = replace(settings.model, adapter=str(adapter))
    return train_grpo(replace(settings, rewards=rewards, model=model), on_event=_teller(arm, say), resume="auto")


def _settings(
    method: Any, base: Path, rows: Path, folder: Path, seed: int, plan: Plan, trainer: dict[str, Any]
) -> Settings:
    return Settings(
        method=method,
        model=ModelSettings(name=str(base), device="cpu"),
        data=DataSettings(train=(str(rows),), preset="explain", seed=seed),
        output=OutputSettings(folder=str(folder), evaluate=0, report=False),
        lora=LoraSettings(rank=plan.rank, alpha=2 * plan.rank, dropout=0.0),
        trainer={"report_to": "none", **trainer},
    )


def _teller(name: str, say: Callable[[str], None]) -> Callable[[dict[str, Any]], None]:
    def tell(event: dict[str, Any]) -> None:
        if event["event"] == "stopped":
            say(f"{name} stopped early: {event}")

    return tell


def curve(folder: Path) -> dict[str, list[float | None]]:
    """Values of each step of a run of GRPO."""
    lines = [line for line in read_log(folder) if "reward" in line]
    names = {
        "step": "step",
        "reward": "reward",
        "wheel": "own/wheel",
        "grounding": "own/grounding",
        "format": "own/format",
        "tokens": "completions/mean_length",
        "seconds": "step_time",
        "reward_seconds": "reward_time",
    }
    return {name: [line.get(key) for line in lines] for name, key in names.items()}


def held_out(split: Split, plan: Plan) -> list[TrainingRow]:
    """Draw the clips that all models of all seeds answer."""
    return list(draw_rows(split, plan.clips, 7_777, CLEAN))


def answers(base: Path, adapter: Path | None, split: Split, seed: int, plan: Plan) -> dict[str, Any]:
    """Answer the held-out clips, greedily and sampled.

    Returns
    -------
    dict
        ``answers``: one entry an answer (``clip``, ``manner`` and what was measured); ``texts``: the first greedy ones;
        ``seconds``.
    """
    began = time.perf_counter()
    torch = import_heavy("torch")
    torch.manual_seed(seed)
    model = ModelSettings(name=str(base), adapter=None if adapter is None else str(adapter), device="cpu")
    trainee = load_trainee(model, LoraSettings(), this_machine("cpu"))
    settings = Settings(
        method="grpo", model=model, data=DataSettings(train=(), preset="explain"), output=OutputSettings(folder="")
    )
    examples = list(examples_of(held_out(split, plan), settings, as_served=True))
    sampling = Sampling(greedy=True, samples=plan.samples, max_tokens=plan.longest, batch=64)
    found = evaluate(
        trainee.model, trainee.processing, examples, sampling=sampling, seed=seed, blend=blend_named("grounded"),
        resamples=2,
    )  # fmt: skip
    by_id = {example.row_id: example for example in examples}
    told = [
        {"clip": one.clip, "manner": one.manner, **one.measured, **_more(one.text, by_id[one.row_id])}
        for one in found.answers
    ]
    texts = [one.text for one in found.answers if one.manner == "greedy"][:5]
    return {"answers": told, "texts": texts, "seconds": time.perf_counter() - began}


def _more(text: str, example: Example) -> dict[str, float | None]:
    """Measure what the evaluation of a run does not."""
    answer = parse_answer(text).answer or {}
    substance = SUBSTANCE(read_completion(text), example.reference).value
    return {"substance": substance, "labels": float(len(answer.get("labels", ())))}


def as_json(plan: Plan, *others: Any) -> list[dict[str, Any]]:
    """Return what decides the result, to tell whether an earlier one may be kept."""
    return [asdict(one) for one in (plan, *others)]


def mean(values: Sequence[float]) -> float:
    """Mean; NaN of none."""
    return sum(values) / len(values) if values else float("nan")
