"""Engine ``vllm``: a model in vLLM on this machine, many clips at a time, without a server in between."""

from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, TypeVar

from ....errors import EmoreasonError, UpstreamError
from ...conversation import Capabilities, Chat, Completion, Manner, ask, converse, remembered
from ..base import Reply, Request
from ..flow import converse_each
from ..pretrained import version_of
from .adapters import adapter_parts
from .chats import drop, put, step
from .desk import Desk, Operations
from .loading import Loaded, Plan, load, stop

if TYPE_CHECKING:
    from ...conversation import Memory

K = TypeVar("K")


class VLLMEngine:
    """Ask a model that vLLM runs in processes of its own on this machine.

    Parameters
    ----------
    model : str
        Local folder or Hugging Face name. Only safetensors are read, and no code that comes with a model is run.
        ``EMOREASON_OFFLINE`` forbids downloads.
    adapter : str, optional
        LoRA adapter in PEFT's form: folder, Hugging Face name, or ``name=place``.
    manner : Manner, optional
        How to ask it.
    max_model_len : int, optional
        Longest prompt and reply together, tokens; the model's own length by default, 32,768 at most.
    gpu_memory_utilization : float, optional
        Share of the GPU's memory to take; vLLM's own default otherwise. On a CPU ``VLLM_CPU_KVCACHE_SPACE`` (GiB) in
        the environment says how much memory the cache takes.
    tensor_parallel : int
        GPUs to spread the model over.
    batch : int
        Clips under way at a time.
    eager : bool
        Do not compile the model: it starts sooner and runs slower.
    dtype : str
        ``bfloat16``, ``float16``, ``float32``; ``auto`` is what vLLM makes of the checkpoint's.

    Raises
    ------
    ConfigError
        vLLM is not installed, or the model or adapter cannot be loaded.

    Notes
    -----
    vLLM's processes are started anew for this engine, so a script that makes one needs the usual
    ``if __name__ == "__main__":``. They end with :meth:`close`, and with this process, however it ends.
    """

    name = "vllm"

    def __init__(
        self,
        model: str,
        *,
        adapter: str | None = None,
        manner: Manner | None = None,
        max_model_len: int | None = None,
        gpu_memory_utilization: float | None = None,
        tensor_parallel: int = 1,
        batch: int = 64,
        eager: bool = False,
        dtype: str = "auto",
    ) -> None:
        self.model = model if adapter is None else f"{model} with {adapter_parts(adapter)[0]}"
        self.manner = manner or Manner()
        plan = Plan(
            model=model,
            adapter=adapter,
            max_model_len=max_model_len,
            gpu_memory_utilization=gpu_memory_utilization,
            tensor_parallel=tensor_parallel,
            batch=batch,
            eager=eager,
            dtype=dtype,
        )
        self._batch = max(batch, 1)
        self._desk: Desk[Loaded, Chat, Completion] = Desk(
            Operations(lambda: self._load(plan), stop, put, step, drop), f"vLLM with {self.model}"
        )
        places = [model] if adapter is None else [model, adapter_parts(adapter)[1]]
        self._identity = repr([self.name, self.model, [version_of(place) for place in places], dtype])

    def _load(self, plan: Plan) -> Loaded:
        loaded = load(plan)
        self._able = loaded.able
        return loaded

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
        """Explain clips, ``batch`` at a time; see :func:`~emoreason.reasoning.engines.base.answer_each`.

        Raises
        ------
        UpstreamError
            vLLM dies again and again: no request could be answered any more.
        """
        for key, outcome in converse_each(
            requests,
            lambda request: ask(request, self._able, self.manner),
            lambda conversation: remembered(conversation, memory, self._identity),
            self._desk.submit,
            name=self.name,
            room=self._batch,
        ):
            if outcome is self._desk.failure and self._desk.failure is not None:
                raise self._desk.failure
            yield key, outcome

    def complete(self, chat: Chat) -> Completion:
        """Continue one chat; may be called from several threads, and while :meth:`answer_each` is under way.

        Raises
        ------
        UpstreamError
            The engine is closed or died, or the chat is longer than the model's context, or holds what it does not
            take.
        MediaError
            A picture or sound of the chat cannot be read.
        """
        future = self._desk.submit(chat)
        try:
            return future.result()
        except CancelledError as error:
            raise UpstreamError(f"{self.model} was closed before it answered") from error
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """End vLLM's processes and free their memory."""
        self._desk.close()
