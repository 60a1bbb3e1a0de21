"""Pictures of a report, which are data, made ready for the templates."""

from collections.abc import Callable
from typing import Any, Final

from .chart import Chart, bars_chart
from .heat_map import HeatMap, heat_map
from .json_types import Json, objects
from .line_chart import LineChart, line_chart

Drawing = Chart | HeatMap | LineChart

_KINDS: Final[dict[str, Callable[[Json], Drawing]]] = {"matrix": heat_map, "lines": line_chart, "bars": bars_chart}


def drawings(pictures: Any) -> tuple[Drawing, ...]:
    """Make drawings of pictures, in their order; kinds that this page does not know are left out.

    Examples
    --------
    >>> [drawing.kind for drawing in drawings([{"kind": "bars", "bars": [["joy", 0.5, None, None]]}, {"kind": "pie"}])]
    ['chart']
    """
    known = [picture for picture in objects(pictures) if str(picture.get("kind")) in _KINDS]
    return tuple(_KINDS[str(picture["kind"])](picture) for picture in known)
