"""One extractor at work on one clip: whatever goes wrong in it becomes the gap of its modality."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from ..errors import ConfigError, ModelFileError
from ..plugin import load_plugin
from ..records import CueSet, Gap
from ..records.convert import check, to_json
from ..records.labels import MODALITIES, GapReason, Modality
from .container import one_line
from .extractor import Audio, Extraction, Extractor, Frame, Job, Settings, Stream
from .imports.place import ImportedFileError

T = TypeVar("T")

#: Extractor name -> ``module:Class``, in the order in which they run.
EXTRACTORS: Final[dict[str, str]] = {
    name: f"{__package__}.{name}:{name.capitalize()}Extractor" for name in ("speech", "voice", "face", "scene")
}
#: Extractor -> (the setting that names another tool's table, what then takes the extractor's place).
_IMPORTERS: Final = {
    "face": ("face_csv", f"{__package__}.imports.face:FaceImporter"),
    "voice": ("voice_csv", f"{__package__}.imports.voice:VoiceImporter"),
}
#: Modules whose package has another name.
_PACKAGES: Final = {"cv2": "opencv-python-headless", "av": "av", "ai_edge_litert": "ai-edge-litert"}


def start(name: str) -> "Running":
    """Load an extractor by its name.

    Raises
    ------
    ConfigError
        There is no such extractor or plug-in, or it is no extractor. A package that it needs and that is missing is
        a gap instead.
    """
    try:
        extractor = load_plugin(name, EXTRACTORS, "extractor")()
    except ConfigError as error:
        cause = error.__cause__
        if not isinstance(cause, ImportError) or not _is_dependency(name, cause):
            raise
        return Running(name, None, _gap(name, cause))
    except Exception as error:  # whatever the constructor of a plug-in raises
        return Running(name, None, _gap(name, error))
    if not all(hasattr(extractor, part) for part in ("name", "version", "needs", "begin", "hear", "see", "finish")):
        raise ConfigError(f"extractor {name!r} is no extractor; see the Protocol in emoreason.cues.extractor")
    return Running(name, extractor, None)


def with_imports(names: Sequence[str], settings: Settings) -> list[str]:
    """Names of extractors, where tables of other tools are given those that read them."""
    return [
        _IMPORTERS[name][1] if name in _IMPORTERS and getattr(settings, _IMPORTERS[name][0]) is not None else name
        for name in names
    ]


def _is_dependency(name: str, error: ImportError) -> bool:
    """Whether the module that is missing is something the plug-in needs, not the plug-in itself."""
    module = name.rpartition(":")[0]
    return name in EXTRACTORS or not f"{module}.".startswith(f"{error.name}.")


class Running:
    """An extractor and what became of it; after a failure it is asked nothing more."""

    def __init__(self, name: str, extractor: Extractor | None, gap: Gap | None) -> None:
        self.short_name = _short(name, extractor)
        self.modality = _modality(self.short_name)
        self.needs: frozenset[Stream] = frozenset() if extractor is None else extractor.needs
        self.gap = gap
        self.seconds = 0.0
        self._extractor = extractor

    def begin(self, job: Job) -> None:
        """Load models."""
        self._try(lambda extractor: extractor.begin(job))

    def hear(self, audio: Audio) -> None:
        """Hand over the waveform."""
        self._try(lambda extractor: extractor.hear(audio))

    def see(self, frame: Frame) -> None:
        """Hand over the next frame."""
        self._try(lambda extractor: extractor.see(frame))

    def finish(self, job: Job) -> Extraction:
        """Collect what it found; nothing when it failed or when what it says is no valid extraction."""
        used = {cue.id for cue in job.found.cues}
        return self._try(lambda extractor: _checked(extractor.finish(job), job, used)) or Extraction()

    def _try(self, step: Callable[[Extractor], T]) -> T | None:
        if self._extractor is None or self.gap is not None:
            return None
        began = time.perf_counter()
        try:
            return step(self._extractor)
        except (MemoryError, ImportedFileError):
            # The process is at its limit: no extractor after this one would fare better. Or a file that the user
            # named cannot be used: going on without it would answer another question.
            raise
        except Exception as error:  # an extractor may be anyone's: its failure is a gap, never the end of the clip
            self.gap = _gap(self.short_name, error)
            return None
        finally:
            self.seconds += time.perf_counter() - began


def _checked(extraction: Any, job: Job, used: set[str]) -> Extraction:
    """Refuse what would break the records: ids that are used twice, values that are no numbers."""
    if not isinstance(extraction, Extraction):
        raise TypeError(f"finish() returned {type(extraction).__name__}, expected an Extraction")
    for cue in extraction.cues:
        if cue.id in used:
            raise ValueError(f"cue id {cue.id!r} is used twice")
        used.add(cue.id)
    value = to_json(CueSet(clip=job.clip, cues=extraction.cues, gaps=extraction.gaps))
    check(value, "cueset")
    try:
        json.dumps(value, allow_nan=False)  # the schema lets NaN pass as a number; JSON does not
    except ValueError as error:
        raise ValueError("a cue or gap holds NaN or infinity; leave out what is not known") from error
    return extraction


def _short(name: str, extractor: Extractor | None) -> str:
    stated = str(extractor.name) if extractor is not None else name.rpartition(":")[2]
    return stated.rpartition(".")[2]


def _modality(short_name: str) -> Modality:
    """Modality that a failed extractor leaves silent; plug-ins of another name describe the scene."""
    return short_name if short_name in MODALITIES else "scene"


def _gap(name: str, error: BaseException) -> Gap:
    reason: GapReason = "extractor_failed"
    detail = f"{name}: {type(error).__name__}: {error}"
    if isinstance(error, ModelFileError):
        reason, detail = "missing_model", str(error)
    elif isinstance(error, ImportError):
        missing = (error.name or "").partition(".")[0]
        reason = "missing_package"
        detail = f"{name}: {error}; run: pip install {_PACKAGES.get(missing, missing or 'the package')}"
    return Gap(modality=_modality(_short(name, None)), reason=reason, detail=one_line(detail))
