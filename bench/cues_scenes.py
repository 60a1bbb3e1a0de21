"""The clips of ``cues.py``: one face, four faces, and as long as wanted."""

from dataclasses import replace
from pathlib import Path

from face_animation.media import write_video
from face_animation.scene import Actor, Pulse, Scene, talk
from face_animation.speech import synthesise

DURATION_S = 10.0
RATE_FPS = 25

#: A face that raises its brows, smiles, blinks and talks for ten seconds.
PULSES = (
    Pulse("brow_raise", 0.1, 0.8, 1.3, 2.2),
    Pulse("smile", 0.14, 4.6, 5.4, 7.6, hold_s=1.2),
    *(Pulse("blink", 0.11, t, t + 0.12, t + 0.3) for t in (0.4, 3.0, 5.8, 8.9)),
    *talk(1.0, 4.2, amplitude=0.06),
    *talk(6.6, 8.6, amplitude=0.05, seed=1),
)


def one_face(path: Path) -> Path:
    """Ten seconds of 720p25 with one face and a voice."""
    return _write(path, (Actor(PULSES),), 260.0)


def four_faces(path: Path) -> Path:
    """Write the same with four faces side by side, each a little later than the one before, every second mirrored."""
    return _write(path, tuple(Actor(_later(0.3 * n), mirrored=bool(n % 2)) for n in range(4)), 150.0)


def repeated(clip: Path, path: Path, minutes: float) -> Path:
    """Copy a clip over and over: its packets again and again under later times, nothing encoded anew."""
    import av

    with av.open(str(path), "w") as out:
        with av.open(str(clip)) as first:
            tracks = {track.type: out.add_stream_from_template(track) for track in first.streams}
        for turn in range(round(minutes * 60 / DURATION_S)):
            with av.open(str(clip)) as again:
                for packet in again.demux():
                    if packet.dts is None or packet.pts * packet.time_base >= DURATION_S:
                        continue
                    later = round(turn * DURATION_S / packet.time_base)
                    packet.stream = tracks[packet.stream.type]
                    packet.pts, packet.dts = packet.pts + later, packet.dts + later
                    out.mux(packet)
    return path


def _write(path: Path, actors: tuple[Actor, ...], face_px: float) -> Path:
    scene = Scene(duration_s=DURATION_S, width=1280, height=720, face_px=face_px, actors=actors)
    voice = synthesise((6, 6, 8), f0_at=lambda t: 180 - 6 * t, pause_s=1.6, lead_s=0.9).samples
    samples = voice[: int(16_000 * DURATION_S)]
    return write_video(path, scene.frames(), RATE_FPS, bit_rate=3_000_000, samples=samples)


def _later(by_s: float) -> tuple[Pulse, ...]:
    return tuple(
        replace(pulse, start_s=pulse.start_s + by_s, apex_s=pulse.apex_s + by_s, end_s=pulse.end_s + by_s)
        for pulse in PULSES
    )
