"""The model: a few layers trained from scratch on noisy answers, by plain torch.

Prompts are the package's own. What all of them share (the system message) is one token, ids are one token each, and the
fixed parts of a sentence are a few, so that a prompt has about 70 tokens and an answer about 40.
"""

import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from tiny_checkpoints import SPECIAL, THINK

from emoreason.prompts.render import render_messages
from emoreason.records import TrainingRow
from emoreason.torch_imports import import_heavy

from .world import NOISY, draw_rows

_CONTEXT: Final = 2_048
#: A turn ends with its last token: a line break after it would be learnt by SFT alone, and written before the end, too.
_CHAT: Final = (
    "{%- for message in messages %}"
    "{{- ('' if loop.first else '\\n') + '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '\\n<|im_start|>assistant\\n' }}{%- endif %}"
)
#: Alone: line breaks at the ends, ids, action units, numbers.
_APART: Final = r"\A\n|\n\z|[A-Za-z]\w*\.\w+\.\d+|AU\d+|\d+(?:\.\d+)?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Shape of the model and length of its training."""

    layers: int = 4
    hidden: int = 144
    inner: int = 432
    heads: int = 4
    vocabulary: int = 900
    steps: int = 500
    batch: int = 32
    learning_rate: float = 2e-3


def pretrain(folder: Path, seed: int, size: Size, rows: Iterator[TrainingRow] | None = None) -> dict[str, Any]:
    """Train from scratch on answers to clips of the training split; save it as a checkpoint.

    Parameters
    ----------
    folder : Path
        Where the checkpoint goes.
    seed : int
        Of the weights.
    size : Size
        Shape and length.
    rows : iterator of TrainingRow, optional
        ``size.steps * size.batch`` rows in the order in which they are learnt. Noisy ones are drawn unless given.

    Returns
    -------
    dict
        ``parameters``, ``losses`` (mean of each tenth of the training), ``seconds``, ``tokens`` (mean of an answer and
        of a prompt).
    """
    torch = import_heavy("torch")
    began = time.perf_counter()
    torch.manual_seed(seed)
    tokenizer = make_tokenizer(size)
    model = _model(tokenizer, size).train()
    drawn = draw_rows("train", size.steps * size.batch, 1_000 + seed, NOISY) if rows is None else rows
    losses, lengths = _optimise(model, tokenizer, drawn, size)
    model.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    tenth = max(1, len(losses) // 10)
    return {
        "parameters": sum(weights.numel() for weights in model.parameters()),
        "losses": [sum(part) / len(part) for at in range(0, len(losses), tenth) if (part := losses[at : at + tenth])],
        "seconds": time.perf_counter() - began,
        "tokens": {"prompt": lengths[0], "answer": lengths[1]},
    }


def make_tokenizer(size: Size) -> Any:
    """Train a byte-level BPE on prompts and on answers, right and wrong."""
    tokenizers, transformers = import_heavy("tokenizers"), import_heavy("transformers")
    pre = tokenizers.pre_tokenizers
    raw = tokenizers.Tokenizer(tokenizers.models.BPE())
    raw.pre_tokenizer = pre.Sequence(
        [pre.Split(tokenizers.Regex(_APART), "isolated"), pre.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    raw.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=size.vocabulary - len(SPECIAL) - len(THINK) - 1,
        initial_alphabet=pre.ByteLevel.alphabet(),
        show_progress=False,
    )
    rows = list(draw_rows("train", 1_500, 999, NOISY))
    texts = ["system", "user", "assistant"] * 100
    texts += [text for row in rows for text in (_messages(row)[1]["content"], row.target or "")]
    parts = (part for text in texts for half in text.split("<think>") for part in half.split("</think>"))
    raw.train_from_iterator(parts, trainer)
    raw.add_special_tokens([tokenizers.AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    apart = [*THINK, _messages(rows[0])[0]["content"]]
    raw.add_tokens([tokenizers.AddedToken(token, special=False, normalized=False) for token in apart])
    roles = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=raw, model_max_length=_CONTEXT, **roles)
    tokenizer.chat_template = _CHAT
    return tokenizer


def _messages(row: TrainingRow) -> list[dict[str, Any]]:
    return list(render_messages(row.cueset).messages)


def _model(tokenizer: Any, size: Size) -> Any:
    transformers = import_heavy("transformers")
    config = transformers.Qwen3Config(
        vocab_size=math.ceil(len(tokenizer) / 64) * 64,
        hidden_size=size.hidden,
        intermediate_size=size.inner,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads,
        head_dim=size.hidden // size.heads,
        max_position_embeddings=_CONTEXT,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = transformers.Qwen3ForCausalLM(config)
    model.generation_config.do_sample = False
    return model


def _optimise(
    model: Any, tokenizer: Any, rows: Iterator[TrainingRow], size: Size
) -> tuple[list[float], tuple[float, float]]:
    torch = import_heavy("torch")
    optimiser = torch.optim.AdamW(model.parameters(), lr=size.learning_rate, weight_decay=0.01, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / 30) * (0.5 + 0.5 * math.cos(math.pi * step / size.steps))
    )
    losses, prompts, answers = [], 0, 0
    for examples in _batches(tokenizer, rows, size):
        prompts += sum(len(prompt) for prompt, _ in examples)
        answers += sum(len(answer) for _, answer in examples)
        ids, labels = _tensors(examples)
        hidden = model.model(input_ids=ids).last_hidden_state[:, :-1]  # right padding: nothing that counts comes after
        counts = labels[:, 1:] != -100
        loss = torch.nn.functional.cross_entropy(model.lm_head(hidden[counts]), labels[:, 1:][counts])
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
    number = size.steps * size.batch
    return losses, (prompts / number, answers / number)


def _batches(tokenizer: Any, rows: Iterator[TrainingRow], size: Size) -> Iterator[list[tuple[list[int], list[int]]]]:
    """Examples of similar length together, out of eight batches at a time; the batches of the eight in any order."""
    draw = random.Random(0)
    while pool := list(islice(rows, 8 * size.batch)):
        examples = sorted((_example(tokenizer, row) for row in pool), key=lambda one: len(one[0]) + len(one[1]))
        starts = list(range(0, len(examples), size.batch))
        draw.shuffle(starts)
        for at in starts:
            yield examples[at : at + size.batch]


def _example(tokenizer: Any, row: TrainingRow) -> tuple[list[int], list[int]]:
    prompt = tokenizer.apply_chat_template(_messages(row), tokenize=False, add_generation_prompt=True)
    return tuple(tokenizer(text, add_special_tokens=False).input_ids for text in (prompt, f"{row.target}<|im_end|>"))


def _tensors(examples: Sequence[tuple[list[int], list[int]]]) -> tuple[Any, Any]:
    torch = import_heavy("torch")
    longest = max(len(prompt) + len(answer) for prompt, answer in examples)
    ids = torch.zeros((len(examples), longest), dtype=torch.long)
    labels = torch.full_like(ids, -100)
    for row, (prompt, answer) in enumerate(examples):
        end = len(prompt) + len(answer)
        ids[row, :end] = torch.tensor(prompt + answer)
        labels[row, len(prompt) : end] = torch.tensor(answer)
    return ids, labels
