"""A real HTTP server in a thread that speaks the OpenAI chat format, and counts and remembers what it is asked."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: Request body -> status and reply text (a str is the reply's content, bytes the whole body).
Behaviour = Callable[[dict[str, Any]], tuple[int, str | bytes]]


def case_of(body: dict[str, Any]) -> str:
    """Name of the case that the request asks the reply to repeat."""
    found = re.search(r'"case": "(\w+)"', body["messages"][0]["content"])
    assert found is not None
    return found[1]


def grades(body: dict[str, Any], **given: Any) -> str:
    """A verdict with the grades given, 4 for the others asked for."""
    asked = re.findall(r'"(\w+)": N', body["messages"][0]["content"])
    return json.dumps({"case": case_of(body), **dict.fromkeys(asked, 4), **given})


def good(body: dict[str, Any]) -> tuple[int, str]:
    return 200, grades(body)


@dataclass
class ChatServer:
    """What the server does, and what it has seen."""

    url: str
    behaviour: Behaviour = good
    requests: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    running: int = 0
    most_running: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    """Serve on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with state.lock:
                state.requests.append(body)
                state.paths.append(self.path)
                state.headers.append(dict(self.headers))
                state.running += 1
                state.most_running = max(state.most_running, state.running)
            try:
                status, reply = state.behaviour(body)
            finally:
                with state.lock:
                    state.running -= 1
            self._reply(status, reply)

        def _reply(self, status: int, reply: str | bytes) -> None:
            if isinstance(reply, str):
                message = {"role": "assistant", "content": reply}
                reply = json.dumps({"model": "served-1", "choices": [{"message": message}]}).encode()
            self.send_response(status)
            if status in (301, 302, 307):
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass  # a client that gave up

    server = Server(("127.0.0.1", 0), Handler)
    server.block_on_close = False
    state = ChatServer(f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def slowly(seconds: float) -> Behaviour:
    """Answer well after a while."""

    def behaviour(body: dict[str, Any]) -> tuple[int, str]:
        time.sleep(seconds)
        return good(body)

    return behaviour
