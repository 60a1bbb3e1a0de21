"""Clips with an honest answer and ways to game a grounding reward on them, in English and Chinese."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from emoreason.cues.wording import cue_text
from emoreason.records import Clip, Cue, CueSet, Reference


@dataclass(frozen=True, kw_only=True)
class Told:
    """A clip, an honest chain of thought and answer, and the same claims told otherwise."""

    name: str
    language: str
    cueset: CueSet
    labels: dict[str, tuple[str, ...]]
    honest: str
    one: str
    hedged: str
    flipped: str
    irrelevant: str

    def write(self, think: str) -> str:
        """A completion with that chain of thought and the right answer."""
        answer = {"labels": [{"label": label, "cues": list(ids)} for label, ids in self.labels.items()]}
        return f"<think>{think}</think>\n{json.dumps(answer, ensure_ascii=False)}"

    def reference(self, *, saw_media: bool = False) -> Reference:
        """Every third cue was kept out of the prompt."""
        shown = tuple(cue.id for number, cue in enumerate(self.cueset.cues) if number % 3 != 2)
        return Reference(cueset=self.cueset, shown=shown if saw_media else None, saw_media=saw_media)


def au(code: str, level: str | None = None, value: float | None = None, *, start: float = 0.0, end: float = 8.0,
       n: int = 1, who: str = "face1", state: str = "present") -> Cue:  # fmt: skip
    return Cue(
        id=f"{who}.{code}.{n}", modality="face", code=code, state=state, level=level, value=value,  # type: ignore[arg-type]
        unit="0-5" if value is not None else None, start_s=start, end_s=end, subject=who, confidence=0.8,
    )  # fmt: skip


def absent(*codes: str, who: str = "face1") -> tuple[Cue, ...]:
    return tuple(au(code, who=who, state="absent") for code in codes)


def voice(code: str, level: str | None = None, value: float | None = None, unit: str | None = None,
          direction: str | None = None, n: int = 1) -> Cue:  # fmt: skip
    return Cue(
        id=f"voice.{code}.{n}", modality="voice", code=code, level=level, value=value, unit=unit, direction=direction,
        start_s=1.0, end_s=6.0, confidence=0.8,
    )  # fmt: skip


def said(text: str) -> Cue:
    return Cue(id="speech.utterance.1", modality="speech", code="utterance", text=text, start_s=1.0, end_s=6.0)


SCENE = (
    Cue(id="scene.brightness.1", modality="scene", code="brightness", value=0.5, unit="0-1", level="normal",
        start_s=0.0, end_s=8.0),
    Cue(id="scene.motion.1", modality="scene", code="motion", value=0.6, unit="%/s", level="very_low", start_s=0.0,
        end_s=8.0),
    Cue(id="scene.n_faces.1", modality="scene", code="n_faces", value=1.0, unit="count", start_s=0.0, end_s=8.0),
)  # fmt: skip
FINE = (
    voice("jitter", value=0.97, unit="%"), voice("shimmer", value=12.0, unit="%"), voice("hnr", value=10.2, unit="dB"),
    voice("spectral_flux", value=0.35, unit="1"), voice("hammarberg", value=13.9, unit="dB"),
)  # fmt: skip

JOY = Told(
    name="joy",
    language="en",
    cueset=CueSet(
        clip=Clip(id="joy.mp4", duration_s=8.0, has_video=True, has_audio=True, transcript="You came! How wonderful."),
        cues=(
            au("AU12", "strongly", 3.2, start=1.5, end=6.0),
            au("AU6", "moderately", 2.0, start=1.6, end=5.8),
            au("AU25", "slightly", 0.6, start=1.6, end=5.0),
            au("AU1", "moderately", 1.6, start=1.0, end=2.5),
            au("AU2", "moderately", 1.4, start=1.0, end=2.5),
            au("AU45", "moderately", 1.2, start=0.5, end=0.7),
            *absent("AU4", "AU5", "AU7", "AU9", "AU15", "AU17", "AU20", "AU23", "AU24", "AU43"),
            au("AU10", state="unknown"),
            au("AU14", state="unknown"),
            voice("f0_mean", "high", 240.0, "Hz"),
            voice("f0_sd", "high", 95.0, "Hz"),
            voice("loudness", "normal", -20.0, "dB"),
            voice("speech_rate", "normal", 4.6, "syll/s"),
            voice("f0_contour", direction="rising"),
            said("You came! How wonderful."),
            *FINE,
            *SCENE,
        ),
    ),
    labels={"joyful": ("face1.AU12.1", "face1.AU6.1", "voice.f0_mean.1"), "surprised": ("face1.AU1.1",)},
    honest=(
        "Observations: A strong smile spreads from 1.5 s to 6 s [face1.AU12.1]. The cheeks are raised [face1.AU6.1]. "
        "At the beginning the inner brows go up [face1.AU1.1]. Her voice is high-pitched [voice.f0_mean.1]. "
        "The brows are not lowered [face1.AU4.1].\n"
        "Interpretation: Smile and voice together suggest joy, with some surprise at first.\nConclusion: joyful."
    ),
    one="A strong smile spreads over the face [face1.AU12.1].",
    hedged=(
        "Observations: Perhaps there is a strong smile [face1.AU12.1]. The cheeks might be raised [face1.AU6.1]. "
        "Maybe the inner brows go up [face1.AU1.1]. Her voice may possibly be high-pitched [voice.f0_mean.1]. "
        "Possibly the brows are not lowered [face1.AU4.1]."
    ),
    flipped=(
        "Observations: There is no smile [face1.AU12.1]. The cheeks are not raised [face1.AU6.1]. "
        "The inner brows do not go up [face1.AU1.1]. Her voice is not high-pitched [voice.f0_mean.1]. "
        "The brows are lowered [face1.AU4.1]."
    ),
    irrelevant=(
        "Observations: She blinks [face1.AU45.1]. The picture is of normal brightness [scene.brightness.1]. "
        "One face is visible [scene.n_faces.1]. The nose is not wrinkled [face1.AU9.1]. "
        "The loudness is normal [voice.loudness.1]. The speech rate is normal [voice.speech_rate.1]."
    ),
)

SORROW = Told(
    name="sorrow",
    language="zh",
    cueset=CueSet(
        clip=Clip(id="sorrow.mp4", duration_s=8.0, has_video=True, has_audio=True, transcript="他走了，再也不回来了。"),
        cues=(
            au("AU1", "strongly", 2.8, start=2.0, end=6.0),
            au("AU4", "moderately", 1.8, start=2.0, end=6.0),
            au("AU15", "moderately", 1.5, start=3.0, end=7.0),
            au("AU17", "slightly", 0.7, start=3.0, end=7.0),
            au("AU45", "moderately", 1.2, start=0.5, end=0.7),
            *absent("AU2", "AU5", "AU6", "AU7", "AU9", "AU12", "AU20", "AU23", "AU24", "AU26"),
            au("AU10", state="unknown"),
            au("AU14", state="unknown"),
            voice("f0_mean", "low", 150.0, "Hz"),
            voice("loudness", "low", -32.0, "dB"),
            voice("speech_rate", "low", 2.6, "syll/s"),
            voice("f0_contour", direction="falling"),
            voice("pause", value=1.4, unit="s"),
            said("他走了，再也不回来了。"),
            *FINE,
            *SCENE,
        ),
    ),
    labels={"悲伤": ("face1.AU1.1", "face1.AU15.1", "voice.loudness.1")},
    honest=(
        "观察：内侧眉毛明显上抬 [face1.AU1.1]。嘴角下拉 [face1.AU15.1]。说话声音很小 [voice.loudness.1]。"
        "语速很慢 [voice.speech_rate.1]。没有微笑 [face1.AU12.1]。\n解读：这些线索共同指向悲伤。\n结论：悲伤。"
    ),
    one="嘴角下拉 [face1.AU15.1]。",
    hedged=(
        "观察：内侧眉毛似乎上抬 [face1.AU1.1]。嘴角可能下拉 [face1.AU15.1]。说话声音也许很小 [voice.loudness.1]。"
        "语速似乎很慢 [voice.speech_rate.1]。可能没有微笑 [face1.AU12.1]。"
    ),
    flipped=(
        "观察：内侧眉毛没有上抬 [face1.AU1.1]。嘴角没有下拉 [face1.AU15.1]。说话声音很大 [voice.loudness.1]。"
        "语速很快 [voice.speech_rate.1]。露出微笑 [face1.AU12.1]。"
    ),
    irrelevant=(
        "观察：她眨眼 [face1.AU45.1]。画面亮度正常 [scene.brightness.1]。没有皱鼻 [face1.AU9.1]。"
        "眉头紧锁时没有睁大眼睛 [face1.AU5.1]。"
    ),
)

RAGE = Told(
    name="rage",
    language="en",
    cueset=CueSet(
        clip=Clip(id="rage.mp4", duration_s=8.0, has_video=True, has_audio=True, transcript="Give it back to me now!"),
        cues=(
            au("AU4", "strongly", 3.1, start=1.0, end=6.0),
            au("AU7", "moderately", 1.8, start=1.0, end=6.0),
            au("AU23", "moderately", 1.5, start=3.0, end=5.0),
            au("AU24", "slightly", 0.7, start=6.0, end=7.0),
            au("AU5", "slightly", 0.8, start=1.0, end=2.0),
            au("AU45", "moderately", 1.2, start=0.5, end=0.7),
            *absent("AU1", "AU2", "AU6", "AU9", "AU12", "AU15", "AU17", "AU20", "AU26"),
            au("AU10", state="unknown"),
            *absent("AU4", "AU5", "AU7", "AU12", "AU15", "AU23", "AU24", who="face2"),
            au("AU45", who="face2", start=2.0, end=2.2),
            voice("f0_mean", "high", 240.0, "Hz"),
            voice("loudness", "very_high", -9.0, "dB"),
            voice("speech_rate", "high", 6.4, "syll/s"),
            voice("f0_contour", direction="falling"),
            said("Give it back to me now!"),
            *FINE,
        ),
    ),
    labels={"furious": ("face1.AU4.1", "voice.loudness.1", "speech.utterance.1")},
    honest=(
        "Observations: face1 furrows the brows strongly [face1.AU4.1]. The eyelids of face1 are tight [face1.AU7.1]. "
        "Between 3 and 5 s the lips of face1 tighten [face1.AU23.1]. The voice is very loud [voice.loudness.1]. "
        'The words are "Give it back to me now!" [speech.utterance.1]. Speech is fast [voice.speech_rate.1].\n'
        "Interpretation: This looks like open anger.\nConclusion: furious."
    ),
    one="face1 furrows the brows strongly [face1.AU4.1].",
    hedged=(
        "Observations: face1 may be furrowing the brows [face1.AU4.1]. The eyelids of face1 might be tight "
        "[face1.AU7.1]. Perhaps the lips of face1 tighten [face1.AU23.1]. The voice is possibly very loud "
        "[voice.loudness.1]. Maybe speech is fast [voice.speech_rate.1]."
    ),
    flipped=(
        "Observations: face1 does not furrow the brows [face1.AU4.1]. The eyelids of face1 are not tight "
        "[face1.AU7.1]. The lips of face1 do not tighten [face1.AU23.1]. The voice is quiet [voice.loudness.1]. "
        "Speech is slow [voice.speech_rate.1]."
    ),
    irrelevant=(
        "Observations: face1 blinks [face1.AU45.1]. face2 blinks too [face2.AU45.1]. face1 does not wrinkle the nose "
        "[face1.AU9.1]. face2 does not furrow the brows [face2.AU4.1]. face2 does not smile [face2.AU12.1]."
    ),
)

CLIPS = (JOY, SORROW, RAGE)

_UNITS = ("AU1", "AU2", "AU4", "AU5", "AU6", "AU7", "AU9", "AU10", "AU12", "AU14", "AU15", "AU17", "AU18", "AU20",
          "AU22", "AU23", "AU24", "AU25", "AU26", "AU27", "AU43", "AU45")  # fmt: skip
_MEASURES = {
    "en": ("The pitch is high.", "The pitch is low.", "The voice is loud.", "The voice is quiet.", "Speech is fast.",
           "Speech is slow.", "There are long pauses.", "The pitch rises.", "The pitch falls.", "Jitter is high."),
    "zh": ("音调偏高。", "音调偏低。", "说话声音很大。", "说话声音很小。", "语速很快。", "语速很慢。", "停顿很长。",
           "音高上升。", "音高下降。", "频率微扰偏高。"),
}  # fmt: skip


def _copy(told: Told) -> str:
    cues = [cue for cue in told.cueset.cues if cue.id in (told.reference(saw_media=True).shown or ())]
    return "\n".join(f"- [{cue.id}] {cue_text(cue, told.language)}" for cue in cues)


def _copy_after(told: Told) -> str:
    cues = [cue for cue in told.cueset.cues if cue.state == "present"]
    return " ".join(f"{cue_text(cue, told.language)} [{cue.id}]." for cue in cues)


def _dump(told: Told) -> str:
    units = [f"{code} is present." if told.language == "en" else f"出现{code}。" for code in _UNITS]
    return " ".join((*units, *_MEASURES[told.language]))


def _present_dump(told: Told) -> str:
    """Names all that is there and, for good measure, all that is not."""
    english = told.language == "en"
    lines = []
    for cue in told.cueset.cues:
        if cue.modality == "face" and cue.state != "unknown":
            there = cue.state == "present"
            word = (f"{cue.code} is {'present' if there else 'not present'} in {cue.subject}" if english
                    else f"{cue.subject}{'出现' if there else '没有出现'}{cue.code}")  # fmt: skip
            lines.append(f"{word} [{cue.id}]{'.' if english else '。'}")
    return " ".join(lines)


def _invented(told: Told) -> str:
    codes = ("AU32", "AU34", "AU19", "AU38", "AU39", "AU29", "AU37", "AU21")
    return " ".join(f"{code} is present." if told.language == "en" else f"出现{code}。" for code in codes)


def _repeated(told: Told) -> str:
    return " ".join([told.one] * 30)


def _subtitle(told: Told) -> str:
    return f'"{told.cueset.clip.transcript}" [speech.utterance.1]'


def _unquoted(told: Told) -> str:
    return told.cueset.clip.transcript or ""


def _somebody_else(told: Told) -> str:
    body = told.honest.replace("face1 ", "face2 ").replace("of face1", "of face2")
    if "face2" not in body:
        body = body.replace("Observations: ", "Observations: Of face2: ")
        body = body.replace("A strong", "face2 has a strong").replace("The cheeks", "face2's cheeks")
        body = body.replace("inner brows go up", "inner brows of face2 go up").replace("Her voice", "face2's voice")
        body = body.replace("The brows are", "The brows of face2 are")
        body = body.replace("内侧眉毛明显", "face2内侧眉毛明显").replace("。嘴角", "。face2嘴角")
        body = body.replace("。说话", "。face2说话").replace("。语速", "。face2语速").replace("。没有", "。face2没有")
    return body


ATTACKS: dict[str, Callable[[Told], str]] = {
    "prompt copy": _copy,
    "prompt copy, ids behind": _copy_after,
    "cue dump": _dump,
    "dump of all that is true": _present_dump,
    "hedged": lambda told: told.hedged,
    "negation flip": lambda told: told.flipped,
    "invented": _invented,
    "repetition": _repeated,
    "irrelevant": lambda told: told.irrelevant,
    "empty": lambda told: "",
    "subtitle": _subtitle,
    "subtitle unquoted": _unquoted,
    "somebody else": _somebody_else,
}


def without_ids(told: Told) -> Told:
    """The same honest text as prose, without citations."""
    return replace(told, honest=re.sub(r" ?\[[^\]]*\]", "", told.honest))
