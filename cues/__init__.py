"""Cues: media -> CueSet."""

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..records import CueSet
    from .extractor import Settings
    from .gathered import Gathered
    from .limits import Limits

__all__ = ["extract", "extract_with_curves"]


def extract(
    path: str | PathLike[str],
    *,
    settings: "Settings | None" = None,
    extractors: Sequence[str] | None = None,
    limits: "Limits | None" = None,
) -> "CueSet":
    """Extract the cues of one video, audio file or picture, in a child process that may die.

    Parameters
    ----------
    path : str or path
        The clip.
    settings : Settings, optional
        What the extractors should know (transcript, speaker baseline).
    extractors : sequence of str, optional
        ``speech``, ``voice``, ``face``, ``scene``, ``package.module:Class`` or ``file.py:Class``; all four by default.
    limits : Limits, optional
        What the clip may cost.

    Raises
    ------
    MediaError
        The clip cannot be read or breaks a limit.
    ConfigError
        An extractor is named that does not exist.

    Examples
    --------
    >>> from emoreason.cues import extract
    >>> table = extract("clip.mp4").to_dataframe()  # doctest: +SKIP
    """
    return extract_with_curves(path, settings=settings, extractors=extractors, limits=limits).cueset


def extract_with_curves(
    path: str | PathLike[str],
    *,
    settings: "Settings | None" = None,
    extractors: Sequence[str] | None = None,
    limits: "Limits | None" = None,
) -> "Gathered":
    """Extract the cues of one clip and keep the curves they were read from (an AU's intensity per frame, F0 …).

    Parameters and errors are those of :func:`extract`.

    Returns
    -------
    Gathered
        ``cueset``, ``curves``, ``seconds`` (where the time went) and ``plot()``.

    Examples
    --------
    >>> from emoreason.cues import extract_with_curves
    >>> gathered = extract_with_curves("clip.mp4")  # doctest: +SKIP
    >>> gathered.plot().savefig("clip.svg")  # doctest: +SKIP
    """
    from .gather import DEFAULT, gather_in_child

    return gather_in_child(path, settings=settings, extractors=extractors or DEFAULT, limits=limits)
