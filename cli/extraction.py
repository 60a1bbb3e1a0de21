"""Options of cue extraction, and clips turned into cues with them."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ..errors import ConfigError, EmoreasonError, ModelFileError
from ..plugin import load_plugin
from .clips import find_clips
from .completion import complete_files, complete_folders, complete_names, extractors
from .inputs import Input, read_inputs
from .options import gathered_into
from .terminal import Meter, notice

if TYPE_CHECKING:
    from ..cues.extractor import Settings
    from ..cues.limits import Limits

#: Extractor -> the model files it loads.
_MODELS_OF: Final = {
    "speech": ("silero_vad",),
    "voice": ("silero_vad",),
    "face": ("face_detection_full_range", "face_landmark", "iris_landmark"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaOptions:
    """What the user asked of extraction."""

    transcript: str | None
    tier: tuple[str, ...]
    face_csv: str | None
    voice_csv: str | None
    speaker_baseline: str | None
    speaker_sex: str | None
    speech_language: str
    asr_model: str | None
    extractor: tuple[str, ...]
    fps: float | None
    max_duration: float | None
    max_size: int | None
    timeout: float | None
    memory: int | None
    jobs: int | None

    def settings(self) -> "Settings":
        """Build what the extractors are told."""
        from ..cues.extractor import Settings
        from ..cues.speech.annotation import is_annotation
        from ..cues.voice.levels import read_baseline

        annotated = self.transcript is not None and is_annotation(self.transcript)
        own = self.speaker_baseline is not None and self.voice_csv is None
        return Settings(
            transcript=_read_transcript(self.transcript) if self.transcript and not annotated else None,
            transcript_file=self.transcript if annotated else None,
            transcript_tiers=self.tier,
            face_csv=self.face_csv,
            voice_csv=self.voice_csv,
            voice_baseline=None if own else self.speaker_baseline,
            speaker_baseline=read_baseline(self.speaker_baseline) if own and self.speaker_baseline else None,
            speaker_sex=self.speaker_sex,
            language=self.speech_language,
            asr_model=self.asr_model,
        )

    def limits(self) -> "Limits":
        """Build the limits of one clip: the defaults, and what the user set."""
        from ..cues.limits import Limits

        stated = {
            "max_fps": self.fps,
            "max_duration_s": self.max_duration,
            "max_bytes": None if self.max_size is None else self.max_size << 20,
            "timeout_s": self.timeout,
            "memory_mb": self.memory,
        }
        return Limits(**{name: value for name, value in stated.items() if value is not None})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Selection:
    """What the arguments name: clips to extract cues from, arguments that failed, or files of cues."""

    clips: Sequence[str]
    failures: Sequence[tuple[str, EmoreasonError]]
    cue_files: Sequence[str] = ()

    @property
    def total(self) -> int:
        """Number of clips and of arguments that failed; lines of cues are not counted beforehand."""
        return len(self.clips) + len(self.failures)

    def inputs(self, media: MediaOptions, progress: Meter) -> Iterator[Input]:
        """Yield the inputs one by one, in order; a broken one carries its error."""
        for place, error in self.failures:
            yield Input(place, error)
        yield from read_inputs(self.cue_files)
        if self.clips:
            yield from _gather(self.clips, media, progress)


def select(clips: Sequence[str], cue_files: Sequence[str], media: MediaOptions) -> Selection:
    """Find what the arguments name.

    Raises
    ------
    click.UsageError
        Neither clips nor files of cues, or both.
    ConfigError
        One transcript for several clips.
    """
    if bool(clips) == bool(cue_files):
        raise click.UsageError("name at least one CLIP, or --cues FILE, and not both (--help shows examples)")
    check_extractors(media.extractor)
    found, failures = find_clips(clips)
    if media.transcript and len(found) > 1:
        raise ConfigError(
            f"--transcript {media.transcript} is for one clip, {len(found)} were given; "
            "put a .srt, .vtt or .txt file of the same name beside each clip instead"
        )
    _check_tables(media, found, bool(cue_files))
    return Selection(found, failures, cue_files)


def _check_tables(media: MediaOptions, clips: Sequence[str], with_cues: bool) -> None:
    """Refuse tables of other tools that no clip could be read with."""
    for option, name in (("--face-csv", media.face_csv), ("--voice-csv", media.voice_csv)):
        if name is None:
            continue
        if with_cues:
            raise ConfigError(f"{option} {name} goes with a CLIP, not with --cues")
        if not os.path.exists(name):
            raise ConfigError(f"{option} {name}: there is no such file or folder")
        for_many = os.path.isdir(name) or (option == "--voice-csv" and len(clips) > 1 and holds_several(name))
        if len(clips) > 1 and not for_many:
            raise ConfigError(
                f"{option} {name} is for one clip, {len(clips)} were given; name a folder with a table of the same "
                "name as each clip"
            )
        if same := _called_the_same(clips):
            raise ConfigError(
                f"{option} {name}: {' and '.join(same)} are called the same, so their tables cannot be told apart; "
                "run once per folder of clips, each with its own tables"
            )
    if media.tier and media.transcript is not None and not media.transcript.lower().endswith((".eaf", ".textgrid")):
        raise ConfigError(f"--tier is for .eaf and .TextGrid files, not for --transcript {media.transcript}")


def holds_several(table: str) -> bool:
    """Whether an openSMILE table has the rows of several recordings, as its Python package writes them of a folder."""
    from ..cues.imports.place import read_table
    from ..formats.opensmile import recordings

    return len(read_table(Path(table), recordings)) > 1


def _called_the_same(clips: Sequence[str]) -> tuple[str, str] | None:
    """Two clips in different folders that share a name (in one folder they are picture and sound of a recording)."""
    first: dict[str, str] = {}
    for clip in clips:
        other = first.setdefault(Path(clip).stem, clip)
        if Path(other).parent != Path(clip).parent:
            return other, clip
    return None


def check_extractors(names: Sequence[str]) -> None:
    """Refuse a name that no clip could be extracted with; plug-ins are loaded where they run."""
    if names:
        from ..cues.gather import EXTRACTORS

        unknown = [name for name in names if name not in EXTRACTORS and ":" not in name]
        if unknown:
            load_plugin(unknown[0], EXTRACTORS, "extractor")


def _gather(clips: Sequence[str], media: MediaOptions, progress: Meter) -> Iterator[Input]:
    """Extract cues clip by clip, each in a process of its own."""
    from ..cues.gather import DEFAULT, gather_many
    from ..cues.running import with_imports

    settings, limits, extractors = media.settings(), media.limits(), media.extractor or DEFAULT
    fetch_missing_models(with_imports(extractors, settings))
    results = gather_many(
        clips,
        settings=settings,
        extractors=extractors,
        limits=limits,
        jobs=media.jobs,
        progress=lambda clip, at_s: progress.reach(clip.id, at_s / clip.duration_s if clip.duration_s else 0.0),
    )
    for clip, result in zip(clips, results, strict=True):
        if isinstance(result, EmoreasonError):
            yield Input(clip, result)
        else:
            yield Input(clip, result.cueset, result.curves)


def models_of(extractors: Sequence[str]) -> set[str]:
    """Name the model files that the extractors load."""
    return {name for extractor in extractors for name in _MODELS_OF.get(extractor, ())}


def fetch_missing_models(extractors: Sequence[str]) -> None:
    """Fetch once, here, where it can be said: the extraction processes have no stderr and would each try."""
    from ..cues.models import fetch_models, is_offline, list_models

    wanted = models_of(extractors)
    missing = [state.model.name for state in list_models() if state.status != "ready" and state.model.name in wanted]
    if not missing or is_offline():
        return
    notice(f"fetching model files, once: {', '.join(missing)}")
    for name in missing:
        try:
            fetch_models([name])
        except ModelFileError as error:
            notice(f"going on without: {error}")
            os.environ["EMOREASON_OFFLINE"] = "1"  # trying again for every clip would only cost time
            return


_POSITIVE: Final = click.FloatRange(min=0, min_open=True)

_MEDIA_OPTIONS: Final = (
    click.option(
        "--transcript",
        metavar="FILE",
        shell_complete=complete_files,
        help="What is said in the clip: plain text, SRT, WebVTT, ELAN or TextGrid.",
    ),
    click.option(
        "--speaker-baseline",
        metavar="FILE",
        shell_complete=complete_files,
        help="The speaker's usual voice, from `cues --write-baseline`.",
    ),
    click.option(
        "--speaker-sex",
        type=click.Choice(["female", "male"]),
        help="Chooses the norm for the voice where there is no baseline; never inferred.",
    ),
    click.option("--speech-language", default="auto", show_default=True, metavar="CODE", help="For the asr extra."),
    click.option(
        "--asr-model",
        metavar="MODEL",
        shell_complete=complete_folders,
        help="Whisper weights for the asr extra: a folder or a name.",
    ),
    click.option(
        "--extractor",
        multiple=True,
        metavar="NAME",
        shell_complete=complete_names(extractors, or_files=True),
        help="Only these extractors: speech, voice, face, scene, package.module:Class or file.py:Class.",
    ),
    click.option("--fps", type=_POSITIVE, metavar="N", help="Frames analysed per second at most. [default: 30]"),
    click.option("--max-duration", type=_POSITIVE, metavar="SECONDS", help="Longest clip taken. [default: 3600]"),
    click.option("--max-size", type=click.IntRange(min=1), metavar="MIB", help="Largest file taken. [default: 4096]"),
    click.option(
        "--timeout", type=_POSITIVE, metavar="SECONDS", help="Given up after this. [default: 120 + 5 x length]"
    ),
    click.option("--memory", type=click.IntRange(min=1), metavar="MIB", help="Memory per clip. [default: 3072]"),
    click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Clips at a time. [default: the cores]"),
    click.option(
        "--tier",
        multiple=True,
        metavar="NAME",
        help="Tier of an .eaf or .TextGrid transcript (--transcript, or beside the clip) that holds the words.",
    ),
    click.option(
        "--face-csv",
        metavar="FILE|DIR",
        shell_complete=complete_files,
        help="Faces measured by OpenFace, py-feat or as blendshapes (JSON), instead of the face extractor; a DIR "
        "holds a table named after each clip.",
    ),
    click.option(
        "--voice-csv",
        metavar="FILE|DIR",
        shell_complete=complete_files,
        help="Voice measured by openSMILE (GeMAPS, eGeMAPS), instead of the voice extractor; --speaker-baseline is "
        "then an openSMILE table too.",
    ),
)

media_options = gathered_into(MediaOptions, "media", _MEDIA_OPTIONS)


def _read_transcript(name: str) -> str:
    from ..cues.sidecar import MAX_BYTES, decode_transcript

    try:
        with open(name, "rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ConfigError(f"--transcript {name}: larger than {MAX_BYTES >> 20} MiB")
        return decode_transcript(data)
    except OSError as error:
        raise ConfigError(f"--transcript {name}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"--transcript {name}: not UTF-8 (or UTF-16 with its mark) text; convert it first") from error
