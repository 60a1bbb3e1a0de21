"""Conversations that are answered from memory, and errors that go the other way."""

from collections.abc import Generator

import pytest
from scripted_model import ScriptedModel

from emoreason.errors import UpstreamError
from emoreason.reasoning.conversation import Chat, Completion, Sampling, converse, remembered

Talk = Generator[Chat, Completion, str]


class Shelf:
    """A memory in a dict."""

    def __init__(self) -> None:
        self.kept: dict[str, Completion] = {}

    def recall(self, key: str) -> Completion | None:
        return self.kept.get(key)

    def keep(self, key: str, completion: Completion) -> None:
        assert key not in self.kept, "kept twice"
        self.kept[key] = completion


def chat(text: str, **fields: object) -> Chat:
    return Chat(messages=({"role": "user", "content": text},), sampling=Sampling(), **fields)  # type: ignore[arg-type]


def two_questions(log: list[str]) -> Talk:
    """Asks twice; when the first chat fails it asks something else."""
    try:
        try:
            first = (yield chat("one")).texts[0]
        except UpstreamError:
            first = (yield chat("other")).texts[0]
        return first + (yield chat("two")).texts[0]
    finally:
        log.append("closed")


def test_what_was_asked_before_is_not_asked_again() -> None:
    shelf = Shelf()
    first = ScriptedModel(["a", "b"])
    assert first.drive(remembered(two_questions([]), shelf, "m")) == "ab"
    assert ScriptedModel([]).drive(remembered(two_questions([]), shelf, "m")) == "ab"
    other = ScriptedModel(["c", "d"])
    assert other.drive(remembered(two_questions([]), shelf, "another model")) == "cd"
    assert ScriptedModel(["x", "y"]).drive(remembered(two_questions([]), None, "m")) == "xy"


def test_a_run_that_ended_in_the_middle_goes_on_there() -> None:
    shelf = Shelf()
    broken = remembered(two_questions([]), shelf, "m")
    next(broken)
    broken.send(Completion(texts=("a",), finish=("stop",)))
    broken.close()
    again = ScriptedModel(["b"])
    assert again.drive(remembered(two_questions([]), shelf, "m")) == "ab"


@pytest.mark.parametrize("memory", [None, Shelf()], ids=["without", "with"])
def test_a_failed_chat_reaches_the_conversation_inside(memory: Shelf | None) -> None:
    model = ScriptedModel([UpstreamError("gone"), "o", "t"])
    assert model.drive(remembered(two_questions([]), memory, "m")) == "ot"
    assert [one.messages[0]["content"] for one in model.chats] == ["one", "other", "two"]
    if memory is not None:
        assert len(memory.kept) == 2, "nothing is kept of a chat that failed"


@pytest.mark.parametrize("memory", [None, Shelf()], ids=["without", "with"])
def test_an_error_that_nobody_catches_comes_out_and_both_are_closed(memory: Shelf | None) -> None:
    log: list[str] = []
    model = ScriptedModel(["a", UpstreamError("gone")])
    with pytest.raises(UpstreamError, match="gone"):
        model.drive(remembered(two_questions(log), memory, "m"))
    assert log == ["closed"]


@pytest.mark.parametrize("memory", [None, Shelf()], ids=["without", "with"])
def test_closing_closes_the_conversation_inside(memory: Shelf | None) -> None:
    log: list[str] = []
    conversation = remembered(two_questions(log), memory, "m")
    next(conversation)
    conversation.close()
    assert log == ["closed"]


def test_a_conversation_without_chats_returns_at_once() -> None:
    def silent() -> Talk:
        return "nothing to ask"
        yield

    assert converse(remembered(silent(), Shelf(), "m"), ScriptedModel([]).complete) == "nothing to ask"


def test_keys_depend_on_everything_that_decides_what_is_written() -> None:
    one = chat("one")
    others = [
        chat("two"),
        chat("one", n=2),
        chat("one", schema={"type": "object"}),
        chat("one", opening="<think>"),
        chat("one", stop=("x",)),
        Chat(messages=one.messages, sampling=Sampling(seed=1)),
        Chat(messages=one.messages, sampling=Sampling(temperature=0.5)),
    ]
    keys = {other.key("m") for other in others} | {one.key("m"), one.key("n")}
    assert len(keys) == len(others) + 2
    assert chat("one").key("m") == one.key("m")
    assert len(chat("\ud800").key("m")) == 64
