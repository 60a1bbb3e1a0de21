"""What a run is told: a TOML file, keys on the command line, and the other way round."""

from .sections import (
    DataSettings,
    LoraSettings,
    Method,
    ModelSettings,
    OutputSettings,
    RewardSettings,
    Settings,
    StopSettings,
    TermSettings,
)

__all__ = [
    "DataSettings",
    "LoraSettings",
    "Method",
    "ModelSettings",
    "OutputSettings",
    "RewardSettings",
    "Settings",
    "StopSettings",
    "TermSettings",
]
