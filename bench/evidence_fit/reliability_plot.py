"""Reliability diagram as a small SVG: stated probability against the crowd's share."""

from collections.abc import Sequence

from .measure import Bin

_SIDE = 320
_LEFT, _TOP = 60, 30


def reliability_svg(spread: Sequence[Bin], answered: Sequence[Bin]) -> str:
    """Draw both sets of bins over the diagonal of perfect calibration; areas follow the counts."""
    width, height = _LEFT + _SIDE + 30, _TOP + _SIDE + 60
    ticks = "".join(_tick(step / 5) for step in range(6))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12" role="img">'
        "<title>Stated probability against the crowd's share, held-out faces</title>"
        f'<rect width="{width}" height="{height}" fill="white"/>'
        f'<rect x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#888"/>'
        f'<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="#888" stroke-dasharray="4 4"/>{ticks}'
        f"{_bins(spread, '#1f6fb4')}{_bins(answered, '#c8551b')}"
        f'<text x="{_x(0.5)}" y="{_TOP + _SIDE + 40}" text-anchor="middle">stated probability</text>'
        f'<text transform="translate(18 {_y(0.5)}) rotate(-90)" text-anchor="middle">crowd\'s share</text>'
        f'<text x="{_LEFT + 12}" y="{_TOP + 20}" fill="#1f6fb4">every emotion</text>'
        f'<text x="{_LEFT + 12}" y="{_TOP + 38}" fill="#c8551b">the answer given</text></svg>\n'
    )


def _x(value: float) -> float:
    return round(_LEFT + value * _SIDE, 1)


def _y(value: float) -> float:
    return round(_TOP + (1 - value) * _SIDE, 1)


def _tick(value: float) -> str:
    return (
        f'<text x="{_x(value)}" y="{_TOP + _SIDE + 18}" text-anchor="middle">{value:.1f}</text>'
        f'<text x="{_LEFT - 8}" y="{_y(value) + 4}" text-anchor="end">{value:.1f}</text>'
    )


def _bins(bins: Sequence[Bin], colour: str) -> str:
    total = sum(b.count for b in bins)
    line = "L".join(f"{_x(b.stated)} {_y(b.observed)}" for b in bins)
    dots = "".join(
        f'<circle cx="{_x(b.stated)}" cy="{_y(b.observed)}" r="{3 + 9 * (b.count / total) ** 0.5:.1f}" '
        f'fill="{colour}" fill-opacity=".6"/>'
        for b in bins
    )
    return f'<path d="M{line}" fill="none" stroke="{colour}"/>{dots}'
