"""Make ``clip.mp4`` and ``clip.srt``: an animated photograph that speaks.

    python examples/make_clip.py

The picture is scikit-image's public-domain photograph of an astronaut (NASA), its muscles moved by a warp; the voice
is espeak-ng. Nothing in the clip was ever done or said by the person in the photograph.
Needs the ``dev`` extra and espeak-ng.
"""

from pathlib import Path

import numpy as np
from face_animation.media import write_video
from face_animation.scene import Actor, Pulse, Scene, talk
from face_animation.speech import espeak

HERE = Path(__file__).parent
DURATION_S = 7.0
WORDS = "Oh! You came all this way. How wonderful to see you."
SPEAKS_S = 1.6


def main() -> None:
    """Write the clip and its subtitles beside this script."""
    spoken, rate_hz = espeak(WORDS, words_per_minute=165, pitch=60, voice="en-us+f3")
    sound = np.zeros(round(DURATION_S * rate_hz), np.float32)
    first = round(SPEAKS_S * rate_hz)
    sound[first : first + len(spoken)] = 0.8 * spoken
    ends_s = SPEAKS_S + len(spoken) / rate_hz
    if ends_s > DURATION_S:
        raise ValueError(f"the voice ends at {ends_s:.2f} s, after the clip's {DURATION_S} s")
    pulses = (
        Pulse("brow_raise", 0.10, 1.2, 1.6, 2.8, hold_s=0.4),
        Pulse("smile", 0.19, 1.5, 2.3, 6.2, hold_s=2.4),
        Pulse("blink", 0.11, 0.6, 0.7, 0.85, hold_s=0.04),
        Pulse("blink", 0.11, 4.6, 4.7, 4.85, hold_s=0.04),
        *talk(SPEAKS_S, ends_s, amplitude=0.05, rate_hz=4.5),
    )
    scene = Scene(duration_s=DURATION_S, width=480, height=360, face_px=160, actors=(Actor(pulses),))
    write_video(HERE / "clip.mp4", scene.frames(), scene.fps, bit_rate=340_000, samples=sound, rate_hz=rate_hz)
    (HERE / "clip.srt").write_text(subtitle(SPEAKS_S, ends_s, WORDS), encoding="utf-8")


def subtitle(start_s: float, end_s: float, text: str) -> str:
    """One SRT entry."""
    stamps = [f"00:00:{int(s):02d},{round(s % 1 * 1000):03d}" for s in (start_s, end_s)]
    return f"1\n{stamps[0]} --> {stamps[1]}\n{text}\n"


if __name__ == "__main__":
    main()
