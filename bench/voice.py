"""Voice measures beside Praat, openSMILE and pyworld, on the same sounds in the same run.

``python bench/voice.py [--long]`` prints the tables of ``docs/voice.md``; ``--long`` adds an hour of speech. Needs
``pip install 'emoreason[reference]'``, espeak-ng, and the recorded words of Debian's alsa-utils.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from speech_sounds import (  # noqa: E402
    RATE_HZ,
    SENTENCES,
    babble,
    espeak,
    espeak_syllables,
    recorded_words,
    spoken_with_pauses,
    with_noise,
)

from emoreason.cues.extractor import Audio, Extraction, Job  # noqa: E402
from emoreason.cues.models import model_path  # noqa: E402
from emoreason.cues.sound import Waveform  # noqa: E402
from emoreason.cues.speech import SpeechExtractor  # noqa: E402
from emoreason.cues.speech.activity import SileroVad, Span  # noqa: E402
from emoreason.cues.voice import VoiceExtractor  # noqa: E402
from emoreason.cues.voice.measures import analyse, summarise  # noqa: E402
from emoreason.cues.voice.pitch import CEILING_HZ, FLOOR_HZ, track_pitch  # noqa: E402
from emoreason.records import Clip  # noqa: E402

TEXT = " ".join(SENTENCES)


def sounds() -> list[tuple[str, Any]]:
    """Speech of espeak-ng (a man's and a woman's voice, three speeds, with noise) and words spoken by a person."""
    spoken = [(f"espeak {wpm} wpm", espeak(TEXT, wpm)) for wpm in (120, 160, 220)]
    spoken.append(("espeak female", espeak(TEXT, voice_name="en-us+f3")))
    spoken.append(("espeak + noise, SNR 20 dB", with_noise(espeak(TEXT), 20)))
    words = [(f"recorded {name}", sound) for name, sound in recorded_words()]
    return [(name, sound.astype(np.float32).astype(float)) for name, sound in spoken + words]


def ours(sound: Any) -> Any:
    """F0 per hop."""
    waveform = Waveform.of(Audio(sound.astype(np.float32)))
    return track_pitch(waveform, 0, waveform.n_hops, float(waveform.hop_peaks().max()))


def dio(sound: Any) -> Any:
    """F0 per hop of pyworld's dio and stonemask."""
    import pyworld

    f0, times = pyworld.dio(sound, RATE_HZ, f0_floor=FLOOR_HZ, f0_ceil=CEILING_HZ, frame_period=10)
    return on_hops(pyworld.stonemask(sound, f0, times, RATE_HZ), times, len(sound))


def harvest(sound: Any) -> Any:
    """F0 per hop of pyworld's harvest."""
    import pyworld

    f0, times = pyworld.harvest(sound, RATE_HZ, f0_floor=FLOOR_HZ, f0_ceil=CEILING_HZ, frame_period=10)
    return on_hops(f0, times, len(sound))


