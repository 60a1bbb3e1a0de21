"""Label fields as the open-vocabulary benchmarks write them."""

import re
from typing import Final

_SEPARATOR: Final = re.compile("['\",]")


def parse_labels(field: object) -> list[str]:
    r"""Labels of one field, by the published rule.

    A list (tuple, array) is taken as it is. A string is not stripped; one leading ``[`` and then one trailing ``]`` are
    dropped; it is split at ``'``, ``"`` and ``,`` and at nothing else; empty pieces are dropped. Every label is
    stripped and lower-cased. None, NaN and ``""`` give no labels.

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
    if not isinstance(field, str):
        return []
    text = field.removeprefix("[").removesuffix("]")
    return [piece.lower().strip() for part in _SEPARATOR.split(text) if (piece := part.strip())]
