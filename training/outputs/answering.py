"""Have a model in memory answer prompts: in batches, padded on the left, greedily and sampled.

This is how a run is evaluated before and after. It asks as the engine ``transformers`` does and reads the text as that
engine does, but many prompts at a time and on the model that is being trained.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from ...errors import RecordError, TrainingError
from ...reasoning.engines.pretrained import unwritten_tokens
from ...rewards.adapters.columns import opening_of
from ...torch_imports import import_heavy
from ..example import Example
from ..outcome import OnEvent
from .sampling import Manner, Sampling

#: Batches are made of prompts of similar length, this many batches at a time.
_POOL: Final = 8


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: its text, its length in tokens (the one that ends it included), and whether it ended by itself."""

    text: str
    tokens: int
    ended: bool


def answer_examples(
    model: Any,
    processing: Any,
    examples: Sequence[Example],
    *,
    sampling: Sampling,
    seed: int = 0,
    on_event: OnEvent | None = None,
) -> list[dict[Manner, list[Reply]]]:
    """Answer the prompts of examples.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        Left as it was: training or evaluation mode, generation settings.
    processing : tokenizer or processor
        A processor (of a vision model) takes pictures, too.
    examples : sequence of Example
    sampling : Sampling
    seed : int
        Of the sampled answers. The same call on the same machine gives the same answers; another batch size does not,
        since sums are rounded in another order.
    on_event : callable, optional
        Told ``{"event": "evaluating", "manner": …, "done": …, "of": …}`` after each batch.

    Returns
    -------
    list of dict
        In the order of the examples: manner -> its answers.

    Raises
    ------
    RecordError
        A picture cannot be read, or a text model is asked to look at one.
    TrainingError
        The model's weights are spread over processes (ZeRO-3, FSDP): it cannot write here.
    """
    if is_sharded(model):
        raise TrainingError(
            "the model's weights are spread over processes (ZeRO-3 or FSDP), so it cannot write answers during the "
            "run; evaluate the finished adapter in one process"
        )
    found: list[dict[Manner, list[Reply]]] = [{} for _ in examples]
    rounds: list[Manner] = ["greedy"] if sampling.greedy else []
    rounds += ["sampled"] * sampling.samples
    batches = _batches(examples, sampling.batch)
    done = 0
    with _ready(model, processing) as writer:
        for number, manner in enumerate(rounds):
            for at, batch in enumerate(batches):
                replies = writer.write([examples[index] for index in batch], sampling, manner, [seed, number, at])
                for index, reply in zip(batch, replies, strict=True):
                    found[index].setdefault(manner, []).append(reply)
                done += len(batch)
                if on_event is not None:
                    of = len(rounds) * len(examples)
                    on_event({"event": "evaluating", "manner": manner, "done": done, "of": of})
    return found


def is_sharded(model: Any) -> bool:
    """Whether this process holds parts of the weights alone (DeepSpeed ZeRO-3, FSDP)."""
    return any(hasattr(weight, "ds_id") or hasattr(weight, "device_mesh") for weight in model.parameters()) or any(
        type(module).__name__ == "FullyShardedDataParallel" for module in model.modules()
    )


def _batches(examples: Sequence[Example], size: int) -> list[list[int]]:
    """Numbers of examples answered together: all with pictures or all without, of similar length."""
    order: list[int] = []
    for pictured in (False, True):
        kind = [index for index, example in enumerate(examples) if bool(example.frames) == pictured]
        for start in range(0, len(kind), _POOL * size):
            pool = kind[start : start + _POOL * size]
            order += sorted(pool, key=lambda index: (-examples[index].prompt_tokens, index))
    batches: list[list[int]] = []
    for index in order:
        last = batches[-1] if batches else []
        if last and len(last) < size and bool(examples[last[0]].frames) == bool(examples[index].frames):
            last.append(index)
        else:
            batches.append([index])
    return batches


