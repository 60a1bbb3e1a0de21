"""Sentences in which a language model refused: prose of data sets of which a model wrote parts holds some.

They say something of the model and nothing of the clip. Descriptions of clips are in the third person, so that the
first words tell: "I'm sorry, I can't …", "As an AI …", 「抱歉，我无法……」. What the model says of itself or asks of its
user right behind that ("However, I can describe the scene:") is left out as well; what it then does describe stays,
also in the same sentence ("…, but the woman leans back").
"""

import re
from collections.abc import Iterable
from typing import Final

_EN: Final = r"""
    (?:i(?:'m|\ am)\ (?:\w+\ )?sorry | sorry,?\ (?:but\ )?i\b | i\ (?:must\ |do\ )?apologi[sz]e | (?:my|our)\ apologies
     | (?:as|being)\ an?\ (?:\w+[\ -]){0,3}?(?:ai|a\.i\.|artificial\ intelligence|language\ model|assistant)\b
     | i(?:'m|\ am)\ (?:just\ |only\ )?an?\ (?:\w+[\ -]){0,3}?
       (?:ai|artificial\ intelligence|language\ model|assistant)\b
     | (?:(?:unfortunately|regrettably|sorry|no)[,;]?\ |(?:based|given|from|with|without|in|due)\ [^,.;]{3,60},\ )?
       (?:but\ )?
       (?:i|we)\ (?:\w+\ )?
       (?:can't|cannot|can\ not|won't|will\ not|couldn't
        |(?:'m|am|are)\ (?:\w+\ )?(?:unable|not\ able|not\ allowed|not\ permitted)\ to)
       \ (?:\w+ly\ )?
       (?:help|assist|identify|describe|determine|provide|recogni[sz]e|analy[sz]e|view|see|hear|listen|access|process
        |comply|fulfil|fulfill|generate|answer|tell|discuss|watch|play|open|interpret|perceive|infer|comment|confirm
        |continue|assess|evaluate|make|give|engage|create|complete|offer|speculate|respond|do)\b
     | i(?:'m|\ am)\ (?:unable|not\ able|not\ allowed|not\ permitted)\ to\b
     | i\ (?:do\ not|don't)\ have\ (?:the\ (?:ability|capability|capacity)|access|any\ way)\b
     | it(?:'s|\ is)\ not\ (?:possible|appropriate)\ for\ me\ to\b
    )"""
_ZH: Final = r"""
    (?:(?:我)?(?:很|非常|十分|实在|實在|真的)?(?:抱歉|对不起|對不起|不好意思|遗憾|遺憾)[，,：:！!。\s]
     | (?:作为|作為|身为|身為|我是|我只是)(?:一个|一個|一名|一款|一种|一種)?(?:\w{0,4})
       \s*(?:ai|人工智能|人工智慧|语言模型|語言模型|大模型|智能助手|虚拟助手)
     | 我(?:们|們)?(?:\w{0,4}?)(?:无法|無法|不能|没法|沒法|没有办法|沒有辦法|没有能力|沒有能力|不具备|不具備|不被允许)
     | (?:无法|無法|不能)(?:为您|为你|為您)?(?:提供|协助|協助|帮助|幫助|满足|滿足|回答|完成)
    )"""
#: A sentence that begins so is a refusal.
_REFUSAL: Final = re.compile(rf"[\W_]*(?:{_EN}|{_ZH})", re.IGNORECASE | re.VERBOSE)
#: And one that begins so, right behind it, still is no description.
_BESIDE: Final = re.compile(
    r"""[\W_]*(?:
       (?:(?:however|but|instead|still|nevertheless|yet),?\ )?
       (?:(?:i|we|i'm|i'd|i'll|you|if\ you|let\ me|please|feel\ free|could\ you|can\ you)\b)
     | (?:但是?|不过|不過|然而|如果|若)?[，,]?(?:我|请|請|您|你)
    )""",
    re.IGNORECASE | re.VERBOSE,
)


#: What follows this in a sentence that refuses is of the clip, unless it begins as the model speaks.
_BUT: Final = re.compile(
    r"[,;]\s+(?:but|however,?|although|though)\s+(?=\S)|[，,；;](?:但是?|不过|不過|然而)", re.IGNORECASE
)


def without_refusals(sentences: Iterable[str]) -> tuple[list[str], bool]:
    """Leave out the sentences of a text that refuse, and what belongs to them; whether there were any.

    Examples
    --------
    >>> without_refusals(["I'm unable to identify the man.", "However, I can describe the room.", "A man sits down."])
    (['A man sits down.'], True)
    >>> without_refusals(["I cannot determine the exact emotion, but the woman leans back."])
    (['the woman leans back.'], True)
    >>> without_refusals(["作为一个AI语言模型，我无法识别图片中的人。"]), without_refusals(["She says: I'm sorry."])
    (([], True), (["She says: I'm sorry."], False))
    """
    kept: list[str] = []
    refused = behind = False
    for sentence in sentences:
        plain = sentence.replace("’", "'")
        if not _is_said(plain) and _REFUSAL.match(plain):
            refused = behind = True
            if rest := _described(plain):
                kept.append(rest)
        elif not (behind and _BESIDE.match(plain)):
            behind = False
            kept.append(sentence)
    return kept, refused


def _described(sentence: str) -> str:
    """Return what a sentence that refuses says of the clip nevertheless."""
    rest = _BUT.split(sentence)[-1]
    return "" if rest == sentence or _BESIDE.match(rest) or _REFUSAL.match(rest) else rest


def _is_said(sentence: str) -> bool:
    """Whether somebody in the clip says it, or how it begins (``"I can't help it," she says``)."""
    bare = sentence.strip()
    if bare.count('"') % 2 or bare.count("“") != bare.count("”") or bare.count("「") != bare.count("」"):
        return True  # a part of what is said
    return bare[:1] in _QUOTES and bare[-1:] not in _QUOTES


_QUOTES: Final = ('"', "“", "”", "「", "」")
