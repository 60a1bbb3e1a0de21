"""Presets: the ways of asking, each one template in ``templates/{language}/{name}.jinja``."""

from dataclasses import dataclass
from typing import Final

from ..errors import ConfigError


@dataclass(frozen=True, slots=True)
class Preset:
    """One way of asking.

    ``thinks``: the reply begins with a chain of thought. ``compounds``: it also ranks compound emotions.
    """

    name: str
    thinks: bool = True
    compounds: bool = False


PRESETS: Final[dict[str, Preset]] = {
    preset.name: preset
    for preset in (
        Preset("explain"),
        Preset("tree"),
        Preset("dialogue"),
        Preset("compound", compounds=True),
        Preset("direct", thinks=False),
    )
}


def preset_named(name: str) -> Preset:
    """Return the preset of that name. Raises ConfigError, naming those there are."""
    if name not in PRESETS:
        raise ConfigError(f"there is no prompt preset {name!r}; expected one of {', '.join(PRESETS)}")
    return PRESETS[name]
