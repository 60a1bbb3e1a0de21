"""Single clips as data in the page: its script shows a few at a time, so that ten thousand cost no more than ten."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from ..text import shown
from .json_types import Json, objects
from .suites import Named

#: Characters that could end a script element or begin a comment in one.
_ESCAPES: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def clips_data(report: Json, systems: Sequence[Named]) -> Markup | None:
    r"""JSON of the clips and of who said what, safe inside ``<script type="application/json">``; None without clips.

    The script puts every text in as text, never as HTML; characters that cannot be seen are taken out here.

    Examples
    --------
    >>> print(clips_data({"clips": [{"clip": "</script>"}]}, ()))
    {"systems":[],"clips":[{"clip":"\u003c/script\u003e"}]}
    """
    clips = objects(report.get("clips"))
    if not clips:
        return None
    value = {"systems": [{"name": named.name, "kind": named.role} for named in systems], "clips": clips}
    text = json.dumps(_visible(value), ensure_ascii=False, separators=(",", ":"))
    return Markup(text.translate(_ESCAPES))  # noqa: S704 - JSON without "<", ">" and "&"


def _visible(value: Any) -> Any:
    """Take out what cannot be seen but line breaks, in every text; numbers that JSON does not know become null."""
    if isinstance(value, str):
        return "\n".join(map(shown, value.split("\n")))
    if isinstance(value, Mapping):
        return {shown(str(key)): _visible(entry) for key, entry in value.items()}
    if isinstance(value, Sequence):
        return [_visible(entry) for entry in value]
    if isinstance(value, float) and not -float("inf") < value < float("inf"):
        return None
    return value if value is None or isinstance(value, bool | int | float) else str(value)
