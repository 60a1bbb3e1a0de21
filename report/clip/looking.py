"""The first look at a clip's pictures: its keyframes, who is on them, and what must be blurred."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from ...cues.container import StrPath
from ...cues.extractor import Frame
from ...cues.frames import read_frames
from ...cues.limits import Limits, core_count
from ...cues.seeking import LONG_S, FrameCollector, frames_at
from ...errors import ModelFileError
from ...records import Clip, CueSet
from .blur import HiddenAreas
from .faces import FaceWatch, Followed, Lookout, Portraitist, SeenFace
from .moments import moments_of

#: Source of cues whose people are numbered as :class:`~emoreason.report.clip.faces.FaceWatch` numbers them.
_OWN: Final = "emoreason.face"
#: What a lone face is called when its cues do not name it.
_LONE: Final = "face1"


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look at a clip gave.

    ``frames`` are the keyframes with their ``faces``; ``hidden`` and ``times_s`` (of all frames) are there when faces
    are to be blurred.
    """

    frames: tuple[Frame, ...]
    faces: tuple[tuple[SeenFace, ...], ...]
    notes: tuple[str, ...] = ()
    hidden: HiddenAreas | None = None
    times_s: tuple[float, ...] = ()


def look(path: StrPath, clip: Clip, cueset: CueSet, limits: Limits, *, blur: bool) -> Looked:
    """Go through a clip's pictures, as far as need be.

    Raises
    ------
    MediaError
        They cannot be read.
    ModelFileError, ImportError
        Faces are to be blurred and the models that find them are missing.
    """
    try:
        portraitist = Portraitist()
    except (ModelFileError, ImportError) as error:
        if blur:
            raise
        note = f"What moves in the faces is not drawn into the keyframes: {error}"
        frames = _Pass(path, clip, cueset, limits, follow=False, blur=False).frames
        return Looked(frames, ((),) * len(frames), (note,))
    names = _names(cueset)
    seen = _Pass(path, clip, cueset, limits, follow=blur or len(names) > 1, blur=blur)
    faces = [portraitist.faces(frame.image, seen.followed(frame)) for frame in seen.frames]
    if not seen.follows and max(map(len, faces), default=0) > 1:
        # More faces than the cues speak of: only following them tells which one it is.
        seen = _Pass(path, clip, cueset, limits, follow=True, blur=blur)
        faces = [portraitist.faces(frame.image, seen.followed(frame)) for frame in seen.frames]
    named, notes = _named(faces, names, cueset)
    return Looked(seen.frames, named, notes, seen.hidden, seen.times_s)


class _Pass:
    """One pass over the pictures."""

    def __init__(self, path: StrPath, clip: Clip, cueset: CueSet, limits: Limits, *, follow: bool, blur: bool) -> None:
        moments_s = moments_of(cueset, clip.duration_s or 0.0)
        self.follows = follow
        self.hidden: HiddenAreas | None = None
        self.times_s: tuple[float, ...] = ()
        self._followed: dict[int, list[Followed]] | None = None
        sought = None
        if not follow and (clip.duration_s or 0.0) > LONG_S:
            sought = frames_at(path, limits, moments_s)
        self.frames = self._read(path, clip, limits, moments_s, blur=blur) if sought is None else sought

    def _read(
        self, path: StrPath, clip: Clip, limits: Limits, moments_s: Sequence[float], *, blur: bool
    ) -> tuple[Frame, ...]:
        """Read from the start; to the end when faces are followed."""
        collector = FrameCollector(moments_s)
        watch = FaceWatch(clip, limits.threads or core_count()) if self.follows else None
        lookout = Lookout(watch) if watch is not None and blur else None
        picture = not clip.duration_s
        with closing(read_frames(path, limits)) as frames:
            for frame in frames:
                collector.see(frame)
                if watch is not None:
                    watch.see(frame)
                if lookout is not None:
                    lookout.see(frame, picture=picture)
                if watch is None and collector.is_done(frame.time_s):
                    break
        if lookout is not None:
            self.hidden, self.times_s = lookout.hidden(), tuple(lookout.times_s)
        if watch is not None:
            self._followed = watch.boxes()
        return tuple(collector.frames)

    def followed(self, frame: Frame) -> Sequence[Followed] | None:
        """Faces followed into that frame; None when none were followed at all."""
        return None if self._followed is None else self._followed.get(frame.index, ())


def _names(cueset: CueSet) -> list[str]:
    return sorted({cue.subject for cue in cueset.cues if cue.modality == "face" and cue.subject is not None})


def _named(
    faces: Sequence[Sequence[SeenFace]], names: Sequence[str], cueset: CueSet
) -> tuple[tuple[tuple[SeenFace, ...], ...], tuple[str, ...]]:
    """Faces with the subjects of the cues; where it cannot be known who is who, none, and a note."""
    if max(map(len, faces), default=0) <= 1 and len(names) <= 1:
        lone = names[0] if names else _LONE
        return tuple(tuple(SeenFace(lone, face.box, face.mesh) for face in some) for some in faces), ()
    sources = {cue.source or "" for cue in cueset.cues if cue.modality == "face"}
    if all(source.partition("/")[0] == _OWN for source in sources):
        return tuple(map(tuple, faces)), ()
    note = (
        "What moves in the faces is not drawn into the keyframes: several people are to be seen, and the cues, which "
        "another tool made, do not say where who is."
    )
    return ((),) * len(faces), (note,)
