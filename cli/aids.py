"""What helps a model beside the cues: its own description of the scene, and labelled examples."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ..errors import ConfigError, RecordError
from .completion import complete_files
from .engine_options import EngineOptions
from .options import gathered_into

if TYPE_CHECKING:
    from ..cues.limits import Limits
    from ..reasoning.demonstrations import Demonstration
    from ..reasoning.engines import Engine
    from ..records import CueSet

#: Examples shown when their number is not stated.
_SHOTS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AidOptions:
    """What the user asked of the aids."""

    describe_scene: bool
    demonstrations: str | None
    shots: int | None

    def load(
        self, engine: "SharedEngine", *, language: str = "en", limits: "Limits | None" = None, cache: Path | None = None
    ) -> "Aids":
        """Get ready what was asked for.

        Parameters
        ----------
        engine : SharedEngine
            Its model describes scenes.
        language, limits
            Of descriptions, and of reading the pictures for them.
        cache : Path, optional
            Folder where descriptions are kept.

        Raises
        ------
        ConfigError
            The engine has no model for it, or the examples cannot be read.
        """
        aids = Aids()
        if self.describe_scene:
            engine.options.needs_model("--describe-scene")
            aids.describe = _Describing(engine, language, limits, cache)
            aids.parameters["describe_scene"] = True
        if self.shots is not None and self.demonstrations is None:
            raise ConfigError("--shots is about --demonstrations FILE: name it")
        if self.demonstrations is not None:
            engine.options.needs_model("--demonstrations")
            shots = _SHOTS if self.shots is None else self.shots
            aids.demonstrate = chosen = _Demonstrating(self.demonstrations, shots, language)
            aids.parameters |= {
                "demonstrations": _digest(self.demonstrations),
                "demonstrations.similar_by": chosen.index.embedder,
                "shots": shots,
            }
        return aids


@dataclass(slots=True)
class Aids:
    """What is done with the cues of a clip before they are explained; ``parameters`` stand in a batch's journal."""

    describe: "Callable[[CueSet], CueSet] | None" = None
    demonstrate: "Callable[[CueSet], tuple[Demonstration, ...]] | None" = None
    parameters: dict[str, Any] = field(default_factory=dict)


class SharedEngine:
    """One engine that is made when it is first needed: a model in this process is not loaded twice."""

    def __init__(self, options: EngineOptions) -> None:
        self.options = options
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    def __call__(self) -> "Engine":
        """Return the engine."""
        with self._lock:
            if self._engine is None:
                self._engine = self.options.load()
            return self._engine

    def __reduce__(self) -> "tuple[type[SharedEngine], tuple[EngineOptions]]":
        return SharedEngine, (self.options,)  # in another process it is made there


class _Describing:
    """Adds to the cues of a clip what the engine's own model sees in its keyframes."""

    def __init__(self, engine: SharedEngine, language: str, limits: "Limits | None", cache: Path | None) -> None:
        self._engine, self._language, self._limits, self._cache = engine, language, limits, cache

    def __call__(self, cueset: "CueSet") -> "CueSet":
        from ..reasoning.engines.base import LanguageModel
        from ..reasoning.scene import SceneCache, describe_scene

        model = self._engine()
        if not isinstance(model, LanguageModel):
            raise ConfigError(f"--describe-scene: the engine {model.name} has no model that could be asked")
        cache = None if self._cache is None else SceneCache(self._cache)
        return describe_scene(cueset, model, language=self._language, cache=cache, limits=self._limits)


class _Demonstrating:
    """Chooses the examples most like a clip."""

    def __init__(self, file: str, shots: int, language: str) -> None:
        from ..reasoning.demonstrations import DemonstrationIndex

        self._made_of = (file, shots, language)
        self._shots = shots
        try:
            self.index = DemonstrationIndex.read(file, language=language)
        except RecordError as error:
            raise ConfigError(f"--demonstrations: {error}") from error

    def __call__(self, cueset: "CueSet") -> "tuple[Demonstration, ...]":
        return self.index.similar(cueset, self._shots)

    def __reduce__(self) -> "tuple[type[_Demonstrating], tuple[str, int, str]]":
        return _Demonstrating, self._made_of


def _digest(name: str) -> str:
    try:
        with open(name, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise ConfigError(f"--demonstrations {name}: cannot be read: {error.strerror or error}") from error


_AID_OPTIONS: Final = (
    click.option(
        "--describe-scene",
        is_flag=True,
        help="Have the model first describe the scene: people, posture, gesture, place, objects.",
    ),
    click.option(
        "--demonstrations",
        metavar="FILE",
        shell_complete=complete_files,
        help="Labelled examples (JSON Lines); those most like a clip are shown to the model, never the clip itself.",
    ),
    click.option(
        "--shots", type=click.IntRange(min=1), metavar="K", help=f"Examples shown for each clip. [default: {_SHOTS}]"
    ),
)

aid_options = gathered_into(AidOptions, "aids", _AID_OPTIONS)
