"""The order of the rows where a GRPO run goes on.

TRL shuffles the prompts with a generator of its own (``RepeatSampler`` of 1.16), which begins anew with each process:
a run that goes on in its third epoch would meet the rows in the order of the first, some of them twice and others not
at all. The callback here draws the orders of the epochs that are over, so that the next one is that of a run which was
never ended.
"""

from typing import Any

from ...torch_imports import import_heavy


def follow_order() -> Any:
    """Make the callback; where the rows are not shuffled, or by other means, it does nothing."""
    torch = import_heavy("torch")

    def on_train_begin(
        callback: Any, args: Any, state: Any, control: Any, train_dataloader: Any = None, **_: Any
    ) -> None:
        sampler = _sampler(train_dataloader)
        generator, rows = getattr(sampler, "generator", None), getattr(sampler, "num_samples", None)
        if generator is None or rows is None or not state.global_step:
            return
        steps = max(1, -(-len(train_dataloader) // args.gradient_accumulation_steps))
        for _epoch in range(state.global_step // steps):
            torch.randperm(rows, generator=generator)

    base = import_heavy("transformers").TrainerCallback
    return type("FollowOrder", (base,), {"on_train_begin": on_train_begin})()


def _sampler(dataloader: Any) -> Any:
    """Return the sampler under what shards and batches it."""
    inner: Any = getattr(dataloader, "batch_sampler", None)
    while hasattr(inner, "batch_sampler"):
        inner = inner.batch_sampler
    return getattr(inner, "sampler", None)
