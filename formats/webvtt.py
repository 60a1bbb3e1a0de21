"""WebVTT: claims as a caption track that any player shows beside the clip, and what is said as subtitles.

Each cue block of the claims track is named ``claim3 face1.AU12.1,voice.f0_mean.2``: the number of the claim and the
ids of the cues it cites, for scripts that link them. Claims that say something is not there have the class
``negated``. The track begins with the notice that people must be informed. Times are milliseconds; claims without a
time have no place.

Subtitles of others are read where transcripts are (``--transcript``, or ``clip.vtt`` beside the clip).
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..records import Claim, CueSet, Explanation
from ..records.citation import without_citations
from ..records.notice import NOTICE
from .loss import Loss, Say, warn
from .tiers.layout import unplaced_claims

#: At the top, from the left: subtitles of what is said keep their place at the bottom.
_SETTINGS: Final = "line:0 position:0% align:start"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_SHORTEST_S: Final = 0.001  # a cue must end after it starts


def write_vtt(path: str | Path, explanation: Explanation, *, say: Say = warn) -> None:
    """Write the claims of an explanation as a WebVTT track.

    Parameters
    ----------
    path : str or path
        The file to write.
    explanation : Explanation
        The explained clip.
    say : callable
        Takes one sentence per kind of loss; by default a ``FormatWarning``.
    """
    Path(path).write_text(claims_vtt(explanation, say=say), encoding="utf-8", newline="")


def claims_vtt(explanation: Explanation, *, say: Say = warn) -> str:
    """Text of the track that :func:`write_vtt` writes."""
    if timeless := unplaced_claims(explanation):
        say(Loss("WebVTT has no place for {} without a time: left out", timeless, "claim"))
    head = f"WEBVTT - {_one_line(explanation.clip)}: what is expressed, and where"
    expressed = ", ".join(explanation.labels) or "nothing (abstained)"
    blocks = [head, f"NOTE {escaped(NOTICE)}", f"NOTE Expressed: {escaped(expressed)}"]
    placed = [(claim, number) for number, claim in enumerate(explanation.claims, 1) if claim.start_s is not None]
    blocks += (
        _claim_block(claim, number, claim.start_s, claim.end_s)
        for claim, number in sorted(placed, key=lambda pair: pair[0].start_s or 0.0)
        if claim.start_s is not None and claim.end_s is not None and claim.start_s <= claim.end_s
    )
    return "\n\n".join(blocks) + "\n"


def _claim_block(claim: Claim, number: int, start_s: float, end_s: float) -> str:
    cited = _one_line(",".join(claim.cue_ids))
    sentence = escaped(without_citations(claim.sentence) if claim.cue_ids else claim.sentence) or "…"
    kind = "c.negated" if claim.polarity == "negated" else "c.claim"
    return "\n".join(
        (
            f"claim{number} {cited}".rstrip(),
            f"{_times(start_s, end_s)} {_SETTINGS}",
            f"<{kind}>{sentence}</c>",
        )
    )


def write_transcript_vtt(path: str | Path, cueset: CueSet) -> None:
    """Write what is said in a clip as WebVTT subtitles (utterances that have a time; the speaker as its voice)."""
    Path(path).write_text(transcript_vtt(cueset), encoding="utf-8", newline="")


def transcript_vtt(cueset: CueSet) -> str:
    """Text of the subtitles that :func:`write_transcript_vtt` writes."""
    return "\n\n".join([f"WEBVTT - {_one_line(cueset.clip.id)}", *_utterances(cueset)]) + "\n"


def _utterances(cueset: CueSet) -> Iterator[str]:
    said = [cue for cue in cueset.cues if cue.modality == "speech" and cue.code == "utterance" and cue.text]
    for number, cue in enumerate(sorted(said, key=lambda cue: cue.start_s or 0.0), 1):
        if cue.start_s is not None and cue.end_s is not None:
            voice = f"<v {escaped(cue.subject)}>" if cue.subject else ""
            yield f"{number}\n{_times(cue.start_s, cue.end_s)}\n{voice}{escaped(cue.text or '')}"


def escaped(text: str) -> str:
    """Text on one line in which nothing is markup.

    Examples
    --------
    >>> escaped("a <b> --> c & d")
    'a &lt;b&gt; --&gt; c &amp; d'
    """
    return _one_line(text, arrows=True).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _one_line(text: str, *, arrows: bool = False) -> str:
    line = " ".join(_CONTROL.sub(" ", text).split())
    return line if arrows else line.replace("-->", "->")


def _times(start_s: float, end_s: float) -> str:
    return f"{_time(start_s)} --> {_time(max(end_s, start_s + _SHORTEST_S))}"


def _time(time_s: float) -> str:
    whole_ms = round(time_s * 1000)
    seconds = whole_ms // 1000
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{whole_ms % 1000:03d}"
