"""Words of the pages on a terminal, in the languages that explanations are written in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..records.notice import NOTICE, NOTICE_ZH


@dataclass(frozen=True, slots=True, kw_only=True)
class Headings:
    """What a page says itself, in one language; what was observed is worded by ``cues/wording.py``.

    ``times`` and ``at_most`` are put behind the name of an event that happened several times, ``more`` behind ids;
    ``marks`` are the caveats of :data:`emoreason.records.labels.Mark` in a few words.
    """

    language: str
    expressed: str
    no_label: str
    valence: str
    arousal: str
    abstained: str
    too_thin: str
    compounds: str
    observed: str
    not_there: str
    together: str
    alternatives: str
    not_observed: str
    notes: str
    times: str
    at_most: str
    more: str
    comma: str
    colon: str
    brackets: str
    notice: str
    marks: Mapping[str, str]


ENGLISH: Final = Headings(
    language="en",
    expressed="Expressed",
    no_label="no label",
    valence="valence",
    arousal="arousal",
    abstained="Abstained",
    too_thin="the evidence is too thin",
    compounds="Compounds",
    observed="Observed",
    not_there="Looked for and not there",
    together="Taken together",
    alternatives="Also possible",
    not_observed="Not observed",
    notes="Notes",
    times=", {count} times",
    at_most=", at most",
    more=" and {count} more",
    comma=", ",
    colon=": ",
    brackets=" ({})",
    notice=NOTICE,
    marks={
        "during_speech": "while speaking",
        "low_confidence": "little certainty",
        "presence_only": "presence only",
        "pooled_norm": "against a pooled norm",
        "other_scale": "another tool's scale",
    },
)

CHINESE: Final = Headings(
    language="zh",
    expressed="所表达的情绪",
    no_label="无标签",
    valence="效价",
    arousal="唤醒度",
    abstained="不作判断",
    too_thin="证据不足",
    compounds="复合情绪",
    observed="观察",
    not_there="已查看而没有出现",
    together="综合解读",
    alternatives="其他可能",
    not_observed="未能观察",
    notes="说明",
    times="，{count} 次",
    at_most="，最强",
    more="，另有 {count} 个",
    comma="，",
    colon="：",
    brackets="（{}）",
    notice=NOTICE_ZH,
    marks={
        "during_speech": "说话时",
        "low_confidence": "把握不大",
        "presence_only": "仅记录出现",
        "pooled_norm": "对照总体常模",
        "other_scale": "其他工具的尺度",
    },
)

_LANGUAGES: Final = {"en": ENGLISH, "zh": CHINESE}


def headings(language: str) -> Headings:
    """Words in that language, in English where there are none."""
    return _LANGUAGES.get(language, ENGLISH)
