"""The engine ``openai``: a model behind an OpenAI-compatible URL."""

import asyncio
import logging
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from ....errors import ConfigError, EmoreasonError, UpstreamError
from ...conversation import Capabilities, Chat, Completion, Manner, Memory, ask, remembered
from ..base import Reply, Request
from ..flow import Conversation, converse_each
from . import adapter as adapters
from . import detection
from .address import find_address
from .background import BackgroundLoop
from .connection import Connection
from .failure import RefusedError
from .wire import Quirks, Written, adapted, chat_body, joined, read_completion

K = TypeVar("K")

_LOG = logging.getLogger(__name__)
#: Requests that are got ready while all places are taken.
_LOOK_AHEAD: Final = 8


class OpenAIEngine:
    """Asks a model behind an OpenAI-compatible URL (vLLM, SGLang, hosted), several clips at a time.

    Parameters
    ----------
    model : str, optional
        Its name on the server; by default the only one the server has.
    url : str, optional
        ``http://host:port/v1``; by default ``EMOREASON_BASE_URL``, else port 8000 of this machine. Nothing else is
        ever connected to.
    key_file : str or Path, optional
        A file that holds the API key; by default ``EMOREASON_API_KEY``, else ``OPENAI_API_KEY``. The key is in no
        error, note or log.
    adapter : str, optional
        A LoRA adapter: its name on the server, or a folder, which vLLM is asked to load.
    manner : Manner, optional
        How to ask.
    concurrency : int
        Most requests at a time.
    timeout_s : float
        Longest time of one try, seconds.
    retries : int
        Further tries of a request after its first, with growing waits; ``Retry-After`` is obeyed.
    accepts : str or iterable of str, optional
        What a message may hold besides text (``pictures,sound``; ``text`` for nothing), instead of finding out.

    Raises
    ------
    ConfigError
        An option cannot be used, or no model was named and the server has several.
    UpstreamError
        No model was named and the server cannot be reached.

    Examples
    --------
    >>> engine = OpenAIEngine(model="Qwen/Qwen3-VL-8B-Instruct", url="http://127.0.0.1:8000/v1")
    >>> engine.name, engine.model
    ('openai', 'Qwen/Qwen3-VL-8B-Instruct')
    >>> engine.close()
    """

    name: str = "openai"

    def __init__(
        self,
        model: str | None = None,
        *,
        url: str | None = None,
        key_file: str | Path | None = None,
        adapter: str | Path | None = None,
        manner: Manner | None = None,
        concurrency: int = 16,
        timeout_s: float = 300.0,
        retries: int = 4,
        accepts: str | Iterable[str] | None = None,
    ) -> None:
        if concurrency < 1 or timeout_s <= 0 or retries < 0:
            raise ConfigError(
                f"concurrency {concurrency}, timeout_s {timeout_s:g} and retries {retries}; expected at least 1, "
                "more than 0 and at least 0"
            )
        self.manner = manner or Manner()
        self._address = find_address(url, key_file)
        self._accepts = None if accepts is None else detection.parts_named(accepts)
        self._adapter = None if adapter is None else str(adapter)
        self._concurrency, self._timeout_s, self._retries = concurrency, timeout_s, retries
        self._loop = BackgroundLoop("emoreason-openai")
        self._connection: Connection | None = None
        self._finding: asyncio.Task[detection.Found] | None = None
        self._quirks = Quirks()
        for notice in self._address.notices:
            _LOG.warning("%s: %s", self._address.url, notice)
        self._base = model or self._only_model()
        self._served = self._base if self._adapter is None else adapters.served_name(self._adapter)
        self.model = self._base if self._adapter is None else f"{self._base}+{self._served}"

    def capabilities(self) -> Capabilities:
        """Say what the model takes; found out once, with a few small requests.

        Raises
        ------
        UpstreamError
            The server cannot be reached, or refuses the key, the model or the adapter.
        """
        return self._loop.run(self._found()).able

    def answer(self, request: Request) -> Reply:
        """Explain one clip."""
        conversation = self._begin(request)
        try:
            chat = next(conversation)
            while True:
                chat = conversation.send(self.complete(chat))
        except StopIteration as end:
            reply: Reply = end.value
            return reply
        finally:
            conversation.close()

    def answer_each(
        self, requests: Iterable[tuple[K, Request]], memory: Memory | None = None
    ) -> Iterator[tuple[K, Reply | EmoreasonError]]:
        """Explain many clips, ``concurrency`` at a time; see :func:`~emoreason.reasoning.engines.base.answer_each`.

        ``requests`` is read in a thread of its own, a few ahead. ``memory`` is used in the thread that iterates over
        the results, and in no other.
        """
        return converse_each(
            requests,
            self._begin,
            lambda conversation: remembered(conversation, memory, self._identity()),
            lambda chat: self._loop.submit(self._complete(chat)),
            name=self.name,
            room=self._concurrency + min(self._concurrency, _LOOK_AHEAD),
        )

    def complete(self, chat: Chat) -> Completion:
        """Continue one chat.

        Raises
        ------
        UpstreamError
            There was no usable reply, all tries included, or the server refuses.
        """
        return self._loop.run(self._complete(chat))

    def close(self) -> None:
        """End what is under way and the connections. The engine cannot be used afterwards."""
        self._loop.close(self._connection.close if self._connection is not None else None)

    def __enter__(self) -> "OpenAIEngine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _identity(self) -> str:
        """Return what stands for the model in a memory."""
        task = self._finding
        root = task.result().root if task is not None and task.done() else ""
        return f"{self.name} {self._address.url} {self.model} {root}"

    def _begin(self, request: Request) -> Conversation:
        """Begin a conversation up to its first chat, where the work before it is done: in a thread that may block."""
        conversation = self._asked(request)
        try:
            first = next(conversation)
        except StopIteration as end:
            return _finished(end.value)
        return _started(first, conversation)

    def _asked(self, request: Request) -> Conversation:
        """Ask, and say in the reply which adapter wrote it."""
        reply = yield from ask(request, self.capabilities(), self.manner)
        if self._adapter is None or reply.generation is None:
            return reply
        return replace(reply, generation={**reply.generation, "adapter": self._served})

    def _only_model(self) -> str:
        try:
            return detection.only_model(self._loop.run(self._listed()), self._address.url)
        except BaseException:
            self.close()
            raise

    async def _listed(self) -> tuple[detection.Card, ...]:
        connection = self._connected()
        try:
            return await detection.list_models(connection)
        except RefusedError as refusal:
            raise connection.failed(refusal) from None

    def _connected(self) -> Connection:
        """Return the connection; made within the loop, where it is used."""
        if self._connection is None:
            self._connection = Connection(
                self._address, concurrency=self._concurrency, timeout_s=self._timeout_s, retries=self._retries
            )
        return self._connection

    async def _found(self) -> detection.Found:
        """Find out what the model takes, once for all who ask; after a failure the next one who asks tries again."""
        task = self._finding
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._finding = asyncio.create_task(self._find())
            task.add_done_callback(lambda done: done.cancelled() or done.exception())  # all who asked may be gone
        return await asyncio.shield(task)

    async def _find(self) -> detection.Found:
        connection = self._connected()
        cards: tuple[detection.Card, ...] = ()
        try:
            cards = await detection.list_models(connection)
            if self._adapter is not None:
                await adapters.load(connection, self._adapter, tuple(card.name for card in cards))
            found = await detection.detect(
                connection, self._address.root, cards, self._base, self._served, self._accepts
            )
        except RefusedError as refusal:
            raise connection.failed(refusal, tuple(card.name for card in cards)) from None
        self._quirks = found.quirks
        return found

    async def _complete(self, chat: Chat) -> Completion:
        found = await self._found()
        if chat.opening and found.able.structure != "opening":
            raise UpstreamError(f"{self._address.url} cannot continue a message that is begun; only vLLM and SGLang do")
        seed = chat.sampling.seed
        # Greedy sampling takes one text only, in vLLM at least.
        together = chat.n if chat.sampling.temperature > 0 and not self._quirks.one_text else 1
        first = await self._written(chat, together, seed)
        got = len(first.texts)
        if got < together:
            self._quirks = replace(self._quirks, one_text=True)
        rest = await asyncio.gather(*(self._written(chat, 1, seed + number) for number in range(got, chat.n)))
        return joined(chat.n, (first, *rest), self._quirks.notes())

    async def _written(self, chat: Chat, n: int, seed: int) -> Written:
        """Have texts generated, without what the server turns out not to take."""
        connection = self._connected()
        quirks = self._quirks
        while True:
            body = chat_body(chat, self._served, quirks, n=1 if quirks.one_text else n, seed=seed)
            try:
                return await connection.chat(body, lambda value: read_completion(value, chat))
            except RefusedError as refusal:
                fewer = adapted(quirks, refusal, body)
                if fewer is None:
                    models = self._finding.result().models if self._finding is not None else ()
                    raise connection.failed(refusal, models) from None
                quirks = fewer
                known = self._quirks
                self._quirks = Quirks(
                    known.without | fewer.without,
                    known.max_completion_tokens or fewer.max_completion_tokens,
                    known.one_text or fewer.one_text,
                )


def _started(first: Chat, rest: Conversation) -> Conversation:
    """Go on with a conversation whose first chat is out."""
    chat = first
    try:
        while True:
            try:
                completion = yield chat
            except Exception as error:  # not GeneratorExit: that ends both
                chat = rest.throw(error)
            else:
                chat = rest.send(completion)
    except StopIteration as end:
        reply: Reply = end.value
        return reply
    finally:
        rest.close()


def _finished(reply: Reply) -> Generator[Chat, Completion, Reply]:
    return reply
    yield
