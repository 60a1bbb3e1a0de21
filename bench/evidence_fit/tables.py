"""The shipped CSV files: rows, number format, and the comment lines that say where they come from."""

from collections.abc import Iterable
from pathlib import Path

from emoreason.reasoning.evidence.tables import SIX

from .model import Fitted
from .sources import literature_rows, voice_rows

_COLUMNS = ",".join(SIX)


def write_sources(folder: Path) -> None:
    """Write the tables that rest on published sources alone."""
    (folder / "evidence_literature.csv").write_text(literature_table(), encoding="utf-8")
    (folder / "evidence_voice.csv").write_text(voice_table(), encoding="utf-8")


def write_fitted(folder: Path, fitted: Fitted, n_faces: int) -> None:
    """Write the fitted table."""
    (folder / "evidence_fitted.csv").write_text(fitted_table(fitted, n_faces), encoding="utf-8")


def literature_table() -> str:
    """Write the table of ``--weights literature``."""
    lines = [
        "# Log-odds of published FACS tables; made by bench/fit_evidence.py, nothing fitted. Each row sums to 0.",
        f"kind,code,{_COLUMNS},source",
        f"base,,{_numbers([0.0] * 6)},even odds",
    ]
    lines += [f'{kind},{code},{_numbers(values)},"{source}"' for kind, code, values, source in literature_rows()]
    return "\n".join(lines) + "\n"


def voice_table() -> str:
    """Voice weights per standard deviation."""
    lines = [
        "# Log-odds per standard deviation above the norm; made by bench/fit_evidence.py. Weak: one measure explains",
        "# at most 6 % of the variance between emotions. Direction and relative strength only; the scale is not ours.",
        f"code,family,{_COLUMNS},neutral,source",
    ]
    lines += [
        f'{code},{family},{_numbers([*values, neutral])},"{source}"'
        for code, family, values, neutral, source in voice_rows()
    ]
    return "\n".join(lines) + "\n"


def fitted_table(fitted: Fitted, n_faces: int) -> str:
    """Write the default table."""
    lines = [
        f"# Log-odds fitted by bench/fit_evidence.py on {n_faces} faces with human FACS codes (RAF-AU) and crowd",
        "# distributions (RAF-ML), training and validation partitions. Those annotations are released for",
        "# non-commercial research only. Each row sums to 0; `faces` counts the faces that show the action(s).",
        f"kind,code,{_COLUMNS},faces,source",
        f"base,,{_numbers(fitted.base)},{n_faces},{SOURCE_SHORT}",
    ]
    for (kind, code), values in zip(fitted.columns, fitted.weights, strict=True):
        count = fitted.faces[kind, code]
        source = SOURCE_SHORT if count else "weight of the published FACS tables"
        lines.append(f"{kind},{code},{_numbers(values)},{count},{source}")
    return "\n".join(lines) + "\n"


SOURCE_SHORT = '"RAF-AU codes, RAF-ML crowd"'


def _numbers(values: Iterable[float]) -> str:
    return ",".join(f"{value + 0.0:.4f}".replace("-0.0000", "0.0000") for value in values)
