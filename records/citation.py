"""Citations: cue ids in square brackets, as claims carry them."""

import re
from typing import Final

_CITATION: Final = re.compile(r"\s*\[[^\[\]]*\.[^\[\]]*\]")


def without_citations(text: str) -> str:
    """Text without the cue ids in square brackets.

    Examples
    --------
    >>> without_citations("The lips part [face1.AU25.1, face1.AU26.1].")
    'The lips part.'
    """
    return _CITATION.sub("", text)
