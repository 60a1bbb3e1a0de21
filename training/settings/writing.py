"""Settings -> the TOML that reads back equal: what a run leaves beside its adapter."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from ...errors import ConfigError
from . import RewardSettings, Settings, StopSettings, TermSettings
from .trainer_keys import known_keys
from .typed import NONE, SECTIONS

#: Keys that do not change what a step learns: a run may go on when they differ.
_FREE = frozenset(
    {
        "about",
        "output.folder",
        "output.merge",
        "output.report",
        "output.evaluate",
        "stop.format",  # a run that stopped early may go on under other limits
        "stop.length_growth",
        "stop.reward_std",
        "stop.window",
        "trainer.dataloader_num_workers",
        "trainer.dataloader_pin_memory",
        "trainer.dataloader_prefetch_factor",
        "trainer.dataloader_persistent_workers",
        "trainer.disable_tqdm",
        "trainer.hub_model_id",
        "trainer.hub_private_repo",
        "trainer.hub_strategy",
        "trainer.log_completions",
        "trainer.log_level",
        "trainer.log_unique_prompts",
        "trainer.logging_first_step",
        "trainer.logging_steps",
        "trainer.logging_strategy",
        "trainer.num_completions_to_print",
        "trainer.project",
        "trainer.push_to_hub",
        "trainer.report_to",
        "trainer.run_name",
        "trainer.save_steps",
        "trainer.save_strategy",
        "trainer.save_total_limit",
    }
)


def write_settings(settings: Settings) -> str:
    """TOML of the settings, every key of every section.

    Raises
    ------
    ConfigError
        A value of ``trainer`` has no form in TOML.

    Examples
    --------
    >>> from emoreason.training.settings.typed import settings_from
    >>> values = {"model": {"name": "m"}, "data": {"train": ["rows.jsonl"]}, "output": {"folder": "out"}}
    >>> print(write_settings(settings_from(values, "sft")).partition("[data]")[0])
    method = "sft"
    about = ""
    <BLANKLINE>
    [model]
    name = "m"
    revision = "none"
    adapter = "none"
    device = "auto"
    dtype = "auto"
    quantisation = "none"
    attention = "none"
    <BLANKLINE>
    [lora]
    rank = 16
    alpha = 32
    dropout = 0.05
    targets = "all-linear"
    vision = false
    rslora = false
    dora = false
    <BLANKLINE>
    <BLANKLINE>
    """
    lines = [f"method = {_text(settings.method)}", f"about = {_text(settings.about)}"]
    for name in SECTIONS:
        if settings.method == "sft" and getattr(settings, name) in (RewardSettings(), StopSettings()):
            continue  # they say nothing about it
        lines += ["", f"[{name}]", *_section(getattr(settings, name), name)]
    lines += ["", "[trainer]"]
    lines += [f"{_key(key)} = {_value(value, f'trainer.{key}')}" for key, value in settings.trainer.items()]
    return "\n".join(lines) + "\n"


def changed_keys(before: Settings, now: Settings) -> tuple[str, ...]:
    """Keys that differ and change what is learnt; with any of them a run cannot go on from its checkpoints.

    More steps or epochs are no obstacle in themselves, but the schedule of the learning rate depends on them, so they
    count. Where it writes, how it logs, what it reports and when it stops early do not.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from emoreason.training.settings.typed import settings_from
    >>> values = {"model": {"name": "m"}, "data": {"train": ["rows.jsonl"]}, "output": {"folder": "out"}}
    >>> one = settings_from(values, "sft")
    >>> changed_keys(one, replace(one, trainer={"learning_rate": 1e-5, "report_to": "wandb"}))
    ('trainer.learning_rate',)
    """
    old, new = _flat(before), _flat(now)
    names = dict.fromkeys([*old, *new])
    missing = object()
    return tuple(name for name in names if name not in _FREE and old.get(name, missing) != new.get(name, missing))


def _flat(settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = {"method": settings.method, "about": settings.about}
    for name in SECTIONS:
        section = getattr(settings, name)
        found |= {f"{name}.{field.name}": getattr(section, field.name) for field in fields(section)}
    return found | {f"trainer.{key}": value for key, value in settings.trainer.items()}


def _section(section: Any, name: str) -> list[str]:
    lines = []
    for field in fields(section):
        value = getattr(section, field.name)
        if value and field.name == "terms":
            told = ",\n".join(f"  {_term(term)}" for term in value)
            lines.append(f"terms = [\n{told},\n]")
        else:
            lines.append(f"{field.name} = {_value(value, f'{name}.{field.name}')}")
    return lines


def _term(term: TermSettings) -> str:
    return _value({field.name: getattr(term, field.name) for field in fields(term)}, "rewards.terms")


def _value(value: Any, where: str) -> str:
    if value is None:
        if where.startswith("trainer.") and "NoneType" not in _kinds(where):
            raise ConfigError(f"{where} has no value, and TOML has none for that; leave it out")
        return _text(NONE)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        pairs = (f"{_key(str(key))} = {_value(one, f'{where}.{key}')}" for key, one in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    if isinstance(value, Sequence):
        return f"[{', '.join(_value(one, where) for one in value)}]"
    raise ConfigError(f"{where} is a {type(value).__name__}; expected text, a number, true, false, a list or a table")


def _kinds(where: str) -> list[str]:
    key = where.removeprefix("trainer.")
    kinds: dict[str, list[str]] = known_keys("sft") | known_keys("grpo")
    return kinds.get(key, [] if "." in key else ["NoneType"])


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else _text(key)


def _text(text: str) -> str:
    """Write a basic string: JSON's escapes are TOML's, but for DEL; half a surrogate pair has no form in either."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(f"{text!r} is no valid text: it holds half a surrogate pair") from error
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