class _Writer:
    """A model that is ready to write."""

    def __init__(self, torch: Any, model: Any, processing: Any, ends: Sequence[int]) -> None:
        self.torch, self.model, self.processing, self.ends = torch, model, processing, frozenset(ends)
        self.vision = hasattr(processing, "tokenizer")
        self.tokenizer = processing.tokenizer if self.vision else processing
        self.unwritten = unwritten_tokens(self.tokenizer)

    def write(
        self, examples: Sequence[Example], sampling: Sampling, manner: Manner, seeds: Sequence[int]
    ) -> list[Reply]:
        """Answer one batch; half of it at a time where memory runs out."""
        try:
            return self._written(examples, sampling, manner, seeds)
        except self.torch.OutOfMemoryError as error:
            if len(examples) < 2:
                raise TrainingError(
                    f"the GPU's memory does not hold one answer of {sampling.max_tokens} tokens; expected shorter "
                    "ones, or output.evaluate = 0"
                ) from error
        self.torch.cuda.empty_cache()
        half = len(examples) // 2
        parts = (examples[:half], examples[half:])
        return [
            reply
            for at, part in enumerate(parts)
            for reply in self.write(part, sampling, manner, [*seeds, at])
        ]  # fmt: skip

    def _written(
        self, examples: Sequence[Example], sampling: Sampling, manner: Manner, seeds: Sequence[int]
    ) -> list[Reply]:
        prompts = [self._prompt(example) for example in examples]
        inputs = self._inputs(prompts, examples)
        length = int(inputs["input_ids"].shape[1])
        how: dict[str, Any] = {"do_sample": False}
        if manner == "sampled":
            how = {"do_sample": True, **sampling.shape()}
        devices = [inputs["input_ids"].device] if inputs["input_ids"].is_cuda else []
        with self.torch.no_grad(), self.torch.random.fork_rng(devices=devices):
            self.torch.manual_seed(_mixed(seeds))
            output = self.model.generate(**inputs, **how, max_new_tokens=sampling.max_tokens)
        return [
            self._reply(tokens, prompt) for tokens, prompt in zip(output[:, length:].tolist(), prompts, strict=True)
        ]

    def _prompt(self, example: Example) -> str:
        if example.frames and not self.vision:
            raise RecordError(f"row {example.row_id!r} has pictures, but the model takes none; set data.frames = 0")
        messages = [_listed(message) for message in example.messages] if self.vision else list(example.messages)
        prompt: str = self.processing.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return prompt

    def _inputs(self, prompts: list[str], examples: Sequence[Example]) -> dict[str, Any]:
        options: dict[str, Any] = {"add_special_tokens": False, "padding": True, "padding_side": "left"}
        if self.vision and examples[0].frames:
            options["images"] = [[_opened(frame.path) for frame in example.frames] for example in examples]
        taken = self.processing(text=prompts, return_tensors="pt", **options)
        dtype = self.model.dtype
        return {
            name: value.to(self.model.device, dtype if value.is_floating_point() else value.dtype)
            for name, value in taken.items()
            if hasattr(value, "is_floating_point")
        }

    def _reply(self, tokens: Sequence[int], prompt: str) -> Reply:
        end = next((at for at, token in enumerate(tokens) if token in self.ends), None)
        kept = tokens if end is None else tokens[:end]
        shown = [token for token in kept if token not in self.unwritten]
        text: str = self.tokenizer.decode(shown, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        text = opening_of(prompt) + text  # the template may have begun the reply
        # A limit may have cut a character in two.
        return Reply(text if end is not None else text.rstrip("\ufffd"), len(kept) + (end is not None), end is not None)


def _mixed(seeds: Sequence[int]) -> int:
    """One seed out of several."""
    import numpy as np

    return int(np.random.SeedSequence([seed % 2**32 for seed in seeds]).generate_state(1)[0])


def _listed(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the message with its content as a list of parts, as templates of vision models take it."""
    content = message["content"]
    return {**message, "content": [{"type": "text", "text": content}] if isinstance(content, str) else content}


def _opened(path: str) -> Any:
    image = import_heavy("PIL.Image")
    try:
        with image.open(path) as picture:
            return picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, image.DecompressionBombError) as error:
        raise RecordError(f"the picture {path} cannot be read: {' '.join(str(error).split())[:200]}") from error


@contextmanager
def _ready(model: Any, processing: Any) -> Iterator[_Writer]:
    """Ready to write; afterwards everything is as it was."""
    torch, transformers = import_heavy("torch"), import_heavy("transformers")
    tokenizer = getattr(processing, "tokenizer", processing)
    own = model.generation_config
    ends = _ends(own.eos_token_id, tokenizer.eos_token_id)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else next(iter(ends), None)
    with ExitStack() as stack:
        if tokenizer.pad_token_id is None and pad is not None:
            stack.callback(setattr, tokenizer, "pad_token", None)
            tokenizer.pad_token = tokenizer.convert_ids_to_tokens(pad)
        # Nothing but what is asked for decides how it is sampled: published models bring their own temperature.
        stack.callback(_use, model, own)
        _use(model, transformers.GenerationConfig(eos_token_id=list(ends) or None, pad_token_id=pad))
        stack.callback(model.train, model.training)
        model.eval()
        yield _Writer(torch, model, processing, ends)


def _use(model: Any, generation_config: Any) -> None:
    """Give the settings to the model and, of an adapted one, to what is beneath."""
    model.generation_config = generation_config
    if hasattr(model, "get_base_model"):
        model.get_base_model().generation_config = generation_config


def _ends(*found: int | list[int] | None) -> tuple[int, ...]:
    listed = [one if isinstance(one, list) else [one] for one in found if one is not None]
    return tuple(dict.fromkeys(token for tokens in listed for token in tokens))
