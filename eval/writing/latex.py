r"""An evaluation as LaTeX tables for papers: ``booktabs``, one table for each suite; intervals in small type."""

import re
from typing import Final

from ..outcome import EvalReport
from .grid import Grid, difference_rows, grids

_SPECIAL: Final = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "–": "--",
    "…": r"\ldots{}",
}
_INTERVAL: Final = re.compile(r"(\S+) (\[[^\]]*\])")


def latex(report: EvalReport) -> str:
    r"""Return the tables of a report; the preamble needs ``\usepackage{booktabs}``."""
    made = [table(grid) for grid in grids(report)]
    if (tests := difference_rows(report)) is not None:
        made.append(table(tests))
    return "% Needs \\usepackage{booktabs}.\n" + "\n\n".join(made) + "\n"


def table(grid: Grid) -> str:
    """Return one grid as a table; a rule parts systems from controls."""
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escaped(grid.title)}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(grid.header) - 1)}}}",
        r"\toprule",
        _row(grid.header),
        r"\midrule",
    ]
    for number, row in enumerate(grid.rows):
        if number == grid.controls and number:
            lines.append(r"\midrule")
        lines.append(_row(row))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}"])


def _row(cells: tuple[str, ...]) -> str:
    return " & ".join(_cell(cell) for cell in cells) + r" \\"


def _cell(text: str) -> str:
    found = _INTERVAL.fullmatch(text)
    return rf"{escaped(found[1])} {{\scriptsize {escaped(found[2])}}}" if found else escaped(text)


def escaped(text: str) -> str:
    r"""Text that LaTeX prints instead of obeying.

    Examples
    --------
    >>> print(escaped("a_b & 5 %"))
    a\_b \& 5 \%
    """
    return "".join(_SPECIAL.get(character, character) for character in " ".join(text.split()))
