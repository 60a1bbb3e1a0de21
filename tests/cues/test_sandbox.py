"""The child process: crashes, full memory, time-outs and interruptions cost one clip and leave nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from media_files import moving, tone, write_video, write_wav

from emoreason.cues.extractor import Settings
from emoreason.cues.gather import Gathered, gather_cues, gather_in_child, gather_many
from emoreason.cues.gathered import from_wire, to_wire
from emoreason.cues.limits import Limits
from emoreason.cues.pool import Pool
from emoreason.errors import ConfigError, MediaError, RecordError
from emoreason.records import Clip, CueSet, Curve

THREADS = """
from emoreason.cues.extractor import Extraction
from emoreason.records import Cue

class Threads:
    name, version, needs = "voice", "1", frozenset({"audio"})
    def begin(self, job): self.threads = job.threads
    def hear(self, audio): pass
    def see(self, frame): pass
    def finish(self, job): return Extraction((Cue(id="n", modality="voice", code="n", value=self.threads),))
"""

PLUGIN = """
import ctypes, os, signal, sys, time
from emoreason.cues.extractor import Extraction
from emoreason.records import Cue, Curve

class Base:
    name, version, needs = "scene", "1", frozenset({"audio", "frames"})
    def begin(self, job): pass
    def hear(self, audio): pass
    def see(self, frame): pass
    def finish(self, job): return Extraction()

class Crash(Base):
    def begin(self, job):
        if "bad" in job.clip.id:
            ctypes.string_at(0)

class Abort(Base):
    def begin(self, job): os.abort()

class Leave(Base):
    def begin(self, job): os._exit(7)

class Killed(Base):
    def begin(self, job): os.kill(os.getpid(), signal.SIGKILL)

class Hang(Base):
    def begin(self, job):
        if "bad" in job.clip.id:
            (__import__("pathlib").Path(job.clip.id).with_suffix(".pid")).write_text(str(os.getpid()))
            time.sleep(600)

class Swallow(Base):
    def begin(self, job):
        self.eaten = []
        while True:
            self.eaten.append(bytearray(16 << 20))

class Chatty(Base):
    def begin(self, job):
        print("noise on stdout", flush=True)
        os.write(1, b"{}\\n" * 1000)
        print("noise on stderr", file=sys.stderr, flush=True)
    def finish(self, job):
        times = (0.0, 0.1, 0.2)
        return Extraction(
            (Cue(id="scene.note.1", modality="scene", code="note", text=os.environ.get("EMOREASON_TEST", "-")),),
            (), (Curve(modality="scene", code="note", times_s=times, values=(1 / 3, None, 2e-17)),))
