"""The folder of a synthesis: what lies where, and that one run works on it at a time."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..errors import ConfigError, RecordError
from ..reasoning.batch.lock import locked
from ..reasoning.batch.outputs import sync_folder
from ..reasoning.batch.run import STATE_FOLDER

#: What a synthesis writes, beside its working state.
OUTPUTS: Final = (
    "rows.jsonl", "rows.parquet", "rejected.jsonl", "preferences.jsonl", "export", "README.md", "card.json",
    "review.html", "loop.json", "synthesis.json",
)  # fmt: skip
#: Of a batch, whose working state has the same place.
JOURNAL: Final = "journal.sqlite"
_CLIPS: Final = "clips.jsonl"
_MADE: Final = "outputs"
_PLACING: Final = "placing.json"
_MANIFEST: Final = OUTPUTS[-1]
_ROUND: Final = "round-"


class Folder:
    """The output folder; made, and held, by :func:`held`.

    Attributes
    ----------
    out, state : Path
        The folder, and the one within it for what is under way.
    """

    def __init__(self, out: Path) -> None:
        # What is being made belongs to the folder that it is made for.
        inner = out.name == _MADE and out.parent.name == STATE_FOLDER
        self.out = out.parent.parent if inner else out
        self.state = self.out / STATE_FOLDER

    @property
    def clips(self) -> Path:
        """The clips as they were read."""
        return self.state / _CLIPS

    @property
    def decisions(self) -> Path:
        """What people decided on the page for review."""
        return self.state / "decisions.json"

    @property
    def made(self) -> Path:
        """Where outputs are made, until all of them are there and :meth:`place` puts them in their places."""
        return self.state / _MADE

    def begin(self, *, copied: bool = False) -> Path:
        """Make a place for outputs and return it; empty, or with those that are there.

        Raises
        ------
        RecordError
            It cannot be made.
        """
        shutil.rmtree(self.made, ignore_errors=True)
        try:
            self.made.mkdir(parents=True)
            for path in self._outputs() if copied else ():
                place = self.made / path.relative_to(self.out)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, place)
        except OSError as error:
            raise RecordError(f"{self.made}: cannot be written: {error.strerror or error}") from error
        return self.made

    def place(self) -> None:
        """Put what was made in the place of the outputs that are there; those that were not made again go.

        What is to be moved is noted first: where a run ends in between, the next one that holds the folder goes on. A
        folder without ``synthesis.json`` is one in which that happened.

        Raises
        ------
        RecordError
            Something cannot be moved.
        """
        names = sorted(str(path.relative_to(self.made)) for path in self.made.rglob("*") if path.is_file())
        try:
            write_synced(self.state / _PLACING, json.dumps(names))
            self.go_on_placing()
        except OSError as error:
            raise RecordError(f"{self.out}: outputs cannot be put there: {error.strerror or error}") from error

    def go_on_placing(self) -> None:
        """Move what was noted to be moved; nothing where no run ended in between."""
        note = self.state / _PLACING
        if not note.exists():
            return
        names: list[str] = json.loads(note.read_text(encoding="utf-8"))
        if (self.made / _MANIFEST).exists():
            (self.out / _MANIFEST).unlink(missing_ok=True)
        for path in list(self._outputs()):
            # What this run has not made is of an earlier one.
            if str(path.relative_to(self.out)) not in names:
                path.unlink()
        for name in sorted(names, key=lambda name: name == _MANIFEST):
            if (self.made / name).exists():
                (self.out / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(self.made / name, self.out / name)
        sync_folder(self.out)
        shutil.rmtree(self.made, ignore_errors=True)
        note.unlink()

    def _outputs(self) -> Iterator[Path]:
        """Yield the outputs that are in their places; other files beside them are not ours."""
        for name in OUTPUTS:
            path = self.out / name
            inner = path.glob("*/*.json*") if path.is_dir() and not path.is_symlink() else [path]
            yield from (one for one in inner if one.is_file())

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
        folder.go_on_placing()
        yield folder


def write_synced(path: Path, text: str) -> None:
    """Write a small file, whole or not at all, and see to it that it is on the disk."""
    partial = path.with_name(f".{path.name}.partial")
    with open(partial, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
    sync_folder(path.parent)


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
