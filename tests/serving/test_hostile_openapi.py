"""schemathesis against the real server: what the OpenAPI document allows, what it does not, and the edges of both.

No answer is a 5xx, none is late, and every one has the form that the document promises.
``EMOREASON_SOAK=1`` makes it at least two thousand cases a server.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi", reason="pip install 'emoreason[serve]'")

from gateway import Gateway, gateway
from quick_upstream import quick_upstream

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(find_spec("schemathesis") is None, reason="pip install 'emoreason[dev]'"),
]

SOAK = bool(os.environ.get("EMOREASON_SOAK"))
EXAMPLES, CASES = (150, 2000) if SOAK else (20, 400)
SUPPORT = Path(__file__).parents[1] / "support"
#: What is valid by its form can still be no clip, no CueSet and no model.
LEFT_OUT = ("positive_data_acceptance",)
KEY = "a-key-of-a-test"


@contextmanager
def evidence() -> Iterator[Gateway]:
    with gateway("--jobs", "1", key=KEY) as server:
        yield server


@contextmanager
def model() -> Iterator[Gateway]:
    with quick_upstream(pictures=True) as url, gateway("--upstream", url, "--jobs", "1", key=KEY) as server:
        yield server


def attack(server: Gateway, folder: Path, *arguments: str) -> tuple[int, str]:
    """Run schemathesis; its exit status and what it says."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json"),
        *("--header", f"Authorization: Bearer {KEY}", "--mode", "all", "--max-examples", str(EXAMPLES)),
        *("--exclude-checks", ",".join(LEFT_OUT), "--continue-on-failure", "--no-shrink", "--request-timeout", "60"),
        *("--generation-database", "none", "--suppress-health-check", "all", "--no-color", "--warnings", "off"),
        *arguments,
    ]
    env = os.environ | {"SCHEMATHESIS_HOOKS": "attacks", "PYTHONPATH": str(SUPPORT)}
    ran = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout + ran.stderr


@pytest.mark.parametrize("start", [evidence, model])
def test_no_case_breaks_it(start: Any, tmp_path: Path) -> None:
    with start() as server:
        status, said = attack(server, tmp_path, "--seed", "7")
        lines = [line for line in server.logged() if "status" in line]
        answered = Counter((line["route"], line["status"]) for line in lines)
        print(f"{sum(answered.values())} requests: {dict(Counter(line['status'] for line in lines))}")  # noqa: T201
        assert status == 0, said[-12_000:]
        assert sum(answered.values()) >= CASES
        assert not [line for line in server.logged() if line.get("status", 0) >= 500 or "error" in line]
        assert max(line["seconds"] for line in lines) < 60
        good = {route for route, code in answered if code == 200}
        assert {"/v1/chat/completions", "/v1/cues", "/v1/explain", "/v1/models"} <= good  # it went in, too
        document = httpx.get(f"{server.url}/openapi.json", headers=server.headers).json()
        attacked = {line["route"].replace(":path", "") for line in lines}
        assert set(document["paths"]) <= attacked


#: NUL bytes, halves of pairs and other odd characters where a schema says text.
ODD = ["\x00", "a\x00b", "\ud800", "\u202e\u2066", "\ufeff", "a" * 100_000, "\r\nX: y", "{{7*7}}", "%s%n", "../../x"]


@pytest.mark.parametrize("place", ["model", "role", "content", "preset", "language", "purpose", "transcript", "name"])
def test_odd_texts_anywhere(place: str, server: Gateway) -> None:
    for odd in ODD:
        message: dict[str, Any] = {"role": "user", "content": "hello"}
        body: dict[str, Any] = {"messages": [message], "emoreason": {}}
        holder = message if place in message or place == "name" else body if place == "model" else body["emoreason"]
        holder[place] = odd
        answer = httpx.post(f"{server.v1}/chat/completions", content=json.dumps(body).encode(), headers=HEADERS)
        assert 400 <= answer.status_code < 500, (place, odd[:20])
        assert answer.json()["error"]["message"].isprintable()


HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server() -> Iterator[Gateway]:
    with evidence() as up:
        yield up
