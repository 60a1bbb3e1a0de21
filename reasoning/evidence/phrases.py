"""The engine's sentences, in English and Chinese. Emotion words occur here only; cue text has none."""

from typing import Final

from ...errors import ConfigError

Phrases = dict[str, str]

_ENGLISH: Final[Phrases] = {
    "observations": "Observations:",
    "attributes": "Attributes:",
    "interpretation": "Interpretation:",
    "expression": "Expression:",
    "alternatives": "Alternatives:",
    "conclusion": "Conclusion:",
    "emotion": "Emotion:",
    "comma": ", ",
    "list": ", ",
    "but": " and ",
    "observation": "{text} [{ids}].",
    "gap": "{text}.",
    "more_cues": "{count} more observations are left out here; their weights are in the sum.",
    "nothing": "There is nothing that this engine has a weight for.",
    "who": "{name} is explained, the person with the most evident expression; {others}.",
    "other": "{name} shows mostly {emotion} ({probability})",
    "unnamed": "the unnamed person",
    "present": "{name} at strength {amount} {weighs} [{ids}].",
    "one_sided": "{name} moves on one side only, which {weighs} [{ids}].",
    "together": "{name} at the same time as {second} {weighs} [{ids}].",
    "absent": "{name} was looked for and is not there, which {weighs} [{ids}].",
    "voice": "{name} at {amount} standard deviations from its norm weakly {weighs} [{ids}].",
    "contour": "{name} ({amount} between falling -1 and rising +1) weakly {weighs} [{ids}].",
    "for": "speaks for {emotions}",
    "against": "against {emotions}",
    "only_against": "speaks against {emotions}",
    "rest": "{count} smaller terms together add {emotions}.",
    "base": "Before any cue, base rates of coded faces add {emotions}.",
    "sum": "Log-odds in sum: {emotions}; neutral against the rest {neutral}.",
    "shares": "As probabilities: {emotions}.",
    "source": "Weights: {sources}.",
    "alternative": "{emotion}: probability {probability}; {name} {weighs} [{ids}].",
    "alternative_bare": "{emotion}: probability {probability}, from base rates alone.",
    "concluded": "What is shown expresses mostly {emotions}.",
    "silent": "The evidence is too thin to name an emotion: {reason}.",
    "abstained": "The evidence is too thin to name an emotion: {reason}. The likeliest would be {emotions}.",
    "reason.nothing": "there is no observation that this engine has a weight for",
    "reason.weak": "the observations hardly tell the emotions apart",
    "reason.spread": "they speak for several emotions alike (the likeliest has {probability}, {least} is needed)",
    "happiness": "happiness",
    "sadness": "sadness",
    "anger": "anger",
    "fear": "fear",
    "surprise": "surprise",
    "disgust": "disgust",
    "neutral": "neutral",
}

_CHINESE: Final[Phrases] = {
    "observations": "观察：",
    "attributes": "属性：",
    "interpretation": "解读：",
    "expression": "表情：",
    "alternatives": "其他解读：",
    "conclusion": "结论：",
    "emotion": "情绪：",
    "comma": "，",
    "list": "、",
    "but": "，",
    "observation": "{text} [{ids}]。",
    "gap": "{text}。",
    "more_cues": "另有 {count} 项观察未在此列出，其权重已计入总和。",
    "nothing": "没有任何观察在本引擎中有权重。",
    "who": "这里解释的是表达最明显的 {name}，{others}。",
    "other": "{name} 主要表达{emotion}（{probability}）",
    "unnamed": "未命名的人",
    "present": "{name}（强度 {amount}）{weighs} [{ids}]。",
    "one_sided": "{name} 只在一侧出现，{weighs} [{ids}]。",
    "together": "{name} 与 {second} 同时出现，{weighs} [{ids}]。",
    "absent": "{name} 已查看而没有出现，{weighs} [{ids}]。",
    "voice": "{name} 偏离常模 {amount} 个标准差，较弱地{weighs} [{ids}]。",
    "contour": "{name}（{amount}，下降为 -1，上升为 +1）较弱地{weighs} [{ids}]。",
    "for": "支持{emotions}",
    "against": "反对{emotions}",
    "only_against": "反对{emotions}",
    "rest": "其余 {count} 项较小的权重合计：{emotions}。",
    "base": "在考虑任何线索之前，已编码面孔的基础比率为：{emotions}。",
    "sum": "对数几率总和：{emotions}，中性相对其余 {neutral}。",
    "shares": "换算为概率：{emotions}。",
    "source": "权重来源：{sources}。",
    "alternative": "{emotion}：概率 {probability}，{name} {weighs} [{ids}]。",
    "alternative_bare": "{emotion}：概率 {probability}，仅来自基础比率。",
    "concluded": "所显示的主要表达{emotions}。",
    "silent": "证据太少，无法确定情绪：{reason}。",
    "abstained": "证据太少，无法确定情绪：{reason}。最可能的是{emotions}。",
    "reason.nothing": "没有任何观察在本引擎中有权重",
    "reason.weak": "这些观察几乎不能区分各种情绪",
    "reason.spread": "这些观察同样支持几种情绪，最可能的只有 {probability}，需要 {least}",
    "happiness": "高兴",
    "sadness": "悲伤",
    "anger": "愤怒",
    "fear": "恐惧",
    "surprise": "惊讶",
    "disgust": "厌恶",
    "neutral": "中性",
}

_PHRASES: Final = {"en": _ENGLISH, "zh": _CHINESE}


def phrases(language: str) -> Phrases:
    """Phrases of a language. Raises ConfigError, naming those there are."""
    if language not in _PHRASES:
        raise ConfigError(f"language {language!r} is not available; expected one of {', '.join(_PHRASES)}")
    return _PHRASES[language]
