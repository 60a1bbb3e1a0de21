"""Engines: one adapter per file, one Protocol."""

from typing import Final, cast

from ...errors import ConfigError
from ...plugin import load_plugin
from .base import Engine, Reply, Request

#: Engine name -> ``module:Class``. Imported only when asked for.
ENGINES: Final[dict[str, str]] = {
    "evidence": f"{__name__}.evidence:EvidenceEngine",
    "openai": f"{__name__}.openai:OpenAIEngine",
    "transformers": f"{__name__}.transformers:TransformersEngine",
    "vllm": f"{__name__}.vllm:VLLMEngine",
}

__all__ = ["ENGINES", "Engine", "Reply", "Request", "load_engine"]


def load_engine(name: str = "evidence", **options: object) -> Engine:
    """Engine by its name, or a plug-in as ``package.module:Class`` or ``file.py:Class``.

    ``options`` are passed to the class; a value of None means not stated and is left out.

    Raises
    ------
    ConfigError
        There is no such engine, or it does not take one of the options.
    """
    engine_class = load_plugin(name, ENGINES, "engine")
    stated = {key: value for key, value in options.items() if value is not None}
    try:
        engine = engine_class(**stated)
    except TypeError as error:
        raise ConfigError(f"engine {name!r} cannot be made with the options {stated}: {error}") from error
    if not callable(getattr(engine, "answer", None)):
        raise ConfigError(f"engine {name!r} has no method answer(request); see emoreason.reasoning.engines.base")
    return cast("Engine", engine)
