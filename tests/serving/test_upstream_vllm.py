"""How vLLM is started, and that it is looked after; ``test_gateway_vllm.py`` has the real one."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="pip install 'emoreason[serve]'")
pytest.importorskip("aiohttp", reason="pip install 'emoreason[serve]'")

from emoreason.errors import ConfigError, EmoreasonError
from emoreason.serving.refusals import ApiError
from emoreason.serving.settings import ServeSettings
from emoreason.serving.upstreams import vllm_command
from emoreason.serving.upstreams.base import Question
from emoreason.serving.upstreams.vllm import VLLMUpstream
from emoreason.serving.upstreams.vllm_command import Launch, launch_of, reasoning_parser
from emoreason.serving.watching.metrics import Metrics

PRETENDED = Path(__file__).parents[1] / "support" / "pretended_vllm.py"
QWEN3 = (
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- if enable_thinking is defined and "
    "enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}{%- endif %}"
)
THINKS = "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n<think>\\n' }}{%- endif %}"
READS = (
    "{{ content.split('</think>')[-1] }}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm_command, "_vllm", lambda: ["vllm"])


def command(tmp_path: Path, model: str, *arguments: str, adapters: tuple[tuple[str, str], ...] = ()) -> list[str]:
    settings = ServeSettings(engine="upstream", model=model, vllm_arguments=arguments, adapters=adapters)
    return list(launch_of(settings, tmp_path / "spare").command)


def value_of(flags: list[str], flag: str) -> str:
    return flags[flags.index(flag) + 1]


def adapter(folder: Path, rank: int) -> str:
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"r": rank}))
    head = json.dumps({"base_model.model.layers.0.self_attn.q_proj.lora_A.weight": {}}).encode()
    (folder / "adapter_model.safetensors").write_bytes(len(head).to_bytes(8, "little") + head)
    return str(folder)


def test_a_model_of_the_hub(tmp_path: Path) -> None:
    flags = command(tmp_path, "Qwen/Qwen3-VL-8B-Thinking", "--tensor-parallel-size=2")
    assert flags[:5] == [
        "vllm",
        "serve",
        "Qwen/Qwen3-VL-8B-Thinking",
        "--served-model-name",
        "Qwen/Qwen3-VL-8B-Thinking",
    ]
    assert value_of(flags, "--reasoning-parser") == "qwen3"
    assert value_of(flags, "--tool-call-parser") == "hermes"
    assert value_of(flags, "--max-model-len") == "32768"
    assert value_of(flags, "--load-format") == "safetensors"
    assert json.loads(value_of(flags, "--limit-mm-per-prompt")) == {"image": 32, "video": 0}
    assert json.loads(value_of(flags, "--allowed-media-domains")) == ["nowhere.invalid"]
    assert json.loads(value_of(flags, "--structured-outputs-config"))["backend"] == "xgrammar"
    assert flags[-1] == "--tensor-parallel-size=2"
    assert not {"--enable-lora", "--trust-remote-code"} & set(flags)


def test_a_model_in_a_folder_is_called_by_its_name_and_read_by_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    config = {"model_type": "qwen2_5_omni", "thinker_config": {"audio_config": {}, "max_position_embeddings": 4096}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": THINKS}))
    monkeypatch.chdir(folder)
    flags = command(tmp_path, ".")
    assert value_of(flags, "--served-model-name") == "mine"
    assert value_of(flags, "--max-model-len") == "4096"
    assert value_of(flags, "--reasoning-parser") == "deepseek_r1"
    assert value_of(flags, "--tool-call-parser") == "hermes"
    assert json.loads(value_of(flags, "--limit-mm-per-prompt")) == {"audio": 4}


def test_adapters(tmp_path: Path) -> None:
    given = (("a", adapter(tmp_path / "one", 8)), ("b", adapter(tmp_path / "two", 12)))
    flags = command(tmp_path, "Qwen/Qwen2.5-VL-3B-Instruct", adapters=given)
    at = flags.index("--lora-modules")
    assert [json.loads(one) for one in flags[at + 1 :]] == [{"name": name, "path": place} for name, place in given]
    assert value_of(flags, "--max-loras") == "3"  # on a CPU the last slot is not to be used
    assert value_of(flags, "--max-lora-rank") == "16"
    for name in ("Qwen/Qwen2.5-VL-3B-Instruct", "evidence"):
        with pytest.raises(ConfigError, match="is called like a model"):
            command(tmp_path, "Qwen/Qwen2.5-VL-3B-Instruct", adapters=((name, given[0][1]),))
    shutil.rmtree(tmp_path / "spare")
    with pytest.raises(ConfigError, match=r"no adapter that loads|is missing"):
        command(tmp_path, "m", adapters=(("c", str(tmp_path)),))


@pytest.mark.parametrize(
    "argument",
    [
        "--trust-remote-code", "--trust_remote_code", "--trust-remote", "--host=0.0.0.0", "--port", "--api-key=x",
        "--no-enable-lora", "--uds=/tmp/x", "--allowed-local-media-path=/", "--config=x.yaml", "--load-format=pt",
        "--enable-log-requests", "--served-model-name=x", "--lora_modules", "--allowed_media_domains",
    ],
)  # fmt: skip
def test_what_would_undo_a_guard_is_refused(tmp_path: Path, argument: str) -> None:
    with pytest.raises(ConfigError, match="decided by emoreason serve"):
        command(tmp_path, "m", argument)


@pytest.mark.parametrize("argument", ["--max-model-len=8192", "8192", "--config-format=hf", "--reasoning-parser=qwen3"])
def test_the_rest_is_the_users_to_choose(tmp_path: Path, argument: str) -> None:
    assert command(tmp_path, "m", argument)[-1] == argument


@pytest.mark.parametrize(
    ("name", "template", "parser"),
    [
        ("Qwen/Qwen3-8B", "", "qwen3"),
        ("Qwen/Qwen3-4B-Instruct-2507", "", None),
        ("Qwen/Qwen3-4B-Thinking-2507", "", "qwen3"),
        ("Qwen/Qwen3-VL-8B-Instruct", "", None),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "", None),
        ("Qwen/Qwen3.5-9B", "", "qwen3"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "", "deepseek_r1"),
        ("openai/gpt-oss-20b", "no tags", "openai_gptoss"),
        ("mine", QWEN3, "qwen3"),
        ("mine", THINKS, "deepseek_r1"),
        ("mine", READS, None),
        ("my-qwen3-thinking", "{{ messages }}", None),
        ("my-qwen3-thinking", READS, "qwen3"),
        ("mine", "", None),
    ],
)
def test_a_parser_where_the_model_thinks_and_none_where_it_does_not(
    name: str, template: str, parser: str | None
) -> None:
    assert reasoning_parser(name, template) == parser


def test_its_environment_has_no_key_but_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")
    monkeypatch.setenv("VLLM_LOGGING_LEVEL", "DEBUG")
    env = Launch(command=("x",), model="m").environment("its-own")
    assert "sk-mine" not in env.values()
    assert (env["VLLM_API_KEY"], env["VLLM_LOGGING_LEVEL"], env["DO_NOT_TRACK"]) == ("its-own", "DEBUG", "1")
    assert env["EMOREASON_LIFELINE"] == str(os.getpid())


def test_vllm_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install 'emoreason\[vllm\]'"):
        command(tmp_path, "m")


# Lives and deaths, with a program that pretends to be vLLM.

CHAT = {"model": "tiny", "messages": [{"role": "user", "content": "hi"}], "stream": True}


@asynccontextmanager
async def running(
    *arguments: str, gave_up: list[EmoreasonError] | None = None, adapters: tuple[str, ...] = ()
) -> AsyncIterator[tuple[VLLMUpstream, Metrics]]:
    launch = Launch(
        command=(sys.executable, str(PRETENDED), "serve", "tiny", *arguments), model="tiny", adapters=adapters
    )
    metrics = Metrics()
    up = VLLMUpstream(launch, metrics, None if gave_up is None else gave_up.append)
    try:
        yield up, metrics
    finally:
        await up.aclose()


async def until(true: Any, seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not await true():
            await asyncio.sleep(0.02)


async def is_ready(up: VLLMUpstream) -> bool:
    return await up.ready() is None


def runs(pid: int | None) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def question() -> Question:
    return Question(raw=json.dumps(CHAT).encode(), body=CHAT)


def test_one_that_dies_in_a_stream_is_started_again() -> None:
    async def run() -> None:
        async with running() as (up, metrics):
            assert await up.ready() == "the model is being loaded"
            with pytest.raises(ApiError, match="being loaded") as early:
                await up.chat(question())
            assert (early.value.status, early.value.retry_after_s) == (503, 5)
            assert [card["id"] for card in await up.models()] == ["tiny"]
            await until(lambda: is_ready(up))
            assert (await up.models())[0] == {"id": "tiny", "object": "model", "root": "tiny", "created": 5}
            stream = await up.chat(question())
            first = up.pid
            assert first is not None
            chunks = stream.chunks()
            await anext(chunks)
            os.kill(first, signal.SIGKILL)
            with pytest.raises(ApiError, match="broke off"):
                await _to_its_end(chunks)
            await stream.aclose()
            await until(lambda: _not_ready(up))
            await until(lambda: is_ready(up))
            assert up.pid != first
            assert b"emoreason_upstream_restarts_total 1.0" in metrics.page()
            second = up.pid
        assert not runs(second)

    async def _to_its_end(chunks: AsyncIterator[bytes]) -> None:
        async for _ in chunks:
            pass

    async def _not_ready(up: VLLMUpstream) -> bool:
        return await up.ready() is not None

    asyncio.run(run())


def test_one_that_does_not_come_up_is_given_up_with_the_reason() -> None:
    async def run() -> None:
        gave_up: list[EmoreasonError] = []
        async with running("--dies", gave_up=gave_up) as (up, _):

            async def has_given_up() -> bool:
                return bool(gave_up)

            await until(has_given_up)
            assert await up.ready() == "the model could not be loaded"
        assert str(gave_up[0]) == (
            "vllm serve ended while it loaded the model (exit code 3): ValueError: the weights are gone"
        )

    asyncio.run(run())


@pytest.mark.parametrize(("adapters", "given_up"), [(("works", "idle"), True), (("works",), False)])
def test_an_adapter_that_changes_nothing_is_an_error(adapters: tuple[str, ...], given_up: bool) -> None:
    async def run() -> None:
        gave_up: list[EmoreasonError] = []
        async with running(gave_up=gave_up, adapters=adapters) as (up, _):

            async def over() -> bool:
                return bool(gave_up) or await up.ready() is None

            await until(over)
        assert bool(gave_up) is given_up
        if gave_up:
            assert isinstance(gave_up[0], ConfigError)
            assert "'idle' changes nothing" in str(gave_up[0])

    asyncio.run(run())


def test_it_ends_with_all_that_it_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"

    async def run() -> int | None:
        async with running("--child", str(pid)) as (up, _):
            await until(lambda: is_ready(up))
            assert runs(int(pid.read_text()))
            return up.pid

    own = asyncio.run(run())
    assert not runs(own)
    _gone_soon(int(pid.read_text()))


def test_it_ends_when_we_are_killed(tmp_path: Path) -> None:
    pid, own = tmp_path / "pid", tmp_path / "own"
    script = tmp_path / "owner.py"
    script.write_text(
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from emoreason.serving.upstreams.vllm import VLLMUpstream\n"
        "from emoreason.serving.upstreams.vllm_command import Launch\n"
        "from emoreason.serving.watching.metrics import Metrics\n"
        "async def run():\n"
        f"    up = VLLMUpstream(Launch(command=({sys.executable!r}, {str(PRETENDED)!r}, 'serve', 'tiny', '--child', "
        f"{str(pid)!r}), model='tiny'), Metrics())\n"
        "    while await up.ready() is not None: await asyncio.sleep(.05)\n"
        f"    Path({str(own)!r}).write_text('ready')\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(run())\n"
    )
    owner = subprocess.Popen([sys.executable, str(script)])
    try:
        deadline = time.monotonic() + 60
        while not own.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        child = int(pid.read_text())
        parent = int(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1])
        assert runs(parent)
    finally:
        owner.kill()
        owner.wait()
    _gone_soon(parent)
    _gone_soon(child)


def _gone_soon(pid: int) -> None:
    deadline = time.monotonic() + 20
    while runs(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not runs(pid)
