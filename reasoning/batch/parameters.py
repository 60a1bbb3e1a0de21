"""What decides the results of a batch: rows made under other parameters must not end up in one file."""

import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from ... import __version__
from ...cues.extractor import Settings
from ...cues.running import EXTRACTORS, with_imports
from ...errors import ConfigError
from ...plugin import load_plugin
from ...prompts.version import PROMPT_VERSION
from .plan import Plan

#: Limits that change what is found in a clip that is taken; the others only decide whether it is taken.
_LIMITS: Final = ("max_fps", "long_side_px")
_SHOWN: Final = 80
_OURS: Final = f"{__name__.partition('.')[0]}."


def parameters_of(plan: Plan) -> dict[str, Any]:
    """Name -> JSON value of everything that decides a batch's results.

    What only decides how fast they come (jobs, caches, progress) is not in it; nor are time, memory and size limits,
    so that clips that failed on them can be tried again with more.
    """
    limits = asdict(plan.limits)
    own: dict[str, Any] = {
        "emoreason": ".".join(__version__.split(".")[:2]),
        "preset": plan.preset,
        "language": plan.language,
        "compounds": plan.compounds,
        "prompt_version": PROMPT_VERSION,
        "scorers": sorted(plan.scorers),
        "shard": None if plan.shard is None else str(plan.shard),
        **{f"extraction.{name}": limits[name] for name in _LIMITS},
        **{f"extraction.{name}": value for name, value in asdict(plan.settings).items() if value != _unset(name)},
        "extractors": list(plan.extractors),
        **{f"extractor.{name}": version for name, version in extractor_versions(plan).items()},
    }
    found: dict[str, Any] = json.loads(json.dumps({**own, **plan.parameters}, default=str))
    return found


def _unset(name: str) -> Any:
    return getattr(Settings(), name)


def extractor_versions(plan: Plan) -> dict[str, str]:
    """Extractor -> its version."""
    return {name: _version(name) for name in with_imports(plan.extractors, plan.settings)}


@cache
def _version(name: str) -> str:
    """Version of an extractor of ours; of a plug-in what can be told without running it here."""
    if name in EXTRACTORS or name.startswith(_OURS):
        return str(load_plugin(name, EXTRACTORS, "extractor").version)
    place = name.rpartition(":")[0]
    if place.endswith(".py") and Path(place).is_file():
        return sha256(Path(place).read_bytes()).hexdigest()[:12]
    for package in importlib.metadata.packages_distributions().get(place.partition(".")[0], ()):
        return importlib.metadata.version(package)
    return "unknown"


def refuse_others(was: Mapping[str, Any], now: Mapping[str, Any], out: Path) -> None:
    """Refuse to go on with a batch that was begun with other parameters.

    Raises
    ------
    ConfigError
        Lists what differs: ``name: was -> is``.

    Examples
    --------
    >>> refuse_others({"engine": "evidence"}, {"engine": "openai", "model": "m"}, Path("out"))
    Traceback (most recent call last):
    emoreason.errors.ConfigError: out was begun with other parameters: engine: evidence -> openai; model: (not set) -> \
m; name another --out, or use the old ones
    """
    names = sorted({*was, *now})
    changed = [
        f"{name}: {_said(was.get(name))} -> {_said(now.get(name))}" for name in names if was.get(name) != now.get(name)
    ]
    if changed:
        raise ConfigError(
            f"{out} was begun with other parameters: {'; '.join(changed)}; name another --out, or use the old ones"
        )


def _said(value: Any) -> str:
    if value is None:
        return "(not set)"
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def fingerprint(plan: Plan) -> dict[str, Any]:
    """Return what decides the cues of a clip, beside the clip itself and what is known of it."""
    limits = asdict(plan.limits)
    return {"limits": [limits[name] for name in _LIMITS], "extractors": list(extractor_versions(plan).items())}


def is_cacheable(settings: Settings) -> bool:
    """Whether a clip's cues follow from its content: tables of other tools, found by its name, are not looked into."""
    return not (settings.face_csv or settings.voice_csv or settings.voice_baseline or settings.transcript_file)
