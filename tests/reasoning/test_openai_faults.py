"""The engine openai against a server that misbehaves in every way we could think of."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import pytest
import upstream as up
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from upstream import GOOD, PASSING, Act, Asked, upstream

from emoreason.errors import EmoreasonError, UpstreamError
from emoreason.prompts.contract import read_answer
from emoreason.reasoning.conversation import Chat, Completion, Sampling
from emoreason.reasoning.engines import Reply, Request
from emoreason.reasoning.engines.openai import OpenAIEngine, connection
from emoreason.reasoning.engines.openai.connection import LONGEST_ASKED_WAIT_S
from emoreason.records import Clip, Cue, CueSet

KEY = "sk-very-secret-1234567890"
CHAT = Chat(messages=({"role": "user", "content": "hello"},), sampling=Sampling())
CUE = Cue(id="face1.AU12.1", modality="face", code="AU12", level="strongly", subject="face1")


def request(number: int = 0) -> Request:
    return Request(cueset=CueSet(clip=Clip(id=f"clip{number}", transcript=f"word {number}"), cues=(CUE,)))


def numbered(count: int) -> list[tuple[int, Request]]:
    return [(number, request(number)) for number in range(count)]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits between tries, noted instead of waited for."""
    noted: list[float] = []

    async def pause(seconds: float) -> None:
        noted.append(seconds)

    monkeypatch.setattr(connection, "pause", pause)
    return noted


def our_threads() -> list[str]:
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith("emoreason"))


@pytest.fixture(autouse=True)
def no_leaks() -> Iterator[None]:
    yield
    until = time.monotonic() + 5
    while our_threads() and time.monotonic() < until:
        time.sleep(0.01)
    assert our_threads() == []


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_is_tried_again(fault: str, waits: list[float]) -> None:
    with upstream([PASSING[fault]()]) as server, OpenAIEngine(url=server.url) as engine:
        assert "</think>" in engine.complete(CHAT).texts[0]
    assert server.chats == 2
    assert len(waits) == 1


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_stays_is_one_error_and_never_an_empty_answer(fault: str, waits: list[float]) -> None:
    with upstream(lambda _: PASSING[fault]()) as server, OpenAIEngine(url=server.url, retries=3) as engine:
        with pytest.raises(UpstreamError, match=r"gave no usable reply in \d tries: .") as raised:
            engine.complete(CHAT)
        ((key, outcome),) = engine.answer_each([("clip", request())])
    assert "\n" not in str(raised.value)
    assert not raised.value.for_all
    assert key == "clip"
    assert isinstance(outcome, UpstreamError)
    # A model that writes nothing is asked once more; whatever else happens to a request, it is sent four times.
    assert server.chats == 2 * (2 if fault in ("no content", "no text") else 4)


def test_waits_grow_up_to_a_limit(waits: list[float]) -> None:
    with (
        upstream(lambda _: up.fails(503)) as server,
        OpenAIEngine(url=server.url, retries=9) as engine,
        pytest.raises(UpstreamError, match="10 tries"),
    ):
        engine.complete(CHAT)
    longest = [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, longest, strict=True))


def test_retry_after_is_obeyed(waits: list[float]) -> None:
    date = formatdate(time.time() + 50, usegmt=True)
    asked = ["7", "0.25", date, "86400", "-5"]
    script = [*(up.busy(after) for after in asked), up.fails(503, retry_after="3")]
    with upstream(script) as server, OpenAIEngine(url=server.url, retries=6) as engine:
        engine.complete(CHAT)
    assert waits[:2] == [7.0, 0.25]
    assert 45 < waits[2] <= 50
    assert waits[3:] == [LONGEST_ASKED_WAIT_S, 0.0, 3.0]


@pytest.mark.parametrize("header", ["soon", "nan", "inf", "", "Wed, 99 Oct 2015 07:28:00 GMT", "1e999"])
def test_retry_after_that_says_nothing_is_passed_over(header: str, waits: list[float]) -> None:
    with upstream([up.busy(header)]) as server, OpenAIEngine(url=server.url) as engine:
        engine.complete(CHAT)
    assert 0.25 <= waits[0] <= 0.5


