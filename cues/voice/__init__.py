"""Voice: how it sounds. F0, loudness, rate, pauses, voice quality and spectral balance of the speech in a clip.

Permissive libraries only (numpy, scipy). ``docs/voice.md`` compares the measures with Praat and openSMILE.
"""

from .extractor import VoiceExtractor
from .levels import measure_baseline, read_baseline, write_baseline
from .measures import MEASURES

__all__ = ["MEASURES", "VoiceExtractor", "measure_baseline", "read_baseline", "write_baseline"]
