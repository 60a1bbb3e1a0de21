"""Clips by their names: ``dia3_utt4`` in a gold file and ``clips/dia3_utt4.mp4`` in a prediction are one clip."""

import re
from collections.abc import Iterable
from typing import Final

_ENDING: Final = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")


def plain_name(clip: str) -> str:
    r"""Name of a clip without its folder and the ending of its file.

    Examples
    --------
    >>> plain_name("clips/dia3_utt4.mp4"), plain_name("C:\\a\\b.wav"), plain_name("v1.5"), plain_name(".mp4")
    ('dia3_utt4', 'b', 'v1.5', '.mp4')
    """
    name = clip.replace("\\", "/").rsplit("/", 1)[-1] or clip
    return _ENDING.sub("", name) or name


class ClipNames:
    """Finds the clip that a name means: the one of that id, else without the file's ending, else without its folder.

    A name that two clips have names neither.

    Examples
    --------
    >>> names = ClipNames(["a/x.mp4", "b/x.mp4", "y"])
    >>> [names.find(name) for name in ("a/x.mp4", "a/x", "x", "clips/y.wav", "z")]
    ['a/x.mp4', 'a/x.mp4', None, 'y', None]
    """

    def __init__(self, clips: Iterable[str]) -> None:
        self._ids = set(clips)
        self._by_name: dict[str, str | None] = {}
        for clip in sorted(self._ids):
            for name in {_ENDING.sub("", clip), plain_name(clip)}:
                self._by_name[name] = None if name in self._by_name else clip

    def find(self, clip: str) -> str | None:
        """Id of the clip meant; None where there is none, or more than one."""
        if clip in self._ids:
            return clip
        without_ending = _ENDING.sub("", clip)
        return self._by_name.get(without_ending if without_ending in self._by_name else plain_name(clip))