def test_an_account_that_is_used_up_is_not_waited_for(waits: list[float]) -> None:
    error = {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}
    with (
        upstream([up.body(error, 429)]) as server,
        OpenAIEngine(url=server.url) as engine,
        pytest.raises(UpstreamError, match="HTTP 429: You exceeded your current quota"),
    ):
        engine.complete(CHAT)
    assert (server.chats, waits) == (1, [])


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (400, "HTTP 400: something broke"),
        (401, "the key is looked for in EMOREASON_API_KEY, OPENAI_API_KEY or the option key_file"),
        (403, "the key does not allow this"),
        (404, "it has the models tiny, other"),
        (422, "HTTP 422: something broke"),
    ],
)
def test_a_refusal_is_final_and_says_what_to_do(status: int, says: str, waits: list[float]) -> None:
    with (
        upstream([up.fails(status)], models=("tiny", "other")) as server,
        OpenAIEngine("tiny", url=server.url) as engine,
        pytest.raises(UpstreamError, match=says) as raised,
    ):
        engine.complete(CHAT)
    assert (server.chats, waits) == (1, [])
    assert raised.value.for_all == (status in (401, 403, 404))


def test_a_model_that_is_not_there_is_said_with_those_that_are() -> None:
    with upstream(models=("this", "that")) as server, OpenAIEngine("other", url=server.url) as engine:
        with pytest.raises(UpstreamError, match=r"The model `other` does not exist\.; it has"):
            engine.capabilities()
        ((_, outcome),) = engine.answer_each([(0, request())])
    assert "it has the models this, that" in str(outcome)


def test_a_redirect_is_not_followed(waits: list[float]) -> None:
    with (
        upstream() as elsewhere,
        upstream([up.redirects(elsewhere.url)]) as server,
        OpenAIEngine(url=server.url) as engine,
        pytest.raises(UpstreamError, match="HTTP 307; redirects are not followed"),
    ):
        engine.complete(CHAT)
    assert elsewhere.connections == 0


def test_no_server_at_all(waits: list[float]) -> None:
    with upstream() as server:
        pass
    with pytest.raises(UpstreamError, match=r"in 3 tries: no connection .*; is the server running") as raised:
        OpenAIEngine(url=server.url, retries=2)
    assert raised.value.for_all
    with OpenAIEngine("tiny", url=server.url, retries=0) as engine:
        assert [type(outcome) for _, outcome in engine.answer_each(numbered(3))] == [UpstreamError] * 3


def test_a_reply_that_takes_too_long(waits: list[float]) -> None:
    with upstream(lambda _: up.slow(30)) as server, OpenAIEngine(url=server.url, timeout_s=0.2, retries=1) as engine:
        engine.capabilities()
        with pytest.raises(UpstreamError, match=r"2 tries: no reply"):
            engine.complete(CHAT)


