"""Files of stimuli are written whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ...errors import RecordError


@contextmanager
def whole_file(path: Path) -> Iterator[IO[str]]:
    """Open a text file that takes the place of ``path`` when the block ends well; before, what stood there stays.

    Raises
    ------
    RecordError
        It cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(partial, "w", encoding="utf-8", newline="\n") as file:
            yield file
        partial.replace(path)
    except OSError as error:
        raise RecordError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
