"""Gathering: order of the pass, failures as gaps, plug-ins, side-car transcripts, deterministic order."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from media_files import moving, tone, write_video, write_wav

from emoreason.cues.extractor import Settings
from emoreason.cues.gather import DEFAULT, Gathered, gather_cues
from emoreason.cues.limits import Limits
from emoreason.errors import ConfigError, MediaError
from emoreason.records import Gap

PLUGINS = '''
from emoreason.cues.extractor import Extraction
from emoreason.errors import ModelFileError
from emoreason.records import Cue, Curve, Gap

LOG = []

class Recorder:
    """Writes down what it is told."""
    name, version, needs = "example.gaze", "1", frozenset({"frames", "audio"})
    def begin(self, job): LOG[:] = ["begin"]
    def hear(self, audio): LOG.append(f"hear {audio.duration_s:.1f}")
    def see(self, frame): LOG.append(f"see {frame.index}")
    def finish(self, job):
        LOG.append(f"finish {len(job.found.cues)}")
        ids = ["gaze.b.10", "gaze.b.2", "gaze.a.1"]
        return Extraction(
            tuple(Cue(id=id, modality="gaze", code="x", start_s=0.5) for id in ids)
            + (Cue(id="gaze.z", modality="gaze", code="x", start_s=0.1), Cue(id="gaze.w", modality="gaze", code="x")),
            (Gap(modality="gaze", reason="occluded", start_s=0.2, end_s=0.3),),
            (Curve(modality="gaze", code="log", times_s=(0.0,), values=(float(len(LOG)),)),),
        )

class Second(Recorder):
    def begin(self, job): pass
    def finish(self, job): return Extraction((Cue(id="gaze.a.1", modality="gaze", code="x"),))

class NotANumber(Recorder):
    def finish(self, job): return Extraction((Cue(id="n", modality="gaze", code="x", value=float("nan")),))

class WrongResult(Recorder):
    def finish(self, job): return ["a", "list"]

class NoModel(Recorder):
    def begin(self, job): raise ModelFileError("model eyes is missing; run: emoreason models fetch")

class NoPackage(Recorder):
    def begin(self, job): import a_package_that_does_not_exist

class Tired(Recorder):
    def see(self, frame):
        if frame.index == 2:
            raise RuntimeError("two lines\\nof trouble")

class Words(Recorder):
    needs = frozenset({"transcript"})
    def finish(self, job): return Extraction((Cue(id="t", modality="gaze", code="x", text=job.settings.transcript),))

class Dark(Recorder):
    needs = frozenset({"frames"})

class Deaf(Recorder):
    needs = frozenset({"audio"})

class Empty:
    pass
'''

BESIDE = """
import threading
from emoreason.cues.extractor import Extraction
from emoreason.records import Cue

EAR_DONE, EYE_SEES = threading.Event(), threading.Event()

class Ear:
    name, version, needs = "voice", "1", frozenset({"audio"})
    def begin(self, job): pass
    def hear(self, audio): pass
    def see(self, frame): pass
    def finish(self, job):
        text = "heard while the eye waited" if EYE_SEES.wait(30) else "heard alone"
        EAR_DONE.set()
        return Extraction((Cue(id="ear", modality="voice", code="x", text=text),))

class Eye(Ear):
    name, needs = "scene", frozenset({"frames"})
    def see(self, frame):
        EYE_SEES.set()
        if not EAR_DONE.wait(30):
            raise RuntimeError("nobody listens meanwhile")
    def finish(self, job): return Extraction((Cue(id="eye", modality="scene", code="x"),))

class LateEar(Ear):
    def finish(self, job):
        before = ", ".join(cue.id for cue in job.found.cues)
        return Extraction((Cue(id="late", modality="voice", code="x", text=f"after {before}"),))
