"""Batches: ``python bench/batch.py [--rounds N] [--only throughput,cores,memory,startup]``.

- throughput: ``emoreason batch`` against a bare asyncio client of the same vLLM server that has the prompts ready and
  keeps nothing; runs alternate. At least .95 of its rows per second (median). The model is the tests' tiny one that has
  learnt the contract, slowed down by idle layers to a few rows a second: server and client share the cores here, and
  with a model of no cost at all (``--idle-layers 0``) only the client's own work would be measured. What starts the
  command and what makes the tables at its end is not counted.
- cores: clips extracted with one job and with two;
- memory: resident memory of the batch over thousands of clips (a plug-in extractor makes the cues up, a plug-in engine
  the answers; everything between is real);
- startup: seconds from the start of the command to its first finished row with a manifest of 100,000 rows: under 5 s.

Ends with 1 when a bound does not hold.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "examples")]
EMOREASON = [sys.executable, "-m", "emoreason"]
CONCURRENCY = 16
MAX_TOKENS = 256

PLUGIN = '''
from emoreason.cues.extractor import Extraction
from emoreason.prompts.contract import write_answer
from emoreason.reasoning.engines.base import Reply
from emoreason.records import Cue

EMOTIONS = ("happiness", "sadness", "anger", "fear", "surprise", "disgust", "neutral")


class Cues:
    """Makes up as many cues as ten seconds of a face have."""

    name, version, needs = "simulated", "1", frozenset({"audio"})

    def begin(self, job): pass
    def hear(self, audio): pass
    def see(self, frame): pass

    def finish(self, job):
        return Extraction(cues=tuple(
            Cue(id=f"face1.AU12.{n}", modality="face", code="AU12", value=2.0, unit="0-5", subject="face1",
                start_s=0.1 * n, end_s=0.1 * n + 0.05, apex_s=0.1 * n, source="simulated/1") for n in range(1, 61)))


class Engine:
    """Answers at once."""

    name = model = "simulated"

    def answer(self, request):
        answer = {"labels": [{"label": "joyful", "cues": ["face1.AU12.1"]}],
                  "emotions": [{"label": e, "probability": 1.0 if e == "happiness" else 0.0} for e in EMOTIONS],
                  "valence": 0.5, "arousal": 0.2, "action_units": ["AU12"]}
        return Reply(text=write_answer("Lip corners rise [face1.AU12.1].", answer))
'''


def cue_rows(number: int) -> Iterator[dict[str, Any]]:
    """Cues of a clip, no two alike."""
    for n in range(number):
        cues = [
            {"id": f"face1.{unit}.1", "modality": "face", "code": unit, "value": 1 + (n + i) % 4, "unit": "0-5",
             "subject": "face1", "start_s": 0.01 * n + i, "end_s": 0.01 * n + i + 0.5, "apex_s": 0.01 * n + i + 0.2}
            for i, unit in enumerate(("AU1", "AU4", "AU6", "AU12", "AU25"))
        ]  # fmt: skip
        yield {"id": f"clip{n}", "cueset": {"clip": {"id": f"clip{n}", "duration_s": 10.0}, "cues": cues}}


def write_lines(path: Path, rows: Iterator[dict[str, Any]]) -> Path:
    """Write JSON lines."""
    with path.open("w") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return path


def batch(*arguments: object, **options: Any) -> "subprocess.Popen[str]":
    """Start the command."""
    command = [*EMOREASON, "batch", *map(str, arguments), "--purpose", "research", "--offline"]
    env = os.environ | {"OMP_NUM_THREADS": "1", "OPENAI_API_KEY": "none", "PYTHONWARNINGS": "ignore"}
    return subprocess.Popen(command, text=True, stdout=subprocess.DEVNULL, env=env, cwd=ROOT.parent, **options)


def seconds_of(*arguments: object) -> float:
    """How long the command takes; it must end well."""
    began = time.perf_counter()
    with batch(*arguments, stderr=subprocess.PIPE) as process:
        said = process.communicate()[1]
    if process.returncode != 0:
        raise SystemExit(f"the batch ended with {process.returncode}:\n{said[-2000:]}")
    return time.perf_counter() - began


@contextmanager
def server(folder: Path, idle_layers: int) -> Iterator[Any]:
    """Serve the tiny model that has learnt the contract (it is trained on the first call) with vLLM."""
    from contract_model import contract_model
    from vllm_server import serving

    model = contract_model()
    if idle_layers:
        model = deepened(model, folder / "deepened", idle_layers)
    with serving(model, log=folder / "server.log") as running:
        yield running


def deepened(checkpoint: Path, folder: Path, idle_layers: int) -> Path:
    """Add layers that cost time and change nothing: what they would add to the residual stream is zero."""
    from shutil import copytree

    from emoreason.torch_imports import import_heavy

    torch, transformers = import_heavy("torch"), import_heavy("transformers")
    copytree(checkpoint, folder)
    small = transformers.AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    config = transformers.AutoConfig.from_pretrained(checkpoint)
    learnt = config.num_hidden_layers
    config.num_hidden_layers += idle_layers
    if getattr(config, "layer_types", None):
        config.layer_types = [config.layer_types[0]] * config.num_hidden_layers
    large = transformers.AutoModelForCausalLM.from_config(config)
    large.load_state_dict(small.state_dict(), strict=False)
    with torch.no_grad():
        for layer in large.model.layers[learnt:]:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
    large.generation_config = small.generation_config
    large.float().save_pretrained(folder)
    return folder


async def bare(url: str, bodies: list[dict[str, Any]]) -> float:
    """Send ready-made requests, as many at a time as the batch; keep nothing. Seconds."""
    from openai import AsyncOpenAI

    room = asyncio.Semaphore(CONCURRENCY)
    client = AsyncOpenAI(base_url=url, api_key="none", max_retries=0, timeout=600)

    async def one(body: dict[str, Any]) -> None:
        async with room:
            await client.chat.completions.create(**body)

    began = time.perf_counter()
    await asyncio.gather(*map(one, bodies))
    await client.close()
    return time.perf_counter() - began


def recorded(url: str, manifest: Path, options: list[object], folder: Path) -> list[dict[str, Any]]:
    """Take down the requests of the batch with a proxy, so that both sides ask for exactly the same."""
    import threading
    import urllib.error
    import urllib.request
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    bodies: list[dict[str, Any]] = []

    class Proxy(BaseHTTPRequestHandler):
        def _pass_on(self, data: bytes | None) -> None:
            if data is not None and self.path.endswith("/chat/completions"):
                bodies.append(json.loads(data))
            request = urllib.request.Request(  # noqa: S310 - our own server
                url.removesuffix("/v1") + self.path, data, {"Content-Type": "application/json"}
            )
            try:
                with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310 - our own server
                    status, body = answer.status, answer.read()
            except urllib.error.HTTPError as error:
                status, body = error.code, error.read()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self._pass_on(self.rfile.read(int(self.headers["Content-Length"])))

        def do_GET(self) -> None:
            self._pass_on(None)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        seconds_of(
            manifest, "--out", folder / "recorded", "--url", f"http://127.0.0.1:{proxy.server_port}/v1", *options
        )
        proxy.shutdown()
    return [body for body in bodies if body.get("max_tokens", body.get("max_completion_tokens", 0)) > 1]


def as_client_arguments(body: dict[str, Any]) -> dict[str, Any]:
    """Give a recorded body as the client takes it: what OpenAI does not know goes into ``extra_body``."""
    known = {"model", "messages", "temperature", "top_p", "max_tokens", "max_completion_tokens", "seed", "n", "stop",
             "response_format"}  # fmt: skip
    extra = {name: value for name, value in body.items() if name not in known}
    return {name: value for name, value in body.items() if name in known} | {"extra_body": extra}


def throughput(rounds: int, rows: int, idle_layers: int) -> bool:
    """Compare rows per second with a bare client."""
    from contract_model import clips

    from emoreason.records.convert import to_json

    with tempfile.TemporaryDirectory() as name, server(Path(name), idle_layers) as running:
        folder = Path(name)
        drawn = ({"id": clip.cueset.clip.id, "cueset": to_json(clip.cueset)} for clip in clips(rows, seed=5))
        manifest = write_lines(folder / "rows.jsonl", drawn)
        options: list[object] = ["--engine", "openai", "--model", running.model, "--no-enforce",
                                 "--max-tokens", MAX_TOKENS, "--concurrency", CONCURRENCY]  # fmt: skip
        bodies = [as_client_arguments(body) for body in recorded(running.url, manifest, options, folder)]
        print(f"{rows} rows, {len(bodies)} requests, {CONCURRENCY} at a time")
        ratios, ours_s = [], []
        for n in range(rounds):
            # One side's prefix cache must not help the other: both have been asked before, in the recording.
            ours = seconds_between(folder / f"out{n}", manifest, "--url", running.url, *options)
            peer = asyncio.run(bare(running.url, bodies))
            ours_s.append(ours)
            ratios.append(peer / ours)
            print(f"round {n + 1}: batch {ours:.2f} s, bare client {peer:.2f} s, ratio {ratios[-1]:.3f}", flush=True)
    median = statistics.median(ratios)
    print(f"| throughput, batch : bare client | {median:.3f} ({min(ratios):.3f}-{max(ratios):.3f}) | at least 0.95 |")
    print(f"| rows per second | {rows / statistics.median(ours_s):.2f} |")
    return median >= 0.95


def seconds_between(out: Path, *arguments: object) -> float:
    """How long the rows take, without the start of the command and the tables at its end: it says so in its events."""
    with batch(*arguments, "--out", out, "--json", stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        began = ended = 0.0
        said = []
        for line in process.stderr:
            said.append(line)
            event = json.loads(line)["event"] if line.startswith("{") else ""
            began = time.perf_counter() if event == "start" else began
            ended = time.perf_counter() if event == "end" else ended
    if process.returncode != 0 or not began < ended:
        raise SystemExit(f"the batch ended with {process.returncode}:\n{''.join(said)[-2000:]}")
    return ended - began


def cores(rounds: int, clips: int) -> bool:
    """Compare two extraction jobs with one."""
    from shutil import copy

    ratios = []
    with tempfile.TemporaryDirectory() as name:
        media = Path(name, "media")
        media.mkdir()
        for n in range(clips):
            copy(ROOT / "examples" / "clip.mp4", media / f"{n}.mp4")
            with open(media / f"{n}.mp4", "ab") as file:  # another clip by its bytes: nothing may come from the cache
                file.write(b"\0\0\0\x0cfree" + n.to_bytes(4, "big"))
        for n in range(rounds):
            one, two = (
                seconds_of(media, "--out", Path(name, f"out{n}-{jobs}"), "--engine", "evidence", "--jobs", jobs)
                for jobs in (1, 2)
            )
            ratios.append(one / two)
            print(f"round {n + 1}: one job {one:.1f} s, two {two:.1f} s", flush=True)
    gain = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
    print(f"| extraction of {clips} clips, two jobs : one | {gain} |")
    return True


def _resident_mib(pid: int) -> float:
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024


def memory(clips: int) -> bool:
    """Watch the resident memory over many clips."""
    samples: list[tuple[int, float]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "simulated.py").write_text(PLUGIN)
        media = folder / "media"
        media.mkdir()
        for n in range(clips):
            _write_tone(media / f"{n:05}.wav", n)
        out = folder / "out"
        plugin = folder / "simulated.py"
        with batch(media, "--out", out, "--engine", f"{plugin}:Engine", "--extractor", f"{plugin}:Cues",
                   stderr=subprocess.DEVNULL) as process:  # fmt: skip
            began = time.perf_counter()
            while process.poll() is None:
                time.sleep(0.5)
                lines = out / "explanations.jsonl"
                if lines.exists():
                    try:
                        samples.append((lines.stat().st_size, _resident_mib(process.pid)))
                    except (OSError, StopIteration):
                        break
            process.wait()
            took = time.perf_counter() - began
        done = sum(1 for _ in (out / "explanations.jsonl").open())
    whole = samples[-1][0]
    early = statistics.median(mib for size, mib in samples if whole * 0.1 <= size < whole * 0.3)
    late = statistics.median(mib for size, mib in samples if size >= whole * 0.8)
    print(f"| resident memory over {done} clips ({took:.0f} s): at 10-30 % | at 80-100 % | most |")
    print(f"| {early:.0f} MiB | {late:.0f} MiB | {max(mib for _, mib in samples):.0f} MiB |")
    return done == clips and late <= early * 1.1


def startup(rounds: int, rows: int) -> bool:
    """Time the start with a long manifest: paths in a table, cues in JSON Lines."""
    held = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "simulated.py").write_text(PLUGIN)
        _write_tone(folder / "tone.wav", 0)
        table = folder / "paths.csv"
        table.write_text("id,path\n" + "".join(f"r{n},tone.wav\n" for n in range(rows)))
        bare_cues = (
            {"id": f"r{n}", "cueset": {"clip": {"id": f"r{n}"}, "cues": [{"code": "AU12"}]}} for n in range(rows)
        )
        for manifest in (table, write_lines(folder / "cues.jsonl", bare_cues)):
            times = [_until_first_row(manifest, folder, n) for n in range(rounds)]
            median = statistics.median(times)
            held = held and median < 5
            took = f"{median:.2f} s ({min(times):.2f}-{max(times):.2f})"
            print(f"| first row of {manifest.name}, {rows:,} rows | {took} | under 5 s |")
    return held


def _until_first_row(manifest: Path, folder: Path, number: int) -> float:
    out = folder / f"out-{manifest.stem}-{number}"
    plugin = folder / "simulated.py"
    began = time.perf_counter()
    process = batch(
        manifest,
        "--out",
        out,
        "--engine",
        f"{plugin}:Engine",
        "--extractor",
        f"{plugin}:Cues",
        stderr=subprocess.DEVNULL,
    )
    lines = out / "explanations.jsonl"
    try:
        while not (lines.exists() and lines.stat().st_size):
            if process.poll() is not None:
                raise SystemExit("the batch ended before its first row")
            time.sleep(0.01)
        return time.perf_counter() - began
    finally:
        process.kill()
        process.wait()


def _write_tone(path: Path, number: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(number.to_bytes(4, "big") * 100)


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=400, help="rows of a throughput run")
    parser.add_argument("--idle-layers", type=int, default=60, help="layers that only make the model slower")
    parser.add_argument("--clips", type=int, default=5000, help="clips of the memory run")
    parser.add_argument("--only", default="throughput,cores,memory,startup")
    options = parser.parse_args()
    parts = {
        "throughput": lambda: throughput(options.rounds, options.rows, options.idle_layers),
        "cores": lambda: cores(min(options.rounds, 3), 6),
        "memory": lambda: memory(options.clips),
        "startup": lambda: startup(min(options.rounds, 5), 100_000),
    }
    held = {name: parts[name]() for name in options.only.split(",")}
    print("; ".join(f"{name}: {'holds' if held[name] else 'DOES NOT HOLD'}" for name in held))
    return 0 if all(held.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
