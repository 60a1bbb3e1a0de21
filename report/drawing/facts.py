"""Title, verdict and provenance of a page: short facts, each with its name."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Final

from ...cues.wording import gap_text
from ...records import Clip, CueSet, Explanation, Gap
from ..clip.illustration import Illustration
from ..template import clock
from .axis import span

#: Emotions named in the verdict: the first, and others with at least this share of its probability.
_RUNNER_UP: Final = 0.5
_MOST_NAMED: Final = 3
#: Below this the first of seven hardly differs from chance (1/7).
_STANDS_OUT: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """Name of the clip, the folder it came from, and what it consists of."""

    name: str
    folder: str
    facts: tuple[str, ...]


def title_of(clip: Clip) -> Title:
    """Name and make-up of a clip."""
    folder, slash, name = clip.id.replace("\\", "/").rstrip("/").rpartition("/")
    return Title(name=name or clip.id, folder=folder + slash, facts=tuple(_clip_facts(clip)))


def person_of(explanation: Explanation, cueset: CueSet) -> str | None:
    """Say whom the answer is about where several people are seen: the one whom its claims cite most."""
    subjects = {cue.id: cue.subject for cue in cueset.cues if cue.subject}
    cited = Counter(subjects[name] for claim in explanation.claims for name in claim.cue_ids if name in subjects)
    number = len(set(subjects.values()))
    return f"{cited.most_common(1)[0][0]}, one of {number} people" if cited and number > 1 else None


def _clip_facts(clip: Clip) -> Iterator[str]:
    if clip.duration_s:
        yield clock(clip.duration_s)
    if clip.has_video and clip.duration_s == 0:
        yield "picture"
    elif clip.has_video is not None or clip.has_audio is not None:
        tracks = [name for name, there in (("video", clip.has_video), ("sound", clip.has_audio)) if there]
        yield " and ".join(tracks) or "no tracks"
    if clip.fps:
        yield f"{clip.fps:.4g} frames/s"


def top_emotions(explanation: Explanation) -> list[tuple[str, float]]:
    """Most probable emotion and those of at least half its probability, strongest first; none near chance."""
    ranked = sorted(explanation.emotions, key=lambda emotion: -emotion.probability)
    if not ranked or ranked[0].probability < _STANDS_OUT:
        return []
    least = _RUNNER_UP * ranked[0].probability
    return [(emotion.label, emotion.probability) for emotion in ranked if emotion.probability >= least][:_MOST_NAMED]


def gaps_of(explanation: Explanation, cueset: CueSet) -> list[tuple[str, str]]:
    """List every gap once, as (what, why and when; how to mend it)."""
    gaps: dict[Gap, None] = dict.fromkeys((*cueset.gaps, *explanation.gaps))
    return [(_gap(gap), gap.detail or "") for gap in gaps]


def _gap(gap: Gap) -> str:
    what = gap_text(Gap(modality=gap.modality, reason=gap.reason, subject=gap.subject))
    when = span(gap.start_s, gap.end_s)
    return f"{what}, {when}" if when else what


def provenance_of(explanation: Explanation, cueset: CueSet, illustration: Illustration) -> list[tuple[str, str]]:
    """Where every part of the page comes from, as (name, value)."""
    sources = sorted({cue.source for cue in cueset.cues if cue.source})
    facts = [
        ("Clip", cueset.clip.id),
        ("SHA-256", cueset.clip.sha256 or "not known"),
        ("Engine", explanation.engine or "not known"),
        ("Model", explanation.model or ""),
        ("Prompt version", explanation.prompt_version or ""),
        ("Extractors", ", ".join(sources)),
        ("Faces", "blurred in pictures and video" if illustration.blurred else ""),
        ("Made with", f"emoreason {_version()}"),
    ]
    return [(name, value) for name, value in facts if value]


def _version() -> str:
    try:
        return metadata.version("emoreason")
    except metadata.PackageNotFoundError:  # run from a checkout that is not installed
        return "(not installed)"
