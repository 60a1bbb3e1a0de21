"""Run the face extractor on an animated scene and compare what it says with what was done.

Scenes go to the extractor frame by frame, as the decoder would hand them over; with ``bit_rate`` they go through an
H.264 file first.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from face_animation.media import write_video
from face_animation.scene import Pulse, Scene

from emoreason.cues.extractor import Extraction, Frame, Job
from emoreason.records import Clip, Cue, Gap

Floats = npt.NDArray[np.float64]

#: The bounds of the acceptance list: seconds, and a correlation.
CORRELATION = 0.93
HALF_RISE_S = {"AU1": 0.15, "AU2": 0.15}


def apex_bound_s(fps: float) -> float:
    return 0.10 if fps >= 25 else 0.15


def half_rise_bound_s(action_unit: str) -> float:
    return HALF_RISE_S.get(action_unit, 0.10)


def require_face_models() -> None:
    """Skip, saying how to mend it, where the face models are not on the machine and cannot be fetched."""
    from emoreason.cues.models import model_path
    from emoreason.errors import ModelFileError

    try:
        for name in ("face_detection_full_range", "face_landmark", "iris_landmark"):
            model_path(name)
    except ModelFileError as error:
        pytest.skip(f"{error} (emoreason models fetch)")


@lru_cache(maxsize=64)
def watch(
    scene: Scene,
    bit_rate: int | None = None,
    speech_s: tuple[float, float] | None = None,
    max_fps: float = 30.0,
    threads: int = 1,
) -> Extraction:
    """What the face extractor finds in a scene; ``speech_s`` is where earlier extractors heard someone talk."""
    from emoreason.cues.face import FaceExtractor
    from emoreason.cues.frames import thinned

    said = ()
    if speech_s:
        said = (Cue(id="speech.segment.1", modality="speech", code="segment", start_s=speech_s[0], end_s=speech_s[1]),)
    clip = Clip(id="scene", duration_s=scene.duration_s, fps=scene.fps, has_video=True, has_audio=bool(said))
    job = Job(clip, found=Extraction(cues=said), threads=threads)
    extractor = FaceExtractor()
    extractor.begin(job)
    timed = zip(scene.times_s.tolist(), _pictures(scene, bit_rate), strict=True)
    for index, (time_s, image) in enumerate(thinned(timed, max_fps)):
        extractor.see(Frame(index, float(time_s), image))
    return extractor.finish(job)


def _pictures(scene: Scene, bit_rate: int | None) -> Iterator[npt.NDArray[np.uint8]]:
    if bit_rate is None:
        yield from scene.frames()
        return
    import av

    with tempfile.TemporaryDirectory() as folder:
        path = write_video(Path(folder, "scene.mp4"), scene.frames(), scene.fps, bit_rate=bit_rate)
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                yield frame.to_ndarray(format="rgb24")


def events(found: Extraction, *codes: str, subject: str | None = None) -> list[Cue]:
    """Present action-unit events, of these codes and this person when given."""
    return [
        cue
        for cue in found.cues
        if cue.modality == "face"
        and cue.code.startswith("AU")
        and cue.state == "present"
        and (not codes or cue.code in codes)
        and (subject is None or cue.subject == subject)
    ]


def gaps(found: Extraction, *reasons: str) -> list[Gap]:
    return [gap for gap in found.gaps if gap.modality == "face" and gap.reason in reasons]


def curve(found: Extraction, code: str, subject: str = "face1") -> tuple[Floats, Floats]:
    """Times and values (NaN where not measured) of one action unit of one person."""
    (one,) = [c for c in found.curves if c.modality == "face" and c.code == code and c.subject == subject]
    return np.array(one.times_s), np.array([np.nan if v is None else v for v in one.values], float)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How one action unit's curve and event follow the truth; errors are measured minus true, seconds."""

    correlation: float
    half_rise_error_s: float
    apex_error_s: float
    n_events: int

    def meets(self, action_unit: str, fps: float) -> bool:
        return (
            self.n_events == 1
            and self.correlation >= CORRELATION
            and abs(self.apex_error_s) <= apex_bound_s(fps)
            and abs(self.half_rise_error_s) <= half_rise_bound_s(action_unit)
        )


def agreement(
    found: Extraction, scene: Scene, action_unit: str, *, actor: int = 0, subject: str = "face1"
) -> Agreement:
    """Compare the curve and the event of an action unit with the pulse that moved it.

    The scene's actor makes exactly one pulse of this action unit. Half rise is where the curve first crosses the
    middle between its value at the pulse's start and its peak.
    """
    (pulse,) = [p for p in scene.actors[actor].pulses if scene_moves(p, action_unit)]
    times_s, values = curve(found, action_unit, subject)
    true = np.interp(times_s, scene.times_s, scene.truth(action_unit, actor))
    seen = np.isfinite(values)
    # FACS calls closing lids 45 or 43 by how long they stay closed; either name is right for a pulse.
    own = events(found, *(("AU45", "AU43") if action_unit == "AU45" else (action_unit,)), subject=subject)
    # The event whose apex is nearest; a second event already fails the count.
    apexes_s = [cue.apex_s for cue in own if cue.apex_s is not None]
    errors = [a - min(max(a, pulse.apex_s), pulse.apex_s + pulse.hold_s) for a in apexes_s]
    varies = seen.sum() > 2 and np.ptp(values[seen]) > 0
    return Agreement(
        correlation=float(np.corrcoef(true[seen], values[seen])[0, 1]) if varies else 0.0,
        half_rise_error_s=_half_rise(times_s[seen], values[seen], pulse) - (pulse.start_s + pulse.apex_s) / 2,
        apex_error_s=min(errors, key=abs) if errors else float("inf"),
        n_events=len(own),
    )


def scene_moves(pulse: Pulse, action_unit: str) -> bool:
    from face_animation.warp import ACTION_UNITS

    return action_unit in ACTION_UNITS[pulse.movement]


def _half_rise(times_s: Floats, values: Floats, pulse: Pulse) -> float:
    """Where the curve first crosses half its rise, between samples; infinite when it never does."""
    rising = (times_s >= pulse.start_s - 0.2) & (times_s <= pulse.end_s)
    t, v = times_s[rising], values[rising]
    if len(v) < 3 or np.ptp(v) == 0:
        return float("inf")
    half = (v[0] + v.max()) / 2
    above = int(np.argmax(v >= half))
    if above == 0:
        return float("inf")
    return float(np.interp(half, v[above - 1 : above + 1], t[above - 1 : above + 1]))
