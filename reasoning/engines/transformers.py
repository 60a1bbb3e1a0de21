"""Models in this process, loaded with transformers: any size that fits, on a CPU or GPU, with PEFT adapters.

The simplest way to run a model and the slowest: one reply at a time. It is meant for trying out, for small models and
for checking what the faster engines do; a batch belongs to ``vllm`` or to a server (``openai``).
"""

import gc
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ...errors import ConfigError, EmoreasonError, UpstreamError
from ...torch_imports import import_heavy
from ..conversation import Capabilities, Chat, Completion, Manner, ask, remembered
from ..conversation.families import family_of_config
from ..conversation.turn import converse
from .base import Reply, Request, broken
from .grammar import grammar_for
from .message_parts import take_apart, words
from .pretrained import load_pretrained, unwritten_tokens, version_of

if TYPE_CHECKING:
    from ..conversation import Memory

K = TypeVar("K")

_THINK, _END_THINK = "<think>", "</think>"
#: Tokens more than a stop text can have, since the first of them may begin before it.
_MARGIN: Final = 8


class TransformersEngine:
    """Ask a model that transformers loads.

    Parameters
    ----------
    model : str
        Local folder or Hugging Face name. Only safetensors are read, and no code that comes with a model is run. Of
        Qwen-Omni models the thinker alone is loaded. ``EMOREASON_OFFLINE`` forbids downloads.
    adapter : str, optional
        LoRA adapter in PEFT's form: folder or Hugging Face name.
    manner : Manner, optional
        How to ask it.
    device : str
        Torch device; ``auto`` is the GPU if there is one, else the CPU.
    dtype : str
        ``float32``, ``bfloat16`` or ``float16``; ``auto`` is bfloat16 on a GPU and float32 on a CPU.

    Raises
    ------
    ConfigError
        transformers is not installed, or the model or adapter cannot be loaded.

    Notes
    -----
    The answer's schema is enforced where xgrammar is installed (vLLM brings it along); elsewhere an answer that does
    not fit is repaired or asked for once more. The same seed gives the same text on the same machine and versions.
    """

    name = "transformers"

    def __init__(
        self,
        model: str,
        *,
        adapter: str | None = None,
        manner: Manner | None = None,
        device: str = "auto",
        dtype: str = "auto",
    ) -> None:
        self.model = model if adapter is None else f"{model} with {adapter}"
        self.manner = manner or Manner()
        self._lock = threading.Lock()
        self._loaded: Any = load_pretrained(model, adapter, device, dtype)
        self._torch = import_heavy("torch")
        tokenizer = self._loaded.tokenizer
        rows = self._loaded.model.get_output_embeddings().weight.shape[0]
        self._grammar = grammar_for(tokenizer, rows, self._loaded.ends)
        self._unwritten = unwritten_tokens(tokenizer)
        versions = [version_of(name) for name in (model, adapter) if name is not None]
        self._identity = repr([self.name, self.model, versions, str(self._loaded.model.dtype)])
        self._able = replace(
            family_of_config(self._loaded.config),
            structure="opening" if self._grammar is not None else "none",
            count_tokens=lambda text: len(tokenizer(text, add_special_tokens=False).input_ids),
        )

    def capabilities(self) -> Capabilities:
        """Tell what the model takes, by its configuration."""
        return self._able

    def answer(self, request: Request) -> Reply:
        """Explain one clip.

        Raises
        ------
        EmoreasonError
            The model fails, or what it writes cannot be read, also the second time.
        """
        return converse(ask(request, self._able, self.manner), self.complete)

    def answer_each(
        self, requests: Iterable[tuple[K, Request]], memory: "Memory | None" = None
    ) -> Iterator[tuple[K, Reply | EmoreasonError]]:
        """Explain clips one after the other; see :func:`~emoreason.reasoning.engines.base.answer_each`."""
        for key, request in requests:
            yield key, self._reply(request, memory)

    def _reply(self, request: Request, memory: "Memory | None") -> Reply | EmoreasonError:
        try:
            return converse(remembered(ask(request, self._able, self.manner), memory, self._identity), self.complete)
        except EmoreasonError as error:
            return error
        except Exception as error:  # a mistake of ours costs one input, and says where it is
            return broken(self.name, error)

    def complete(self, chat: Chat) -> Completion:
        """Continue one chat.

        Raises
        ------
        UpstreamError
            The engine is closed, the prompt is longer than the model's context, or memory ran out.
        MediaError
            A picture or sound of the chat cannot be read.
        """
        with self._lock:  # the generator of random numbers is the process's own
            if self._loaded is None:
                raise UpstreamError(f"{self.model} is closed; make a new engine")
            try:
                return self._completed(chat)
            except self._torch.OutOfMemoryError as error:
                self._torch.cuda.empty_cache()
                raise UpstreamError(
                    f"{self.model} ran out of memory; expected a shorter prompt, fewer or smaller pictures, or a "
                    "smaller model"
                ) from error

    def close(self) -> None:
        """Free the model's memory."""
        with self._lock:
            self._loaded = self._grammar = None
            gc.collect()
            if self._torch.cuda.is_available():
                self._torch.cuda.empty_cache()

    def _completed(self, chat: Chat) -> Completion:
        inputs, prefix = self._inputs(chat)
        length = int(inputs["input_ids"].shape[1])
        context = self._able.context_tokens
        room = chat.sampling.max_tokens if context is None else min(chat.sampling.max_tokens, context - length)
        if room < 1:
            raise UpstreamError(f"the prompt has {length} tokens and {self.model} takes {context} with the reply")
        notes: tuple[str, ...] = ()
        if chat.schema is not None and (self._grammar is None or self._processors(chat) is None):
            notes = ("the schema was not enforced: xgrammar does not take it or is not installed",)
        written: list[tuple[list[int], str, str]] = []
        for number in range(chat.n):
            if number and chat.sampling.temperature == 0:  # greedy texts are all the same
                written.append(written[0])
                continue
            tokens = self._generated(inputs, chat, room, chat.sampling.seed + number)
            written.append((tokens, *self._read(tokens, chat.stop)))
        return Completion(
            texts=tuple(prefix + text for _, text, _ in written),
            finish=tuple(finish for _, _, finish in written),
            prompt_tokens=length,
            completion_tokens=sum(len(tokens) for tokens, _, _ in written),
            notes=notes,
        )

    def _inputs(self, chat: Chat) -> tuple[Any, str]:
        """Tensors of the prompt; and what the template itself has begun the reply with, to be put before the texts."""
        loaded, processor = self._loaded, self._loaded.processor
        if processor is None:
            prompt, prefix = _begun(self._rendered(words(chat.messages)), chat)
            inputs = loaded.tokenizer(prompt, add_special_tokens=False, return_tensors="pt")
        else:
            rate = getattr(getattr(processor, "feature_extractor", None), "sampling_rate", None) or 16_000
            parts = take_apart(chat.messages, rate)
            self._check_taken(bool(parts.pictures), bool(parts.sounds))
            prompt, prefix = _begun(self._rendered(parts.messages), chat)
            media: dict[str, Any] = {"images": parts.pictures} if parts.pictures else {}
            if parts.sounds:
                media["audio"] = parts.sounds
            inputs = processor(text=[prompt], add_special_tokens=False, return_tensors="pt", **media)
        return _moved(inputs, loaded.model), prefix

    def _rendered(self, messages: list[dict[str, Any]]) -> str:
        template = self._loaded.processor or self._loaded.tokenizer
        try:
            prompt: str = template.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        except Exception as error:  # templates are programs of their own and raise what they like
            raise UpstreamError(
                f"the chat template of {self.model} refuses: {' '.join(str(error).split())[:200]}"
            ) from error
        return prompt

    def _check_taken(self, pictures: bool, sounds: bool) -> None:
        for given, taken, what in ((pictures, self._able.pictures, "pictures"), (sounds, self._able.sound, "sound")):
            if given and not taken:
                raise UpstreamError(f"the chat holds {what}, which {self.model} does not take")

    def _processors(self, chat: Chat) -> list[Any] | None:
        """Logits processors of one reply; None when its schema cannot be enforced."""
        if chat.schema is None:
            return []
        try:
            return None if self._grammar is None else [self._grammar.processor(chat.schema)]
        except ConfigError:
            return None

    def _generated(self, inputs: Any, chat: Chat, room: int, seed: int) -> list[int]:
        """Token ids of one reply."""
        torch, sampling = self._torch, chat.sampling
        how: dict[str, Any] = {"do_sample": False}
        if sampling.temperature > 0:
            # top_k 0: otherwise the loader's default of 50 would cut what the other engines do not.
            how = {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}
        length = int(inputs["input_ids"].shape[1])
        devices = [inputs["input_ids"].device] if inputs["input_ids"].is_cuda else []
        with torch.inference_mode(), torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed % 2**63)
            output = self._loaded.model.generate(
                **inputs,
                **how,
                max_new_tokens=room,
                logits_processor=self._processors(chat) or [],
                stopping_criteria=[_StopAt(torch, chat.stop, length, self._text)] if chat.stop else [],
            )
        tokens: list[int] = output[0, length:].tolist()
        return tokens

    def _read(self, tokens: list[int], stop: tuple[str, ...]) -> tuple[str, str]:
        """Text of a reply, and why it ended."""
        text = self._text(tokens)
        found = [at for at in (text.find(one) for one in stop) if at >= 0]
        if found:
            return text[: min(found)], "stop"
        if tokens and tokens[-1] in self._loaded.ends:
            return text, "stop"
        return text.rstrip("\ufffd"), "length"  # the end may have cut a character in two

    def _text(self, tokens: list[int]) -> str:
        shown = [token for token in tokens if token not in self._unwritten]
        text: str = self._loaded.tokenizer.decode(shown, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text


def _begun(prompt: str, chat: Chat) -> tuple[str, str]:
    """Put the opening behind the prompt; a template may have opened the think part already.

    The opening is not put through the template, which may rewrite it (Qwen's moves the think part): the model is to
    read what it wrote, as it wrote it.
    """
    if not prompt.rstrip().endswith(_THINK):
        return prompt + chat.opening, ""
    if chat.opening.lstrip().startswith(_THINK):
        return prompt.rstrip()[: -len(_THINK)] + chat.opening.lstrip(), ""
    if chat.opening:
        return prompt + chat.opening, ""
    if chat.schema is not None:  # an answer alone: nothing is to be thought
        return f"{prompt}\n{_END_THINK}\n\n", ""
    return prompt, prompt[len(prompt.rstrip()) - len(_THINK) :]


def _moved(inputs: Any, model: Any) -> dict[str, Any]:
    """Tensors on the model's device, those of pictures and sound in its precision."""
    return {
        name: value.to(model.device, model.dtype if value.is_floating_point() else value.dtype)
        for name, value in inputs.items()
        if hasattr(value, "is_floating_point")
    }


class _StopAt:
    """Ends a reply once a stop text stands in it. In transformers' form of a stopping criterion."""

    def __init__(self, torch: Any, stop: tuple[str, ...], length: int, text: Callable[[list[int]], str]) -> None:
        self._torch, self._stop, self._length, self._text = torch, stop, length, text
        self._window = max(len(one.encode()) for one in stop) + _MARGIN

    def __call__(self, input_ids: Any, scores: Any, **options: Any) -> Any:
        # A token is at least a byte, so a stop text that was just finished lies within the last few.
        end = self._text(input_ids[0, self._length :][-self._window :].tolist())
        found = any(one in end for one in self._stop)
        return self._torch.tensor([found], dtype=self._torch.bool, device=input_ids.device)
