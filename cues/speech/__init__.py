"""Speech: when somebody speaks (voice activity) and what is said (transcript)."""

import os

# onnxruntime 1.29 and later report sessions to their maker unless this is set before they are imported. What runs
# over other people's voices must not; a user who wants it can set the variable to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

from .extractor import SpeechExtractor

__all__ = ["SpeechExtractor"]
