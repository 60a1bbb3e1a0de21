"""What is gathered from one clip, and its form on the wire between the child process and its parent."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np
import numpy.typing as npt

from ..errors import RecordError
from ..records import CueSet, Curve
from ..records.convert import from_json, to_json
from ..records.labels import Modality

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Cues of one clip, the curves they were read from, and where the time went.

    ``seconds`` maps ``decode`` (waiting for libav) and each extractor's short name to seconds spent.
    """

    cueset: CueSet
    curves: tuple[Curve, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)

    def plot(self, **options: Any) -> "Figure | SubFigure":
        """Draw the cues with their curves; options as for :meth:`emoreason.records.CueSet.plot`."""
        return self.cueset.plot(curves=self.curves, **options)


def to_wire(gathered: Gathered) -> dict[str, Any]:
    """JSON value of a Gathered; curves as columns of float64 in base64, equal time axes written once."""
    axes: dict[tuple[float, ...], int] = {}
    curves = [
        {
            "modality": curve.modality,
            "code": curve.code,
            "unit": curve.unit,
            "subject": curve.subject,
            "axis": axes.setdefault(curve.times_s, len(axes)),
            "values": _packed([float("nan") if value is None else value for value in curve.values]),
        }
        for curve in gathered.curves
    ]
    return {
        "cueset": to_json(gathered.cueset),
        "axes": [_packed(list(axis)) for axis in axes],
        "curves": curves,
        "seconds": dict(gathered.seconds),
    }


def from_wire(value: Any) -> Gathered:
    """Rebuild a Gathered from what :func:`to_wire` made.

    Raises
    ------
    RecordError
        It is not that; the other side is a process that reads files from anyone, so nothing is taken on trust.
    """
    try:
        axes = [tuple(_unpacked(axis).tolist()) for axis in value["axes"]]
        curves = tuple(_curve(item, axes) for item in value["curves"])
        seconds = {str(name): float(number) for name, number in value["seconds"].items()}
        cueset = from_json(value["cueset"], CueSet)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise RecordError(f"what the extraction process wrote cannot be read: {error!r}") from error
    return Gathered(cueset=cueset, curves=curves, seconds=seconds)


def _curve(item: Mapping[str, Any], axes: list[tuple[float, ...]]) -> Curve:
    values = _unpacked(item["values"])
    times_s = axes[item["axis"]]
    if len(values) != len(times_s) or item["modality"] not in get_args(Modality):
        raise ValueError(f"curve {item['code']!r} is inconsistent")
    missing = np.isnan(values)
    numbers = cast("list[float | None]", values.tolist())
    for index in np.flatnonzero(missing):
        numbers[index] = None
    return Curve(
        modality=item["modality"],
        code=str(item["code"]),
        times_s=times_s,
        values=tuple(numbers),
        unit=None if item["unit"] is None else str(item["unit"]),
        subject=None if item["subject"] is None else str(item["subject"]),
    )


def _packed(numbers: list[float]) -> str:
    return base64.b64encode(np.asarray(numbers, dtype="<f8").tobytes()).decode("ascii")


def _unpacked(text: str) -> npt.NDArray[np.float64]:
    return np.frombuffer(base64.b64decode(text, validate=True), dtype="<f8")
