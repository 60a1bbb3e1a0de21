"""What our training costs beside TRL's own: ``OMP_NUM_THREADS=1 python bench/train_overhead.py [--steps N] [--gpu]``.

- **Ratio**: ``train_sft`` and ``train_grpo`` against a bare TRL script, with the same model, rows, prompts, keys of the
  trainer and a constant reward. Both run in one process and take turns, a step each; counted is processor time, from
  one end of a step to the next, so that everything we do in the loop is in it (reading answers, logs, samples, early
  stops). Rounds are processes of their own, with ours or the bare one first in turn: where memory lies makes a process
  faster or slower for as long as it lives, so the interval draws rounds. The bare script leaves TRL's table of
  completions off; ours writes it. Bound: median ratio at most 1.03.
- **Share of the rewards**: seconds a step of GRPO spends in those of ``grounded``, by the run's own log. The model
  is the tests' tiny one that has learnt the contract, so its answers are long enough to be checked. With a model so
  small the share is as large as it can be; the bound of 2 % is for a model of two billion parameters on a GPU.
- ``--gpu``: a randomly initialised model of the size of Qwen3-VL-2B with LoRA, pictures included: seconds, tokens per
  second and memory of SFT and GRPO, and the share of the rewards for as many right answers.

Ends with 1 when a bound does not hold.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "bench")]
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TQDM_DISABLE", "1")

from emoreason.records import Frame, Reference, Score, TrainingRow  # noqa: E402 - this file is also a plug-in
from emoreason.rewards.completion import Completion  # noqa: E402
from emoreason.training.settings import (  # noqa: E402
    DataSettings,
    LoraSettings,
    ModelSettings,
    OutputSettings,
    RewardSettings,
    Settings,
    StopSettings,
    TermSettings,
)

BOUND = 1.03
SHARE_BOUND = 0.02
WARM = 3
PROMPTS, GENERATIONS, LONGEST = 4, 8, 96
#: Told what the trainer logs of each step.
EachStep = Callable[[Mapping[str, Any]], None]
NEVER = StopSettings(reward_std=None, format=None, length_growth=None)


def constant(completion: Completion, reference: Reference) -> Score:
    """Pay everything alike."""
    return Score(name="constant", value=1.0)


def rows_of(number: int) -> Iterator[TrainingRow]:
    """Clips with right answers."""
    from contract_model import FACES, clips

    for clip in clips(number, seed=11):
        labels = (FACES[clip.emotion][1],) if clip.emotion else ()
        name = clip.cueset.clip.id
        reference = Reference(labels=labels, emotion=clip.emotion)
        yield TrainingRow(id=name, cueset=clip.cueset, target=clip.answer, reference=reference, group=name)


def settings_of(method: Any, model: Path, rows: Path, folder: Path, steps: int, **trainer: Any) -> Settings:
    """Make the settings of a run of so many steps that saves nothing on the way."""
    keys: dict[str, Any] = {
        "max_steps": steps,
        "save_strategy": "no",
        "report_to": "none",
        "logging_steps": 1,
        "learning_rate": 1e-5,
    }
    if method == "grpo":
        # Every completion has the same length, so a step of one side is as long as a step of the other.
        keys |= {"num_generations": GENERATIONS, "per_device_train_batch_size": PROMPTS * GENERATIONS,
                 "max_completion_length": LONGEST}  # fmt: skip
    else:
        keys |= {"per_device_train_batch_size": 16}
    return Settings(
        method=method,
        model=ModelSettings(name=str(model)),
        data=DataSettings(train=(str(rows),), preset="explain"),
        output=OutputSettings(folder=str(folder), evaluate=0, report=False),
        lora=LoraSettings(dropout=0.0),
        rewards=RewardSettings(terms=(TermSettings(reward=f"{__file__}:constant"),), lint=False),
        stop=NEVER,
        trainer=keys | trainer,
    )


def our_run(settings: Settings, each_step: EachStep) -> Any:
    """Train by the package; tell what is logged of each step."""
    from emoreason.training.grpo import train_grpo
    from emoreason.training.sft import train_sft

    def tell(event: dict[str, Any]) -> None:
        if event["event"] == "log" and "loss" in event:
            each_step(event)

    return (train_sft if settings.method == "sft" else train_grpo)(settings, on_event=tell, resume="never")


def bare_run(settings: Settings, rows: Sequence[TrainingRow], each_step: EachStep) -> None:
    """Train as a script of one's own would: TRL, PEFT and nothing of ours but the prompts, which are made before."""
    from emoreason.torch_imports import import_heavy
    from emoreason.training.preparing import examples_of

    # Through the package's door: a torch for CPUs beside a torchvision for GPUs needs it.
    transformers, datasets, peft, trl = map(import_heavy, ("transformers", "datasets", "peft", "trl"))

    class AfterEachStep(transformers.TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, logs: Any, **_: Any) -> None:
            if "loss" in logs:
                each_step(logs)

    examples = list(examples_of(rows, settings))
    columns: dict[str, Any] = {"prompt": [list(example.messages) for example in examples]}
    if settings.method == "sft":
        columns["completion"] = [[{"role": "assistant", "content": example.completion}] for example in examples]
    config = trl.SFTConfig if settings.method == "sft" else trl.GRPOConfig
    only = {"max_length": None, "completion_only_loss": True} if settings.method == "sft" else {}
    arguments: dict[str, Any] = {
        "model": transformers.AutoModelForCausalLM.from_pretrained(settings.model.name, dtype="float32"),
        "args": config(
            output_dir=str(Path(settings.output.folder) / "bare"), use_cpu=True, bf16=False, disable_tqdm=True,
            gradient_checkpointing=False, seed=settings.data.seed, **only, **settings.trainer,
        ),
        "train_dataset": datasets.Dataset.from_dict(columns),
        "processing_class": transformers.AutoTokenizer.from_pretrained(settings.model.name),
        "peft_config": peft.LoraConfig(
            r=settings.lora.rank, lora_alpha=settings.lora.alpha, lora_dropout=0.0, target_modules="all-linear",
            task_type="CAUSAL_LM",
        ),
        "callbacks": [AfterEachStep()],
    }  # fmt: skip
    if settings.method == "sft":
        trainer = trl.SFTTrainer(**arguments)
    else:
        trainer = trl.GRPOTrainer(reward_funcs=lambda completions, **_: [1.0] * len(completions), **arguments)
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train()


