"""The folder of a synthesis: what lies where, and that one run works on it at a time."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..errors import ConfigError
from ..reasoning.batch.lock import locked
from ..reasoning.batch.run import STATE_FOLDER

#: What a synthesis writes, beside its working state.
OUTPUTS: Final = (
    "rows.jsonl", "rows.parquet", "rejected.jsonl", "preferences.jsonl", "export", "README.md", "card.json",
    "review.html", "loop.json", "synthesis.json",
)  # fmt: skip
#: Of a batch, whose working state has the same place.
JOURNAL: Final = "journal.sqlite"
_CLIPS: Final = "clips.jsonl"
_ROUND: Final = "round-"


class Folder:
    """The output folder; made, and held, by :func:`held`.

    Attributes
    ----------
    out, state : Path
        The folder, and the one within it for what is under way.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.state = out / STATE_FOLDER

    @property
    def clips(self) -> Path:
        """The clips as they were read."""
        return self.state / _CLIPS

    @property
    def decisions(self) -> Path:
        """What people decided on the page for review."""
        return self.state / "decisions.json"

    def round(self, number: int) -> Path:
        """Return the folder of one round of drafting; 0 is the first."""
        return self.state / f"{_ROUND}{number}"


@contextlib.contextmanager
def held(out: Path, *, fresh: bool = False) -> Iterator[Folder]:
    """Make the folder and keep other runs out while the block runs.

    Parameters
    ----------
    out : Path
    fresh : bool
        Begin anew: what an earlier synthesis wrote there is removed, and nothing else.

    Raises
    ------
    ConfigError
        Another run works on it, it cannot be written, it is a batch's, or it holds files under the names of ours that
        no synthesis wrote.
    """
    folder = Folder(out)
    known = (folder.state / "lock").exists()
    foreign = [name for name in OUTPUTS if os.path.lexists(out / name)]
    if foreign and not known:
        raise ConfigError(f"{out / foreign[0]} was not written by a synthesis; name another --out, or move it away")
    if (folder.state / JOURNAL).exists():
        raise ConfigError(f"{out} is the folder of a batch (emoreason batch); name another --out")
    try:
        folder.state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--out {out}: cannot be written: {error.strerror or error}") from error
    with locked(folder.state / "lock"):
        if fresh:
            _clear(folder)
        yield folder


def _clear(folder: Folder) -> None:
    """Remove what a synthesis wrote; the lock stays, somebody may be waiting for it."""
    places = [*(folder.out / name for name in OUTPUTS), *folder.state.iterdir()]
    for path in places:
        if path.name == "lock":
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
