"""Speech: when somebody speaks (voice activity) and what is said (transcript)."""

from .extractor import SpeechExtractor

__all__ = ["SpeechExtractor"]
