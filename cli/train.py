"""``emoreason train``: fine-tune a model with LoRA, by examples (SFT) or by rewards (GRPO)."""

from typing import Final

import click

from .group import LazyGroup

VERBS: Final = {
    "sft": (".train_run:sft", "Learn from examples of what to write."),
    "grpo": (".train_run:grpo", "Learn from rewards for what the model writes."),
    "merge": (".train_merge:merge", "Put an adapter into its base model."),
    "export": (".train_export:export", "Write training rows for other trainers."),
    "configs": (".train_configs:configs", "List the presets, or print one to copy."),
}


@click.group(
    cls=LazyGroup,
    verbs=VERBS,
    help="""Fine-tune a model with LoRA, by examples or by rewards.

First examples (sft), then rewards (grpo), from the adapter of the first:

\b
Examples:
  emoreason train configs
  emoreason train sft --config qwen3-vl-4b-sft data.train=rows.jsonl output.folder=taught --dry-run
  emoreason train sft --config qwen3-vl-4b-sft data.train=rows.jsonl output.folder=taught
  emoreason train grpo --config qwen3-vl-4b-grpo model.adapter=taught data.train=rows.jsonl output.folder=paid
  emoreason train merge paid --out merged

It needs: pip install 'emoreason[train]'""",
)
def train() -> None:
    """Verbs about training."""
