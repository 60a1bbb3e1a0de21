"""What ``emoreason eval`` writes: files in a folder, tables on the terminal, JSON."""

import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import ConfigError
from .eval_tables import show_report
from .terminal import notice, print_json

if TYPE_CHECKING:
    from ..eval.outcome import EvalReport

#: Measures of a suite that a terminal shows; files and JSON hold all.
_SHOWN: Final = 12


def check_out(out: str | None) -> Path | None:
    """Make the folder before anything is scored; ConfigError when it cannot be."""
    if out is None:
        return None
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--out {out}: cannot be written: {error.strerror or error}") from error
    return folder


def deliver(report: "EvalReport", folder: Path | None, *, as_json: bool, told: Sequence[str] = ()) -> None:
    """Write the files, and show what is to be read now."""
    from ..eval.writing.report_json import report_value

    value = report_value(report)
    if folder is not None:
        _write_all(report, value, folder)
    if as_json:
        shown = {key: item for key, item in value.items() if key != "clips"}
        print_json(json.dumps(shown, ensure_ascii=False, allow_nan=False))
    else:
        show_report(report, most=_SHOWN, told=told)
    if folder is not None:
        notice(f"{folder / 'report.html'}: the report; report.json, report.md and report.tex hold the same")


def _write_all(report: "EvalReport", value: dict[str, Any], folder: Path) -> None:
    from ..eval.writing.latex import latex
    from ..eval.writing.markdown import markdown
    from ..report.evaluation import render_evaluation

    texts = {
        "report.json": json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n",
        "report.md": markdown(report),
        "report.tex": latex(report),
        "report.html": render_evaluation(value),
    }
    for name, text in texts.items():
        _write(folder / name, text)


def _write(path: Path, text: str) -> None:
    """Write a file that is whole or not there."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        partial.write_bytes(text.encode("utf-8", "backslashreplace"))
        os.replace(partial, path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
