"""Options of the engines: which one, which model, how it is asked. Each engine takes what it understands."""

import hashlib
import inspect
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import ConfigError
from .engine_flags import engine_flags
from .options import gathered_into

if TYPE_CHECKING:
    from ..reasoning.conversation import Manner
    from ..reasoning.engines import Engine

#: Option -> the keyword of an engine's class that it becomes.
_KEYWORDS: Final = {
    "weights": "weights",
    "model": "model",
    "url": "url",
    "api_key_file": "key_file",
    "adapter": "adapter",
    "accepts": "accepts",
    "concurrency": "concurrency",
    "request_timeout": "timeout_s",
    "retries": "retries",
    "device": "device",
}
#: Options of how a model is asked (``Manner`` and its ``Sampling``) -> the field.
_MANNER: Final = {
    "samples": "samples",
    "frames": "frames",
    "max_pixels": "frame_pixels",
    "frame_tokens": "frame_tokens",
    "sound": "sound",
    "budget": "budget_tokens",
    "enforce": "enforce",
}
_SAMPLING: Final = {"temperature": "temperature", "top_p": "top_p", "max_tokens": "max_tokens", "seed": "seed"}
#: What decides how fast answers come, not which; and the key, which stands nowhere.
_NOT_RECORDED: Final = frozenset(
    (
        *("url", "key_file", "concurrency", "timeout_s", "retries", "device"),
        *("gpu_memory_utilization", "tensor_parallel", "batch", "eager"),
    )
)
#: Arguments of plug-ins that are keys as well.
_SECRET: Final = re.compile(r"(?:^|_)(?:api_?key|key|token|secret|password|passwd|credentials?|auth)$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """What the user asked of the engine; None (or nothing) where it was not stated."""

    engine: str
    weights: str | None = None
    model: str | None = None
    url: str | None = None
    api_key_file: str | None = None
    adapter: str | None = None
    accepts: tuple[str, ...] | None = None
    samples: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    frames: int | None = None
    max_pixels: int | None = None
    frame_tokens: int | None = None
    sound: bool | None = None
    budget: int | None = None
    enforce: bool | None = None
    concurrency: int | None = None
    request_timeout: float | None = None
    retries: int | None = None
    device: str | None = None
    engine_arg: tuple[tuple[str, Any], ...] = ()

    @cached_property
    def keywords(self) -> dict[str, Any]:
        """Arguments of the engine's class.

        Raises
        ------
        ConfigError
            There is no such engine, or it cannot use one of the options.
        """
        taken = _taken_by(self.engine)
        found = {keyword: value for option, keyword in _KEYWORDS.items() if (value := self._stated(option)) is not None}
        if "weights" in taken and self.weights is None and (weights := os.environ.get("EMOREASON_WEIGHTS")):
            found["weights"] = weights
        for option, keyword in _KEYWORDS.items():
            if keyword in found and keyword not in taken:
                raise ConfigError(self._misplaced(option, keyword))
        if taken.needs_model and "model" not in found:
            raise ConfigError(f"the engine {self.engine} needs --model NAME|DIR")
        asked = next((option for option in (*_MANNER, *_SAMPLING) if self._stated(option) is not None), None)
        if "manner" in taken:
            found["manner"] = self.manner
        elif asked is not None:
            raise ConfigError(self._misplaced(asked, "manner"))
        return found | self._others(found, taken)

    def _others(self, found: Mapping[str, Any], taken: "_Taken") -> dict[str, Any]:
        """Return the arguments that were given by their own names."""
        for name, _ in self.engine_arg:
            if name in found or name in _OURS or name not in taken:
                raise ConfigError(f"--engine-arg {name}: the engine {self.engine} takes no such argument from here")
        return dict(self.engine_arg)

    @property
    def manner(self) -> "Manner":
        """How a model is to be asked: what was stated, and the defaults."""
        from ..reasoning.conversation import Manner, Sampling

        def stated(names: Mapping[str, str]) -> dict[str, Any]:
            return {field: value for name, field in names.items() if (value := self._stated(name)) is not None}

        return Manner(sampling=Sampling(**stated(_SAMPLING)), **stated(_MANNER))

    def check(self) -> None:
        """Refuse what the engine cannot use, without making it.

        Raises
        ------
        ConfigError
            As :attr:`keywords`.
        """
        _ = self.keywords

    def load(self) -> "Engine":
        """Make the engine.

        Raises
        ------
        ConfigError
            It cannot be made with these options.
        """
        from ..reasoning.engines import load_engine

        return load_engine(self.engine, **self.keywords)

    def needs_model(self, option: str) -> None:
        """Refuse an option that an engine without a language model can do nothing with.

        Raises
        ------
        ConfigError
            Names the engines that can.
        """
        if self.engine == "evidence":
            from ..reasoning.engines import ENGINES

            others = ", ".join(name for name in ENGINES if name != "evidence")
            raise ConfigError(f"{option} means nothing to the engine evidence; it is for {others}")

    def parameters(self) -> dict[str, Any]:
        """Return what decides the engine's answers, as JSON values for the journal of a batch; a key is never in it.

        A server's address stands only where no model is named: the same model may move to another machine.
        """
        from ..reasoning.conversation import Manner

        known: dict[str, Any] = {"engine": self.engine}
        for keyword, value in self.keywords.items():
            if keyword not in _NOT_RECORDED and not _SECRET.search(keyword):
                known[keyword] = asdict(value) if isinstance(value, Manner) else value
        if self.engine == "evidence":
            known.setdefault("weights", "fitted")
        if self.model is None and "url" in self.keywords:
            known["url"] = _without_secrets(str(self.keywords["url"]))
        file = Path(self.engine.rpartition(":")[0])
        if file.suffix == ".py" and file.is_file():
            known["engine.file"] = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        return known

    def _stated(self, option: str) -> Any:
        return getattr(self, option)

    def _misplaced(self, option: str, keyword: str) -> str:
        from ..reasoning.engines import ENGINES

        able = [name for name in ENGINES if keyword in _taken_by(name)]
        those = f"; it is for {', '.join(able)}" if able else ""
        return f"--{_spelling(option)} means nothing to the engine {self.engine}{those}"


def _without_secrets(url: str) -> str:
    """Return an address without what the engine will refuse in it: a name, a password, a query."""
    before, slashes, rest = url.partition("//")
    place = rest.partition("?")[0].partition("#")[0]
    host, slash, path = place.partition("/")
    return f"{before}{slashes}{host.rpartition('@')[2]}{slash}{path}"


def _spelling(option: str) -> str:
    return {"sound": "no-sound", "enforce": "no-enforce"}.get(option, option.replace("_", "-"))


@dataclass(frozen=True, slots=True)
class _Taken:
    """Keywords that an engine's class takes. What it passes on to a library unseen is none of those named here."""

    names: frozenset[str]
    any_other: bool
    needs_model: bool

    def __contains__(self, keyword: object) -> bool:
        return keyword in self.names or (self.any_other and keyword not in _OURS)


def _taken_by(name: str) -> _Taken:
    """Say which keywords an engine's class takes; its module is imported, nothing is made."""
    from ..plugin import load_plugin
    from ..reasoning.engines import ENGINES

    try:
        parameters = inspect.signature(load_plugin(name, ENGINES, "engine")).parameters
    except (TypeError, ValueError):  # written in C, or no class: making it will say so
        return _Taken(frozenset(), any_other=True, needs_model=False)
    any_other = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    model = parameters.get("model")
    return _Taken(frozenset(parameters), any_other, model is not None and model.default is model.empty)


_OURS: Final = frozenset((*_KEYWORDS.values(), "manner"))


engine_options = gathered_into(EngineOptions, "engine", tuple(engine_flags()))
