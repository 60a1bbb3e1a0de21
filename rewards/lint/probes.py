"""What a reward reads: change one thing of the honest answers and see whether any score changes.

- labels, classes, affect, action units: those of another scene stand in the answer;
- reasoning: every letter of the thought becomes another one, so that its form and length stay;
- length: the whole thought stands there forty times, or only its last line, in place of its letters as gibberish;
- form: chat and tags around or between the parts, which a reader of the parts would not mind; or the thought without
  its tags, where that is not the same to the reward as no thought.
"""

import string
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from .attacks import ATTACKS, Aspect, Attack
from .scenes import Draft, Scene
from .target import Scores

#: Drafts of all scenes -> their scores.
ScoreDrafts = Callable[[Sequence[Draft]], Scores]

_JUNK: Final = tuple(attack for attack in ATTACKS if attack.name.startswith("tag junk"))
_LETTERS: Final = str.maketrans(
    string.ascii_lowercase + string.ascii_uppercase,
    "".join(letters[7:] + letters[:7] for letters in (string.ascii_lowercase, string.ascii_uppercase)),
)
_CJK_FIRST, _CJK_LAST = 0x4E00, 0x9FFF
_OFTEN: Final = 40
_SAME: Final = 1e-6


def aspects_read(scenes: Sequence[Scene], honest: Scores, score: ScoreDrafts) -> dict[Aspect, bool]:
    """Say of each aspect whether the reward reads it."""

    def changes(write: Callable[[Scene], Draft], beside: Scores = honest) -> bool:
        return _differ(score([write(scene) for scene in scenes]), beside)

    other = _others(scenes)

    def swapped(*keys: str) -> Callable[[Scene], Draft]:
        return lambda scene: replace(scene.honest, answer=_taken(scene, other[scene.id], keys))

    read: dict[Aspect, bool] = {
        "labels": changes(swapped("labels")),
        "classes": changes(swapped("emotions")),
        "affect": changes(swapped("valence", "arousal")),
        "action_units": changes(swapped("action_units")),
        "reasoning": changes(lambda scene: replace(scene.honest, think=gibberish(scene.honest.think or ""))),
    }
    nonsense = score([_nonsense(scene, 1) for scene in scenes])
    read["length"] = changes(lambda scene: _nonsense(scene, _OFTEN), nonsense) or changes(_last_line, nonsense)
    read["form"] = any(changes(_written(attack)) for attack in _JUNK) or _reads_tags(
        scenes, honest, score, thinks=read["reasoning"] or read["length"]
    )
    return read


def _written(attack: Attack) -> Callable[[Scene], Draft]:
    return lambda scene: attack.write(scene, 0)


def _reads_tags(scenes: Sequence[Scene], honest: Scores, score: ScoreDrafts, *, thinks: bool) -> bool:
    without_tags = score([replace(scene.honest, bare=True) for scene in scenes])
    if not _differ(without_tags, honest):
        return False
    return not thinks or _differ(without_tags, score([replace(scene.honest, think="") for scene in scenes]))


def gibberish(text: str) -> str:
    """Text of the same length and shape that says nothing.

    Examples
    --------
    >>> gibberish("AU12 rises, 微笑。")
    'HB12 ypzlz, 捠练。'
    """
    return "".join(
        chr(ord(character) + 0x3B2 * (1 if ord(character) + 0x3B2 <= _CJK_LAST else -1))
        if _CJK_FIRST <= ord(character) <= _CJK_LAST
        else character
        for character in text.translate(_LETTERS)
    )


def _nonsense(scene: Scene, times: int) -> Draft:
    return replace(scene.honest, think="\n".join([gibberish(scene.honest.think or "")] * times))


def _last_line(scene: Scene) -> Draft:
    return replace(scene.honest, think=gibberish((scene.honest.think or "").splitlines()[-1][-20:]))


def _others(scenes: Sequence[Scene]) -> dict[str, Scene]:
    """Give each scene one of another class."""
    return {
        scene.id: next(
            other for other in [*scenes[n:], *scenes[:n]] if other.reference.emotion != scene.reference.emotion
        )
        for n, scene in enumerate(scenes)
    }


def _taken(scene: Scene, other: Scene, keys: Sequence[str]) -> dict[str, Any]:
    return {**scene.honest.answer, **{key: other.honest.answer[key] for key in keys}}


def _differ(scores: Scores, beside: Scores) -> bool:
    return any(
        (one is None) != (two is None) or (one is not None and two is not None and abs(one - two) > _SAME)
        for one, two in zip(scores, beside, strict=True)
    )
