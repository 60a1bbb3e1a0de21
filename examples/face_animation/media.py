"""Write rendered frames and a voice to a video file."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt


def write_video(
    path: Path,
    frames: Iterable[npt.NDArray[np.uint8]],
    fps: float,
    *,
    bit_rate: int = 1_500_000,
    samples: npt.NDArray[np.float32] | None = None,
    rate_hz: int = 16_000,
) -> Path:
    """Encode H.264 (and AAC when there are samples) into ``path``; returns it.

    Parameters
    ----------
    frames : iterable of uint8 RGB arrays (height, width, 3), even height and width
    bit_rate : int
        Of the picture, bits per second.
    samples : float32 array of shape (n,), optional
        Mono, in [-1, 1].
    """
    import av

    with av.open(str(path), "w") as container:
        video = audio = None
        for image in frames:
            if video is None:
                video = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
                video.height, video.width = image.shape[:2]
                video.pix_fmt, video.bit_rate = "yuv420p", bit_rate
                video.options = {"threads": "1", **_without_avx512()}
                # Every stream must stand before the first packet is written.
                audio = container.add_stream("aac", rate=rate_hz, layout="mono") if samples is not None else None
            container.mux(video.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        if video is not None:
            container.mux(video.encode())
        if audio is not None and samples is not None:
            sound = av.AudioFrame.from_ndarray(samples.astype(np.float32)[None], format="fltp", layout="mono")
            sound.sample_rate = rate_hz
            container.mux(audio.encode(sound))
            container.mux(audio.encode())
    return path


def _without_avx512() -> dict[str, str]:
    """Have x264 leave its AVX-512 code: with it the same frames make another file each time."""
    import cv2

    avx512 = 13  # CV_CPU_AVX_512F, which Python's cv2 does not name
    return {"x264-params": "asm=AVX2"} if cv2.checkHardwareSupport(avx512) else {}


def write_sound(path: Path, samples: npt.NDArray[np.float32], rate_hz: int = 16_000) -> Path:
    """Write mono samples in [-1, 1] as a 16-bit WAV file; returns its path."""
    import wave

    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate_hz)
        sound.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path
