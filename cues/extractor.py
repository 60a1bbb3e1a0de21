"""What an extractor is: it declares what it needs, sees the media once, and says what it found and what it could not.

One clip is read in one pass with flat memory: the waveform first, then the frames in order of time.
Extractors run in the order of ``EXTRACTORS`` (``gather.py``); each may read what earlier ones found.
"""

from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from ..records import Clip, Cue, Curve, Gap

#: What an extractor can ask for.
Stream = Literal["frames", "audio", "transcript"]

#: All audio reaches extractors mono at this rate.
AUDIO_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture, upright, scaled down to the size limit.

    ``image`` is uint8 RGB of shape (height, width, 3); ``time_s`` is its presentation time from the clip's start.
    """

    index: int
    time_s: float
    image: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Audio:
    """The whole waveform: float32 of shape (n,), mono, finite, in [-1, 1], at ``rate_hz``."""

    samples: npt.NDArray[np.float32]
    rate_hz: int = AUDIO_RATE_HZ

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate_hz


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user asked of extraction (each extractor reads what concerns it).

    Attributes
    ----------
    transcript : str or None
        What is said: plain text, or the content of an SRT/WebVTT file.
    speaker_baseline : dict or None
        Voice measure -> (mean, standard deviation) of this speaker, from ``--speaker-baseline``.
    speaker_sex : str or None
        ``female`` or ``male`` when the user states it (never inferred); chooses the voice norm.
    language : str
        Language code of the transcript for speech recognition, ``auto`` by default.
    asr_model : str or None
        Whisper model directory or name for the ``asr`` extra.
    transcript_file : str or None
        An ELAN or TextGrid file to take what is said from, where ``transcript`` gives none.
    transcript_tiers : tuple of str
        Its tiers that hold the words, where they are not the only ones.
    face_csv, voice_csv : str or None
        Table of another tool (OpenFace, py-feat, blendshapes; openSMILE), or a folder with one named after each clip:
        taken instead of what the face or the voice extractor would measure.
    voice_baseline : str or None
        openSMILE table of the speaker's calm speech, which ``voice_csv`` is compared with.
    """

    transcript: str | None = None
    speaker_baseline: dict[str, tuple[float, float]] | None = None
    speaker_sex: str | None = None
    language: str = "auto"
    asr_model: str | None = None
    transcript_file: str | None = None
    transcript_tiers: tuple[str, ...] = ()
    face_csv: str | None = None
    voice_csv: str | None = None
    voice_baseline: str | None = None


@dataclass(frozen=True, slots=True)
class Extraction:
    """What extractors found: cues, gaps, and the curves the events were read from."""

    cues: tuple[Cue, ...] = ()
    gaps: tuple[Gap, ...] = ()
    curves: tuple[Curve, ...] = ()

    def __add__(self, other: "Extraction") -> "Extraction":
        """Join two extractions."""
        return Extraction(self.cues + other.cues, self.gaps + other.gaps, self.curves + other.curves)


@dataclass(slots=True)
class Job:
    """One clip being extracted: what is known of it, what was asked, what earlier extractors found.

    ``threads`` is how many an extractor may keep busy; what it finds must not depend on it.
    """

    clip: Clip
    settings: Settings = field(default_factory=Settings)
    found: Extraction = field(default_factory=Extraction)
    threads: int = 1


class Extractor(Protocol):
    """One plug-in. A class without constructor arguments; named ``package.module:Class`` on the command line."""

    name: str
    version: str
    needs: frozenset[Stream]

    def begin(self, job: Job) -> None:
        """Load models. Raises ModelFileError or ImportError when something is missing: that becomes a gap."""
        ...

    def hear(self, audio: Audio) -> None:
        """Take the waveform; called once, before any frame, if ``audio`` is needed and the clip has some."""
        ...

    def see(self, frame: Frame) -> None:
        """Take the next frame, in order of time, if ``frames`` are needed and the clip has some."""
        ...

    def finish(self, job: Job) -> Extraction:
        """Say what was found; ``job.found`` holds what earlier extractors found."""
        ...