"""


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "plugin.py"
    path.write_text(PLUGIN)
    return path


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "clip.wav", tone(0.3))


def outcome(clip: Path, plugin: Path, name: str, **limits: float) -> str:
    with pytest.raises(MediaError) as caught:
        gather_in_child(clip, extractors=[f"{plugin}:{name}"], limits=Limits(**limits))  # type: ignore[arg-type]
    message = str(caught.value)
    assert message.startswith(f"{clip}: ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("name", "reason"),
    [("Abort", "crashed (SIGABRT)"), ("Leave", "exit status 7"), ("Killed", "killed"), ("Swallow", "limit of 300 MiB")],
)
def test_the_end_of_the_child_is_one_clear_line(clip: Path, plugin: Path, name: str, reason: str) -> None:
    if name == "Swallow" and not sys.platform.startswith("linux"):
        pytest.skip("only Linux enforces RLIMIT_DATA")
    assert reason in outcome(clip, plugin, name, memory_mb=300 if name == "Swallow" else 3072)


def test_a_segmentation_fault_and_a_hang_cost_one_clip_each(tmp_path: Path, plugin: Path) -> None:
    clips = [write_wav(tmp_path / name, tone(0.2)) for name in ("a.wav", "bad.wav", "c.wav", "d.wav")]
    crashed = list(gather_many(clips, extractors=[f"{plugin}:Crash"], jobs=2))
    assert [isinstance(result, Gathered) for result in crashed] == [True, False, True, True]
    assert "crashed (SIGSEGV)" in str(crashed[1])
    hung = list(gather_many(clips, extractors=[f"{plugin}:Hang"], jobs=2, limits=Limits(timeout_s=5)))
    assert [isinstance(result, Gathered) for result in hung] == [True, False, True, True]
    assert "took longer than the limit of 5 s" in str(hung[1])
    assert is_gone(int((tmp_path / "bad.pid").read_text()))


def is_gone(pid: int, within_s: float = 20.0) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").exists() and ") Z " in Path(f"/proc/{pid}/stat").read_text():
            return True  # dead, and waiting for whoever adopted it
        time.sleep(0.05)
    return False


def test_noise_of_plugins_does_not_disturb_and_curves_come_through(
    clip: Path, plugin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for said in ("one", "two"):
        monkeypatch.setenv("EMOREASON_TEST", said)
        gathered = gather_in_child(clip, extractors=[f"{plugin}:Chatty"])
        assert [cue.text for cue in gathered.cueset.cues] == [said]
        assert gathered.curves[0].values == (1 / 3, None, 2e-17)
    assert gathered.cueset == gather_cues(clip, extractors=[f"{plugin}:Chatty"]).cueset


def test_many_clips_come_in_order_with_their_errors(tmp_path: Path) -> None:
    clips = [write_wav(tmp_path / f"{k}.wav", tone(0.1)) for k in range(7)]
    clips[3].write_bytes(b"nothing of the kind")
    results = list(gather_many((str(clip) for clip in clips), extractors=["speech"], jobs=3))
    assert [r.cueset.clip.id if isinstance(r, Gathered) else type(r).__name__ for r in results] == [
        str(clip) if k != 3 else "MediaError" for k, clip in enumerate(clips)
    ]
    assert list(gather_many([])) == []


def test_errors_of_the_user_end_the_run(clip: Path) -> None:
    with pytest.raises(ConfigError, match="no extractor is called 'fce'"):
        gather_in_child(clip, extractors=["fce"])
    with pytest.raises(ConfigError, match="fce"):
        list(gather_many([clip, clip], extractors=["fce"]))
    with pytest.raises(ConfigError, match="jobs"):
        gather_many([clip], jobs=0)


def test_settings_and_progress_cross_the_boundary(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "a.mp4", moving(10), sound=tone(0.4))
    settings = Settings(
        transcript="1\n00:00:00,000 --> 00:00:00,300\nhello\n", speaker_baseline={"f0_mean": (120.0, 9.0)}
    )
    told: list[tuple[str, float]] = []
    gathered = gather_in_child(
        clip,
        extractors=["speech", "scene"],
        settings=settings,
        progress=lambda clip, at_s: told.append((clip.id, at_s)),
    )
    assert "hello" in (gathered.cueset.clip.transcript or "")
    assert told[0] == (str(clip), 0.0)


def test_an_interrupted_run_leaves_no_process(tmp_path: Path, plugin: Path) -> None:
    write_wav(tmp_path / "bad.wav", tone(0.2))
    program = (
        "from emoreason.cues.gather import gather_many\n"
        f"list(gather_many([{str(tmp_path / 'bad.wav')!r}], extractors=[{f'{plugin}:Hang'!r}]))\n"
    )
    for ending in (signal.SIGINT, signal.SIGKILL):
        pid_file = tmp_path / "bad.pid"
        pid_file.unlink(missing_ok=True)
        parent = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while not (pid_file.exists() and pid_file.read_text()) and time.monotonic() < end:
            time.sleep(0.05)
        child = int(pid_file.read_text())
        parent.send_signal(ending)
        parent.wait(timeout=60)
        assert is_gone(child)


def test_clips_side_by_side_share_the_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = tmp_path / "threads.py"
    plugin.write_text(THREADS)
    monkeypatch.setattr("emoreason.cues.sandbox.core_count", lambda: 6)
    clip = write_wav(tmp_path / "a.wav", tone(0.2))

    def threads_of(n_clips: int, limits: Limits | None = None) -> list[float | None]:
        results = gather_many([clip] * n_clips, extractors=[f"{plugin}:Threads"], jobs=3, limits=limits)
        return [result.cueset.cues[0].value for result in results if isinstance(result, Gathered)]

    assert threads_of(1) == [6]
    assert threads_of(2, Limits(threads=1)) == [1, 1]
    many = threads_of(9)
    # The first may start before the others are known, the last when the others are done.
    assert len(many) == 9
    assert set(many) <= {2, 3, 6}
    assert many.count(2) >= 5


def test_a_worker_is_kept_and_one_left_in_mid_request_is_not() -> None:
    pool = Pool()
    with pool.borrowed() as first:
        assert first.ready
    with pool.borrowed() as second:
        assert second is first
        next(second.ask({"path": "x"}), None)
    with pool.borrowed() as third:
        assert third.ready
    pool.kill()
    assert not third.ready


def test_the_server_forks_from_one_thread_and_nothing_reports_home(clip: Path) -> None:
    tasks = """
import os, threading
from emoreason.cues.extractor import Extraction
from emoreason.records import Cue

class Look:
    name, version, needs = "scene", "1", frozenset()
    def begin(self, job): pass
    def finish(self, job):
        threads = len(os.listdir(f"/proc/{os.getppid()}/task")) if os.path.isdir("/proc/self/task") else 1
        cue = Cue(id="a", modality="scene", code="threads", value=threads, text=os.environ["ORT_DISABLE_TELEMETRY"])
        return Extraction((cue,))
    hear = see = begin
"""
    plugin = clip.with_name("look.py")
    plugin.write_text(tasks)
    (cue,) = gather_in_child(clip, extractors=[f"{plugin}:Look"]).cueset.cues
    assert (cue.value, cue.text) == (1, "1")


def test_the_wire_form_is_exact_json_and_is_checked() -> None:
    curves = tuple(
        Curve(modality="face", code=f"AU{n}", subject="face1", unit="0-5", times_s=(0.0, 1 / 3), values=(None, n / 7))
        for n in (1, 2)
    )
    gathered = Gathered(cueset=CueSet(clip=Clip(id="a")), curves=curves, seconds={"face": 0.5})
    wire = json.loads(json.dumps(to_wire(gathered), allow_nan=False))
    assert from_wire(wire) == gathered
    assert len(wire["axes"]) == 1
    for broken in ({}, {**wire, "axes": []}, {**wire, "curves": [{"code": 1}]}, {**wire, "cueset": {"clip": 3}}, None):
        with pytest.raises(RecordError):
            from_wire(broken)