def test_a_reply_without_end(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_LONGEST_REPLY_BYTES", 10_000)
    with (
        upstream([up.writes("x" * 50_000)]) as server,
        OpenAIEngine(url=server.url) as engine,
        pytest.raises(UpstreamError, match="longer than 10000 bytes"),
    ):
        engine.complete(CHAT)


def test_the_server_dies_in_the_middle_and_comes_back() -> None:
    script = [*[up.slow(0.02)] * 10, up.dies(0.3)]
    with upstream(script) as server, OpenAIEngine(url=server.url, concurrency=4) as engine:
        outcomes = dict(engine.answer_each(numbered(40)))
    assert sorted(outcomes) == list(range(40))
    assert all(isinstance(outcome, Reply) for outcome in outcomes.values())
    assert server.chats > 40  # what was under way was sent again


@pytest.mark.parametrize("status", [200, 400, 401, 404, 429, 500, 302])
def test_the_key_is_in_no_error_and_no_log(
    status: int, waits: list[float], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("EMOREASON_API_KEY", KEY)
    caplog.set_level(logging.WARNING)
    bodies = [{"error": {"message": f"bad key {KEY}"}}, {"error": f"bad key {KEY}"}, f"bad {KEY}", {"detail": [KEY]}]
    for body in bodies:
        act = up.body(body, status)
        with upstream([act] * 4, key=KEY) as server, OpenAIEngine(url=server.url, retries=1) as engine:
            with pytest.raises(UpstreamError) as raised:
                engine.complete(CHAT)
            assert KEY not in f"{raised.value} {raised.value!r} {vars(engine)}"
            ((_, outcome),) = engine.answer_each([(0, request())])
        assert KEY not in str(outcome)
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in caplog.text


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("before", [60, 285, 290])
def test_no_part_of_the_key_stays_where_a_long_message_is_cut(
    status: int, before: int, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOREASON_API_KEY", KEY)
    for sent in ({"error": {"message": "x" * before + KEY}}, "x" * before + KEY, {"detail": ["x" * before + KEY]}):
        with (
            upstream([up.body(sent, status)] * 4) as server,
            OpenAIEngine(url=server.url, retries=1) as engine,
            pytest.raises(UpstreamError) as raised,
        ):
            engine.complete(CHAT)
        assert KEY[:6] not in str(raised.value)


def test_a_wrong_key_is_said_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOREASON_API_KEY", KEY)
    with upstream(key="another") as server, pytest.raises(UpstreamError) as raised:
        OpenAIEngine(url=server.url)
    assert "HTTP 401: Incorrect API key provided: Bearer [key]; the key is looked for in" in str(raised.value)


def test_as_many_requests_at_a_time_as_allowed_and_never_more() -> None:
    with upstream(lambda _: up.slow(0.05)) as server, OpenAIEngine(url=server.url, concurrency=6) as engine:
        outcomes = list(engine.answer_each(numbered(40)))
        assert server.most_running == 6
        threads = [threading.Thread(target=engine.complete, args=(CHAT,)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(outcomes) == 40
    assert server.most_running == 6


def test_requests_are_read_only_as_there_is_room() -> None:
    read, done, most = 0, 0, 0

    def requests() -> Iterator[tuple[int, Request]]:
        nonlocal read, most
        for item in numbered(60):
            read += 1
            most = max(most, read - done)
            yield item

    with upstream(lambda _: up.slow(0.01)) as server, OpenAIEngine(url=server.url, concurrency=3) as engine:
        for _ in engine.answer_each(requests()):
            done += 1
            time.sleep(0.002)
    assert done == 60
    assert most <= 3 + 3 + 1  # under way, looked ahead, and the one that is just being counted


def test_a_caller_that_stops_early_leaves_nothing_behind() -> None:
    read: list[int] = []

    def requests() -> Iterator[tuple[int, Request]]:
        for item in numbered(1000):
            read.append(item[0])
            yield item

    script = [GOOD, GOOD, *[up.slow(60)] * 50]
    with upstream(script) as server, OpenAIEngine(url=server.url, concurrency=2) as engine:
        outcomes = engine.answer_each(requests())
        next(outcomes)
        next(outcomes)
        outcomes.close()  # type: ignore[attr-defined]
        assert our_threads() == ["emoreason-openai"]
        assert len(read) <= 8
        count = len(read)
        server.script = ()
        engine.complete(CHAT)  # the places are free again
        assert len(read) == count


def test_an_error_while_requests_are_read_is_raised_and_ends_all() -> None:
    def requests() -> Iterator[tuple[int, Request]]:
        yield from numbered(3)
        raise OSError("the disk is gone")

    with upstream(lambda _: up.slow(60)) as server, OpenAIEngine(url=server.url, concurrency=2) as engine:
        with pytest.raises(OSError, match="the disk is gone"):
            list(engine.answer_each(requests()))
        assert our_threads() == ["emoreason-openai"]
        server.script = ()
        engine.complete(CHAT)


def test_an_engine_that_is_closed_says_so() -> None:
    with upstream(lambda _: up.slow(60)) as server:
        engine = OpenAIEngine(url=server.url)
        engine.capabilities()
        failed: list[BaseException] = []

        def ask() -> None:
            failed.extend(
                outcome for _, outcome in engine.answer_each(numbered(1)) if isinstance(outcome, UpstreamError)
            )

        thread = threading.Thread(target=ask)
        thread.start()
        while not server.running:
            time.sleep(0.01)
        engine.close()
        thread.join(10)
        engine.close()
        assert "closed" in str(failed[0])
        with pytest.raises(UpstreamError, match="closed"):
            engine.complete(CHAT)


def test_our_own_mistake_costs_one_input(monkeypatch: pytest.MonkeyPatch) -> None:
    from emoreason.reasoning.engines.openai import engine as module

    real = module.ask

    def ask(request: Request, *rest: Any) -> Any:
        if request.cueset.clip.id == "clip1":
            raise ZeroDivisionError("oops")
        return real(request, *rest)

    monkeypatch.setattr(module, "ask", ask)
    with upstream() as server, OpenAIEngine(url=server.url) as engine:
        outcomes = dict(engine.answer_each(numbered(3)))
    assert "engine openai broke: ZeroDivisionError: oops" in str(outcomes[1])
    assert isinstance(outcomes[0], Reply)
    assert isinstance(outcomes[2], Reply)


class Shelf:
    """A memory that notes which threads use it."""

    def __init__(self) -> None:
        self.kept: dict[str, Completion] = {}
        self.threads: set[int] = set()

    def recall(self, key: str) -> Completion | None:
        self.threads.add(threading.get_ident())
        return self.kept.get(key)

    def keep(self, key: str, completion: Completion) -> None:
        self.threads.add(threading.get_ident())
        self.kept[key] = completion


def test_memory_is_used_in_the_callers_thread_and_spares_the_server() -> None:
    shelf = Shelf()
    with upstream(vllm=True) as server, OpenAIEngine(url=server.url) as engine:
        first = dict(engine.answer_each(numbered(12), shelf))
        chats = server.chats
        second = dict(engine.answer_each(numbered(12), shelf))
    assert first == second
    assert (chats, server.chats) == (24, 24)  # think, then answer
    assert shelf.threads == {threading.get_ident()}


ACTS = st.sampled_from(
    [
        *[PASSING[name] for name in sorted(PASSING)],
        lambda: GOOD,
        lambda: up.fails(400),
        lambda: up.fails(404),
        lambda: up.dies(0.01),
        lambda: up.writes("no JSON at all"),
        lambda: up.writes("{" * 5_000),
        lambda: up.writes("<think>x", "length"),
        lambda: up.writes("\ud800"),
        lambda: up.body([]),
        lambda: up.body({"choices": [None]}),
        lambda: up.body({"choices": [{"message": {"content": 7}}]}),
        lambda: up.body("[" * 100_000),
        lambda: up.redirects("http://127.0.0.1:9/"),
    ]
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, max_size=12), count=st.integers(1, 6), vllm=st.booleans(), concurrency=st.integers(1, 4))
def test_whatever_the_server_does_each_request_has_exactly_one_outcome(
    waits: list[float], acts: list[Any], count: int, vllm: bool, concurrency: int
) -> None:
    script = [act() for act in acts]
    with (
        upstream(script, vllm=vllm) as server,
        OpenAIEngine(url=server.url, concurrency=concurrency, retries=2) as engine,
    ):
        outcomes = list(engine.answer_each(numbered(count)))
    assert Counter(key for key, _ in outcomes) == Counter(range(count))
    for number, outcome in outcomes:
        assert isinstance(outcome, Reply | EmoreasonError)
        if isinstance(outcome, Reply):
            assert read_answer(outcome.text, request(number).cueset, engine="openai", model="tiny").labels


def test_the_scripted_server_says_when_faults_happen_at_random(waits: list[float]) -> None:
    seen: list[Act] = []
    at_random = up.sometimes(0.4, seed=3)

    def script(asked: Asked) -> Act:
        seen.append(at_random(asked))
        return seen[-1]

    with upstream(script) as server, OpenAIEngine(url=server.url, retries=8) as engine:
        outcomes = dict(engine.answer_each(numbered(50)))
    assert len(outcomes) == 50
    assert sum(isinstance(outcome, Reply) for outcome in outcomes.values()) >= 45  # two empty replies in a row cost one
    assert 0.25 < sum(act != GOOD and act.delay_s == 0 for act in seen) / len(seen) < 0.6