"""


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    path = tmp_path / "plugins.py"
    path.write_text(PLUGINS)
    return path


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_video(tmp_path / "clip.mkv", moving(5), sound=tone(0.2))


def gather(clip: Path, plugins: Path, names: Sequence[str], settings: Settings | None = None) -> Gathered:
    return gather_cues(clip, extractors=[f"{plugins}:{name}" for name in names], settings=settings)


def only_gap(gathered: Gathered) -> Gap:
    (gap,) = gathered.cueset.gaps
    return gap


def test_one_pass_sound_first_then_frames(clip: Path, plugins: Path) -> None:
    gathered = gather(clip, plugins, ["Recorder"])
    module = next(module for name, module in sys.modules.items() if name.startswith("emoreason_plugin_plugins"))
    assert ["begin", "hear 0.2", *(f"see {k}" for k in range(5)), "finish 0"] == module.LOG
    assert set(gathered.seconds) == {"decode", "gaze"}


def test_order_is_by_start_then_id_with_numbers_as_numbers(clip: Path, plugins: Path) -> None:
    gathered = gather(clip, plugins, ["Recorder"])
    assert [cue.id for cue in gathered.cueset.cues] == ["gaze.w", "gaze.z", "gaze.a.1", "gaze.b.2", "gaze.b.10"]
    assert [gap.reason for gap in gathered.cueset.gaps] == ["occluded"]
    assert gathered.curves[0].code == "log"


@pytest.mark.parametrize(
    ("name", "reason", "detail"),
    [
        ("NoModel", "missing_model", "emoreason models fetch"),
        ("NoPackage", "missing_package", "pip install a_package_that_does_not_exist"),
        ("Tired", "extractor_failed", "RuntimeError: two lines"),
        ("NotANumber", "extractor_failed", "NaN"),
        ("WrongResult", "extractor_failed", "expected an Extraction"),
    ],
)
def test_a_failing_extractor_is_a_gap_and_the_others_go_on(
    clip: Path, plugins: Path, name: str, reason: str, detail: str
) -> None:
    gathered = gather(clip, plugins, [name, "Recorder"])
    assert len(gathered.cueset.cues) == 5
    gap = next(gap for gap in gathered.cueset.gaps if gap.reason == reason)
    assert gap.modality == "gaze"
    assert detail.lower() in (gap.detail or "").lower()
    assert "\n" not in (gap.detail or "")


def test_an_id_used_twice_is_refused(clip: Path, plugins: Path) -> None:
    gathered = gather(clip, plugins, ["Recorder", "Second"])
    assert len(gathered.cueset.cues) == 5
    assert any("'gaze.a.1' is used twice" in (gap.detail or "") for gap in gathered.cueset.gaps)


def test_names_that_are_wrong_end_the_run(clip: Path, plugins: Path) -> None:
    for name in ("fce", "no.such.module:Class", f"{plugins}:Missing", "nofile.py:Class", f"{plugins}:Empty"):
        with pytest.raises(ConfigError):
            gather_cues(clip, extractors=[name])


def test_a_plugin_whose_package_is_missing_is_a_gap(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "needy.py").write_text("import a_package_that_does_not_exist\nclass Needy: pass\n")
    gap = only_gap(gather_cues(clip, extractors=[f"{tmp_path / 'needy.py'}:Needy"]))
    assert gap.reason == "missing_package"


def test_tracks_that_are_not_there_are_gaps(tmp_path: Path, plugins: Path) -> None:
    silent_film = write_video(tmp_path / "a.mp4", moving(3))
    sound = write_wav(tmp_path / "a.wav", tone(0.2))
    assert only_gap(gather(silent_film, plugins, ["Deaf"])).reason == "no_audio_track"
    assert only_gap(gather(sound, plugins, ["Dark"])).reason == "no_video_track"
    found = gather_cues(sound, extractors=DEFAULT).cueset.gaps
    assert {("face", "no_video_track"), ("scene", "no_video_track")} <= {(gap.modality, gap.reason) for gap in found}
    found = gather_cues(silent_film, extractors=["speech", "voice"]).cueset.gaps
    assert {(gap.modality, gap.reason) for gap in found} == {("speech", "no_audio_track"), ("voice", "no_audio_track")}


@pytest.mark.parametrize("suffix", [".srt", ".vtt", ".txt"])
def test_a_transcript_beside_the_clip_is_taken(clip: Path, plugins: Path, suffix: str) -> None:
    clip.with_suffix(suffix).write_text("été", encoding="utf-16" if suffix == ".txt" else "utf-8")
    assert gather(clip, plugins, ["Words"]).cueset.cues[0].text == "été"
    given = gather(clip, plugins, ["Words"], Settings(transcript="given"))
    assert given.cueset.cues[0].text == "given"


def test_a_transcript_that_cannot_be_read_is_a_gap(clip: Path, plugins: Path) -> None:
    clip.with_suffix(".srt").write_bytes(b"\xff\x00\xfa" * 3)
    reasons = {(gap.modality, gap.reason): gap.detail for gap in gather(clip, plugins, ["Words"]).cueset.gaps}
    assert "not UTF-8" in (reasons["speech", "no_transcript"] or "")


def test_the_words_of_a_given_transcript_are_the_clips(clip: Path) -> None:
    subtitles = "1\n00:00:00,000 --> 00:00:00,100\nGood\n\n2\n00:00:00,100 --> 00:00:00,200\nmorning\n"
    gathered = gather_cues(clip, extractors=["speech"], settings=Settings(transcript=subtitles))
    assert gathered.cueset.clip.transcript == "Good morning"


def test_what_can_be_decoded_of_a_damaged_clip_is_explained_and_the_rest_is_a_gap(tmp_path: Path) -> None:
    whole = write_video(
        tmp_path / "a.mp4", moving(150), sound=tone(6.0), options={"movflags": "faststart"}
    ).read_bytes()
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(whole[: len(whole) // 2])
    gathered = gather_cues(broken, extractors=["scene"])
    assert any(cue.code == "brightness" for cue in gathered.cueset.cues)
    gap = next(gap for gap in gathered.cueset.gaps if gap.reason == "damaged")
    assert gap.modality == "scene"
    assert gap.start_s is not None
    assert gap.end_s == pytest.approx(6.0, abs=0.05)
    assert 0.5 < gap.start_s < 5.0


def test_one_broken_track_is_a_gap_while_the_other_can_be_read(tmp_path: Path, plugins: Path) -> None:
    good = write_video(tmp_path / "a.avi", moving(20), codec="mpeg4", sound=tone(0.8)).read_bytes()
    broken = tmp_path / "b.avi"
    broken.write_bytes(good.replace(b"FMP4", b"XXXX"))  # a codec nobody knows
    gathered = gather(broken, plugins, ["Deaf", "Dark"])
    assert gathered.cueset.clip.has_audio
    assert {gap.reason for gap in gathered.cueset.gaps} <= {"no_video_track", "damaged", "occluded"}
    with pytest.raises(MediaError):
        gather_cues(_cut(tmp_path, good, 400), extractors=DEFAULT)


def _cut(folder: Path, data: bytes, length: int) -> Path:
    path = folder / "cut.avi"
    path.write_bytes(data[:length])
    return path


def test_gathering_twice_gives_the_same(clip: Path) -> None:
    first, second = (gather_cues(clip, extractors=["speech", "scene"]) for _ in range(2))
    assert first.cueset == second.cueset
    assert first.curves == second.curves


def test_what_is_found_does_not_depend_on_the_threads(clip: Path, plugins: Path) -> None:
    names = ["speech", "voice", f"{plugins}:Words", "scene", f"{plugins}:Recorder"]
    settings = Settings(transcript="said")
    alone, several = (
        gather_cues(clip, extractors=names, settings=settings, limits=Limits(threads=threads)) for threads in (1, 4)
    )
    assert alone.cueset == several.cueset
    assert alone.curves == several.curves
    assert list(alone.seconds) != []
    assert {"speech", "voice", "scene"} <= set(several.seconds)


def test_sound_is_measured_while_the_pictures_are_seen(clip: Path, tmp_path: Path) -> None:
    """With a thread to spare; what follows a picture extractor waits for it."""
    path = tmp_path / "beside.py"
    path.write_text(BESIDE)
    names = [f"{path}:{name}" for name in ("Ear", "Eye", "LateEar")]
    found = gather_cues(clip, extractors=names, limits=Limits(threads=2)).cueset
    assert [cue.text for cue in found.cues if cue.id == "ear"] == ["heard while the eye waited"]
    assert [cue.text for cue in found.cues if cue.id == "late"] == ["after ear, eye"]
    assert found.gaps == ()


def test_extraction_in_process_reports_nothing_to_the_makers_of_its_runtime(clip: Path) -> None:
    """Onnxruntime 1.29 and later do, unless this is set before they are imported."""
    program = (
        "import os\nfrom emoreason.cues.gather import gather_cues\n"
        f"gather_cues({str(clip)!r}, extractors=['speech'])\nprint(os.environ['ORT_DISABLE_TELEMETRY'])\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
