"""The desk in front of vLLM, with an engine that is told when to die: who loses what, and what is tried again."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

import pytest

from emoreason.errors import EmoreasonError, UpstreamError
from emoreason.reasoning.engines.vllm.desk import Desk, Operations

LIMIT_S = 20.0


@dataclass
class Scripted:
    """An engine that repeats what it is told, two steps after it was; what begins with ``die`` kills it."""

    starts: int = 0
    stops: int = 0
    most: int = 0
    at: dict[str, list[str]] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    starts_again: bool = True
    number: int = 0

    def __post_init__(self) -> None:
        self.hold.set()

    def operations(self) -> Operations[int, str, str]:
        return Operations(self.start, self.stop, self.put, self.step, self.drop)

    def start(self) -> int:
        if self.starts and not self.starts_again:
            raise RuntimeError("out of memory")
        self.starts += 1
        self.at.clear()
        return self.starts

    def stop(self, engine: int) -> None:
        self.stops += 1
        raise RuntimeError("a dead engine cannot be stopped")

    def put(self, engine: int, chat: str) -> str:
        assert engine == self.starts
        if chat == "refuse":
            raise UpstreamError("too long")
        self.number += 1
        self.at[str(self.number)] = [chat, ""]
        self.most = max(self.most, len(self.at))
        return str(self.number)

    def step(self, engine: int) -> list[tuple[str, str | EmoreasonError]]:
        assert self.hold.wait(LIMIT_S)
        time.sleep(0.001)
        if any(chat.startswith("die") for chat, _ in self.at.values()):
            raise RuntimeError("the engine's process ended")
        done = [ticket for ticket, (_, seen) in self.at.items() if seen]
        for state in self.at.values():
            state[1] = "seen"
        return [(ticket, f"said {self.at.pop(ticket)[0]}") for ticket in done]

    def drop(self, engine: int, ticket: str) -> None:
        self.dropped.append(self.at.pop(ticket)[0])


@pytest.fixture
def engine() -> Scripted:
    return Scripted()


@pytest.fixture
def desk(engine: Scripted) -> Iterator[Desk[int, str, str]]:
    desk = Desk(engine.operations(), "a model")
    yield desk
    engine.hold.set()
    desk.close()


def outcome(future: "Future[str]") -> str:
    try:
        return future.result(LIMIT_S)
    except UpstreamError as error:
        return f"error: {error}"


def test_everything_that_waits_is_worked_on_together(desk: Desk[int, str, str], engine: Scripted) -> None:
    engine.hold.clear()
    futures = [desk.submit("a chat") for _ in range(40)]
    engine.hold.set()
    assert {outcome(future) for future in futures} == {"said a chat"}
    assert engine.most >= 39  # the first may have been taken in alone
    assert engine.starts == 1


def test_a_refused_chat_costs_itself_alone(desk: Desk[int, str, str], engine: Scripted) -> None:
    futures = [desk.submit(chat) for chat in ("a", "refuse", "b")]
    assert [outcome(future) for future in futures] == ["said a", "error: too long", "said b"]
    assert engine.starts == 1


def test_a_death_costs_the_chat_it_died_of_alone(desk: Desk[int, str, str], engine: Scripted) -> None:
    engine.hold.clear()
    futures = [desk.submit(chat) for chat in ("a", "die", "b", "c")]
    engine.hold.set()
    said = [outcome(future) for future in futures]
    assert [said[0], *said[2:]] == ["said a", "said b", "said c"]
    assert said[1] == "error: a model died of this chat (RuntimeError: the engine's process ended)"
    assert engine.starts <= 4
    assert outcome(desk.submit("d")) == "said d"


def test_an_engine_that_dies_of_everything_is_given_up(desk: Desk[int, str, str], engine: Scripted) -> None:
    engine.hold.clear()
    futures = [desk.submit(f"die {number}") for number in range(6)]
    engine.hold.set()
    said = [outcome(future) for future in futures]
    assert all(text.startswith("error: a model died") for text in said)
    assert engine.starts == 3
    assert desk.failure is not None
    with pytest.raises(UpstreamError, match="died 3 times without an answer"):
        desk.submit("one more")


def test_an_engine_that_does_not_start_again_fails_all_that_wait(desk: Desk[int, str, str], engine: Scripted) -> None:
    engine.hold.clear()
    engine.starts_again = False
    futures = [desk.submit(chat) for chat in ("a", "die", "b")]
    engine.hold.set()
    assert {outcome(future)[:13] for future in futures} == {"error: a mode"}
    with pytest.raises(UpstreamError, match="does not start again: out of memory"):
        desk.submit("c")


def test_a_chat_taken_back_is_dropped(desk: Desk[int, str, str], engine: Scripted) -> None:
    engine.hold.clear()
    first = desk.submit("never mind")
    assert first.cancel()
    engine.hold.set()
    assert outcome(desk.submit("a")) == "said a"
    assert "never mind" not in [chat for chat, _ in engine.at.values()]


def test_what_is_under_way_when_it_is_closed_fails(desk: Desk[int, str, str], engine: Scripted) -> None:
    engine.hold.clear()
    future = desk.submit("a")
    closing = threading.Thread(target=desk.close)
    closing.start()
    time.sleep(0.05)
    engine.hold.set()
    closing.join(LIMIT_S)
    assert outcome(future) in ("error: a model was closed before it answered", "said a")
    assert engine.stops == 1
    with pytest.raises(UpstreamError, match="is closed"):
        desk.submit("b")