def ratio(method: str, model: Path, steps: int, rounds: int, null: bool) -> bool:
    """Compare the two step by step, in rounds with another one first."""
    import numpy as np

    from emoreason.eval.stats import bootstrap_by_clip

    ours, bare, of_round = [], [], []
    for number in range(rounds):
        command = [sys.executable, __file__, "--model", str(model), "--steps", str(-(-steps // rounds))]
        command += ["--round", f"{method},{('ours', 'bare')[number % 2]}", *(["--null"] if null else [])]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        seconds = json.loads(done.stdout.splitlines()[-1])
        ours += seconds["ours"]
        bare += seconds["bare"]
        of_round += [number] * len(seconds["ours"])
    pairs = np.array(ours) / np.array(bare)
    found = bootstrap_by_clip(lambda ratios: float(np.median(ratios)), pairs, clips=of_round, seed=0)
    what = "bare TRL : bare TRL" if null else "ours : bare TRL"
    print(
        f"| {method}, {what}, processor time of {len(pairs)} interleaved steps in {rounds} processes | "
        f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}] | at most {BOUND} |\n"
        f"| {method}, a step | {np.median(ours):.3f} s and {np.median(bare):.3f} s | |",
        flush=True,
    )
    return found.value <= BOUND


def print_round(method: Any, first: str, model: Path, steps: int, null: bool) -> None:
    """Run a round and print its seconds as JSON."""
    from emoreason.training.rows.stored import write_rows

    with tempfile.TemporaryDirectory() as name:
        rows, path = list(rows_of(64)), Path(name, "rows.jsonl")
        write_rows(rows, path)
        settings = settings_of(method, model, path, Path(name, "run"), steps + WARM)
        if method == "grpo":
            settings.trainer["generation_kwargs"] = {"min_new_tokens": LONGEST}
        seconds = one_round(settings, rows, first, null)
        print(json.dumps({side: found[WARM:] for side, found in seconds.items()}))


def one_round(settings: Settings, rows: Sequence[TrainingRow], first: str, null: bool) -> dict[str, list[float]]:
    """Processor seconds of the steps of both sides; their work must be the same, token for token."""
    from learning.turns import Turns

    turns, tokens = Turns(first=first), {"ours": [0.0], "bare": [0.0]}

    def over(side: str) -> EachStep:
        def step(logs: Mapping[str, Any]) -> None:
            tokens[side].append(logs["num_tokens"])
            turns.step(side)

        return step

    def ours() -> None:
        if null:
            bare_run(settings, rows, over("ours"))
        else:
            our_run(settings, over("ours"))

    turns.run(ours, lambda: bare_run(settings, rows, over("bare")))
    if tokens["ours"] != tokens["bare"]:
        raise SystemExit(f"the two sides saw other tokens: {tokens}")
    return turns.seconds


def share(model: Path, folder: Path, steps: int) -> bool:
    """Tell how much of a step of GRPO the rewards of ``grounded`` are."""
    from emoreason.training.rows.stored import write_rows

    path = folder / "share.jsonl"
    write_rows(rows_of(64), path)
    settings = settings_of("grpo", model, path, folder / "share", steps + WARM)
    settings = replace(settings, rewards=RewardSettings(blend="grounded", lint=False))
    times = _reward_times(settings)[WARM:]
    part = statistics.median(paid / whole for paid, whole, _ in times)
    milliseconds = statistics.median(paid / (PROMPTS * GENERATIONS) for paid, _, _ in times) * 1000
    length = statistics.median(tokens for *_, tokens in times)
    print(
        f"| share of a GRPO step in the rewards of `grounded`, model of the tests | {part:.1%} "
        f"({milliseconds:.2f} ms an answer of {length:.0f} tokens) | reported |"
    )
    return True


def _reward_times(settings: Settings) -> list[tuple[float, float, float]]:
    """Seconds in the rewards, seconds in all and mean length of the answers, each step."""
    from emoreason.training.watching.log import read_log

    our_run(settings, lambda _: None)
    lines = [line for line in read_log(Path(settings.output.folder)) if "reward_time" in line]
    return [(line["reward_time"], line["step_time"], line["completions/mean_length"]) for line in lines]


def large_model(folder: Path) -> Path:
    """Write a randomly initialised model of the size of Qwen3-VL-2B with the tests' tokenizer."""
    import torch
    import transformers
    from tiny_checkpoints import save_qwen3_vl

    folder.mkdir()
    save_qwen3_vl(folder)
    config = transformers.AutoConfig.from_pretrained(folder)
    text = {"hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 28, "num_attention_heads": 16,
            "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151_936, "tie_word_embeddings": True,
            "rope_parameters": {"rope_type": "default", "rope_theta": 5_000_000.0, "mrope_section": [24, 20, 20],
                                "mrope_interleaved": True}}  # fmt: skip
    eye = {"depth": 24, "hidden_size": 1024, "intermediate_size": 4096, "num_heads": 16, "out_hidden_size": 2048,
           "num_position_embeddings": 2304, "deepstack_visual_indexes": [5, 11, 17]}  # fmt: skip
    whole = config.to_dict()
    whole["text_config"].pop("layer_types", None)  # of two layers
    whole["text_config"] |= text
    whole["vision_config"] |= eye
    whole["tie_word_embeddings"] = True
    torch.manual_seed(0)
    with torch.device("cuda"):
        made = transformers.Qwen3VLForConditionalGeneration(transformers.Qwen3VLConfig(**whole))
    made.generation_config.do_sample = False
    made.to(torch.bfloat16).save_pretrained(folder)
    processor = transformers.AutoProcessor.from_pretrained(folder)
    processor.image_processor.size = {"shortest_edge": 32 * 32, "longest_edge": 448 * 448}
    processor.save_pretrained(folder)
    print(f"| parameters | {sum(weights.numel() for weights in made.parameters()) / 1e9:.2f} B | |")
    return folder


def pictured_rows(number: int, folder: Path, pictures: int) -> list[TrainingRow]:
    """Rows with pictures of noise, 448 pixels wide."""
    import numpy as np
    from PIL import Image

    folder.mkdir()
    draw = np.random.default_rng(0)
    rows = []
    for index, row in enumerate(rows_of(number)):
        frames = []
        for at in range(pictures):
            path = folder / f"{index}-{at}.jpg"
            Image.fromarray(draw.integers(0, 255, (448, 448, 3), dtype=np.uint8)).save(path)
            frames.append(Frame(time_s=at / 2, path=str(path)))
        rows.append(replace(row, frames=tuple(frames)))
    return rows


def on_gpu(folder: Path, steps: int) -> bool:
    """Measure steps of a large model on a GPU."""
    import torch

    from emoreason.training.rows.stored import write_rows

    if not torch.cuda.is_available():
        raise SystemExit("--gpu: this torch sees no GPU")
    model, path = large_model(folder / "large"), folder / "pictured.jsonl"
    rows = pictured_rows(64, folder / "pictures", pictures=4)
    write_rows(rows, path)
    answers_s = _right_answers_s(PROMPTS * GENERATIONS)
    held = True
    for method in ("sft", "grpo"):
        settings = settings_of(method, model, path, folder / f"gpu-{method}", steps + WARM)
        settings = replace(settings, data=replace(settings.data, frames=4),
                           rewards=RewardSettings(blend="grounded", lint=False))  # fmt: skip
        if method == "sft":
            settings.trainer["per_device_train_batch_size"] = 4
        else:
            settings.trainer["max_completion_length"] = 256
        torch.cuda.reset_peak_memory_stats()
        seconds, tokens = _gpu_steps(settings)
        gib = torch.cuda.max_memory_allocated() / 2**30
        median = statistics.median(seconds)
        print(f"| {method}, Qwen3-VL-2B size, LoRA, 4 pictures | {median:.2f} s a step, {tokens:.0f} tokens/s, "
              f"{gib:.1f} GiB | recorded |", flush=True)  # fmt: skip
        if method == "grpo":
            part = answers_s / median
            held = part <= SHARE_BOUND
            print(f"| share of the rewards for as many right answers | {part:.2%} | at most {SHARE_BOUND:.0%} |")
    return held


def _gpu_steps(settings: Settings) -> tuple[list[float], float]:
    """Seconds of each step, and tokens a second over all of them."""
    import torch

    from emoreason.training.watching.log import read_log

    ends: list[float] = []

    def over(_: Mapping[str, Any]) -> None:
        torch.cuda.synchronize()
        ends.append(time.perf_counter())

    our_run(settings, over)
    lines = [line for line in read_log(Path(settings.output.folder)) if "num_tokens" in line and "loss" in line]
    tokens = lines[-1]["num_tokens"] - lines[WARM - 1]["num_tokens"]
    return [late - early for early, late in zip(ends[WARM - 1 :], ends[WARM:], strict=False)], tokens / (
        ends[-1] - ends[WARM - 1]
    )


def _right_answers_s(number: int) -> float:
    """Processor seconds that the rewards of ``grounded`` take for so many answers, read for the first time."""
    from emoreason.rewards.blend import blend_named
    from emoreason.rewards.reward import Case

    blend = blend_named("grounded")
    rows = list(rows_of(2 * number))
    taken = []
    for part in (rows[:number], rows[number:]):  # the first loads tables
        began = time.process_time()
        blend.score_many([Case.of(row.target or "", replace(row.reference, cueset=row.cueset)) for row in part])
        taken.append(time.process_time() - began)
    return taken[-1]


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--only", default="sft,grpo,share")
    parser.add_argument("--model", type=Path, help="a text model's folder; default: the tests' tiny one")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--round", help=argparse.SUPPRESS)
    parser.add_argument("--null", action="store_true", help="compare the bare script with itself")
    parser.add_argument("--gpu", action="store_true")
    options = parser.parse_args()
    if options.round:
        print_round(*options.round.split(","), options.model, options.steps, options.null)
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.gpu:
            held = {"gpu": on_gpu(folder, options.steps)}
        else:
            from contract_model import contract_model

            model = options.model or contract_model()
            parts = {
                "sft": lambda: ratio("sft", model, options.steps, options.rounds, options.null),
                "grpo": lambda: ratio("grpo", model, options.steps, options.rounds, options.null),
                "share": lambda: share(model, folder, options.steps),
            }
            held = {part: parts[part]() for part in options.only.split(",")}
    print("; ".join(f"{part}: {'holds' if one else 'DOES NOT HOLD'}" for part, one in held.items()))
    return 0 if all(held.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
