"""Label fields as the open-vocabulary benchmarks write them."""

import math
import re
from typing import Final

_SEPARATOR: Final = re.compile("['\",]")


def parse_labels(field: object) -> list[str]:
    r"""Labels of one field, by the published rule.

    A list (tuple, array) is taken as it is, a set in sorted order. A string is not stripped; one leading ``[`` and then
    one trailing ``]`` are dropped; it is split at ``'``, ``"`` and ``,`` and at nothing else; empty pieces are dropped.
    Every label is stripped and lower-cased. None, NaN (pandas' ``NA``) and ``""`` give no labels.

    Raises
    ------
    TypeError
        The field is anything else (a dict, bytes, a number): to read it as no labels would turn gold into ``neutral``.

    Source: MERTools (zeroQiaoba/MERTools), ``string_to_list``; a lone ``[`` raises there and gives ``[]`` here.

    Examples
    --------
    >>> parse_labels("['Happy', \"don't know\"]")
    ['happy', 'don', 't know']
    >>> parse_labels(None), parse_labels(["A; b "])
    ([], ['a; b'])
    """
    if hasattr(field, "tolist"):  # an array, or one value of it
        field = field.tolist()
    if isinstance(field, list | tuple):
        return [str(item).lower().strip() for item in field]
    if isinstance(field, set | frozenset):
        return sorted(str(item).lower().strip() for item in field)
    if _is_missing(field):
        return []
    if not isinstance(field, str):
        raise TypeError(f"expected labels as a list, set or str, or None; got {type(field).__name__}")
    text = field.removeprefix("[").removesuffix("]")
    return [piece.lower().strip() for part in _SEPARATOR.split(text) if (piece := part.strip())]


def _is_missing(field: object) -> bool:
    """Whether it is None, NaN or the NA of pandas, which is told by its name: pandas is not imported for it."""
    return field is None or (isinstance(field, float) and math.isnan(field)) or type(field).__name__ == "NAType"