def on_hops(f0: Any, times: Any, n: int) -> Any:
    """F0 at the centres of our hops; NaN where unvoiced."""
    return np.interp((np.arange(n // 160) + 0.5) / 100, times, np.where(f0 > 0, f0, np.nan))


def praat(sound: Any) -> tuple[Any, dict[str, float]]:
    """F0 per hop, and voice quality, of Praat."""
    import parselmouth

    call: Any = parselmouth.praat.call
    heard = parselmouth.Sound(sound, RATE_HZ)
    pitch = heard.to_pitch_ac(0.01, FLOOR_HZ, pitch_ceiling=CEILING_HZ)
    pulses = call([heard, pitch], "To PointProcess (cc)")
    f0 = np.array([pitch.get_value_at_time((hop + 0.5) / 100) for hop in range(len(sound) // 160)])
    return f0, {
        "jitter": 100 * call(pulses, "Get jitter (local)", 0, 0, 0.0001, 0.02, 1.3),
        "shimmer": 100 * call([heard, pulses], "Get shimmer (local)", 0, 0, 0.0001, 0.02, 1.3, 1.6),
        "hnr": call(heard.to_harmonicity_cc(0.01, FLOOR_HZ, 0.1, 1.0), "Get mean", 0, 0),
    }


def compare_f0(heard: list[tuple[str, Any]]) -> None:
    """Every F0 method against Praat's."""
    trackers: dict[str, Callable[[Any], Any]] = {"emoreason": ours, "dio + stonemask": dio, "harvest": harvest}
    print(
        "\n| F0 method | median difference | largest difference of means | octave errors | voicing differs | s / 10 s |"
    )
    print("|---|---|---|---|---|---|")
    for name, tracker in trackers.items():
        steps, means, octaves, voicing, took_s, length_s = [], [], [], [], 0.0, 0.0
        for _, sound in heard:
            reference = praat(sound)[0]
            began = time.perf_counter()
            f0 = tracker(sound)
            took_s += time.perf_counter() - began
            length_s += len(sound) / RATE_HZ
            both = ~np.isnan(f0) & ~np.isnan(reference)
            difference = np.abs(12 * np.log2(f0[both] / reference[both]))
            steps.append(difference)
            octaves.append(difference > 6)
            voicing.append(np.isnan(f0) != np.isnan(reference))
            means.append(abs(12 * np.log2(np.nanmean(f0) / np.nanmean(reference))))
        print(
            f"| {name} | {np.median(np.concatenate(steps)):.3f} st | {max(means):.2f} st "
            f"| {100 * np.concatenate(octaves).mean():.2f} % | {100 * np.concatenate(voicing).mean():.1f} % "
            f"| {10 * took_s / length_s:.3f} |"
        )


def compare_measures(heard: list[tuple[str, Any]]) -> None:
    """Ours / Praat / openSMILE, sound by sound."""
    import opensmile

    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
    print("\n| sound | F0 mean, Hz | jitter, % | shimmer, % | HNR, dB | alpha ratio, dB | Hammarberg, dB | flux |")
    print("|---|---|---|---|---|---|---|---|")
    for name, sound in heard:
        waveform = Waveform.of(Audio(sound.astype(np.float32)))
        values = summarise(analyse(waveform, [Span(0.0, waveform.duration_s)]))
        f0, quality = praat(sound)
        row = smile.process_signal(sound.astype(np.float32), RATE_HZ).iloc[0]
        hz = 27.5 * 2 ** (row["F0semitoneFrom27.5Hz_sma3nz_amean"] / 12)
        print(
            f"| {name} | {values['f0_mean']:.1f} / {np.nanmean(f0):.1f} / {hz:.1f} "
            f"| {values['jitter']:.2f} / {quality['jitter']:.2f} / {100 * row['jitterLocal_sma3nz_amean']:.2f} "
            f"| {values['shimmer']:.1f} / {quality['shimmer']:.1f} / – "
            f"| {values['hnr']:.1f} / {quality['hnr']:.1f} / {row['HNRdBACF_sma3nz_amean']:.1f} "
            f"| {values['alpha_ratio']:.1f} / – / {row['alphaRatioV_sma3nz_amean']:.1f} "
            f"| {values['hammarberg']:.1f} / – / {row['hammarbergIndexV_sma3nz_amean']:.1f} "
            f"| {values['spectral_flux']:.2f} / – / {row['spectralFluxV_sma3nz_amean']:.2f} |"
        )


def extract(sound: Any) -> tuple[Extraction, float]:
    """Speech and voice cues of a sound, and the seconds that took (model loading included)."""
    job = Job(Clip(id="sound"))
    began = time.perf_counter()
    for extractor in (SpeechExtractor(), VoiceExtractor()):
        extractor.begin(job)
        extractor.hear(Audio(sound.astype(np.float32, copy=False)))
        job.found += extractor.finish(job)
    return job.found, time.perf_counter() - began


def rate_and_pauses() -> None:
    """Syllables and pauses against what was synthesised."""
    print("\n| speech | syllables a second | syllables found / spoken |")
    print("|---|---|---|")
    for voice_name in ("en-us", "en-us+f3", "de"):
        for wpm in (120, 160, 220):
            sound = espeak(TEXT, wpm, voice_name)
            analysis = analyse(Waveform.of(Audio(sound.astype(np.float32))), [Span(0.0, len(sound) / RATE_HZ)])
            spoken = espeak_syllables(TEXT, voice_name)
            rate = summarise(analysis)["speech_rate"]
            print(f"| {voice_name}, {wpm} wpm | {rate:.2f} | {len(analysis.nuclei_s)} / {spoken} |")
    print("\n| speech | largest error of a pause's start or end, s | pauses found / made |")
    print("|---|---|---|")
    for voice_name in ("en-us", "en-us+f3", "de", "fr"):
        for noise in (0.0, 0.003, 0.01):
            sound, truth = spoken_with_pauses((0.25, 0.5, 1.0), voice_name)
            found, _ = extract(sound + noise * np.random.default_rng(0).standard_normal(len(sound)))
            pauses = [(c.start_s or 0.0, c.end_s or 0.0) for c in found.cues if c.code == "pause" and c.value]
            worst = max(min(max(abs(a - c), abs(b - d)) for c, d in pauses) for a, b in truth)
            print(f"| {voice_name}, noise {noise} | {worst:.3f} | {len(pauses)} / {len(truth)} |")


def voice_activity(heard: list[tuple[str, Any]]) -> None:
    """How much of each sound the voice-activity network calls speech, against what is louder than -30 dB."""
    network = SileroVad(model_path("silero_vad"))
    print("\n| sound | loud steps called speech | quiet steps called speech |")
    print("|---|---|---|")
    for name, sound in heard:
        waveform = Waveform.of(Audio(sound.astype(np.float32)))
        probabilities = network.probabilities(waveform)
        levels = waveform.hop_levels()
        times = (np.arange(len(levels)) + 0.5) / 100
        speech = probabilities[np.minimum((times * RATE_HZ / 512).astype(int), len(probabilities) - 1)] > 0.5
        loud = levels > levels.max() - 30
        quiet = f"{100 * speech[~loud].mean():.0f} %" if (~loud).any() else "–"
        print(f"| {name} | {100 * speech[loud].mean():.0f} % | {quiet} |")


def cost(long: bool) -> None:
    """Seconds for 10 s, and for an hour with its peak memory."""
    sound = babble(4.5, 120, (14, 14, 14)).sound[: 10 * RATE_HZ]
    extract(sound)
    times = sorted(extract(sound)[1] for _ in range(5))
    print(f"\nspeech + voice, 10 s of sound: median {times[2]:.3f} s of 5 runs")
    if long:
        hour = np.tile(sound.astype(np.float32), 360)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        _, took_s = extract(hour)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(
            f"an hour: {took_s:.1f} s, {(after - before) / 1024:.0f} MiB above the {hour.nbytes >> 20} MiB of samples"
        )


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true", help="also an hour of speech")
    arguments = parser.parse_args()
    cost(arguments.long)
    heard = sounds()
    compare_f0(heard)
    compare_measures(heard)
    rate_and_pauses()
    voice_activity(heard)


if __name__ == "__main__":
    main()
