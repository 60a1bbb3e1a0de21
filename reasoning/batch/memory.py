"""What stages came to, kept by what decides it: cues of clips, completions of models. Several batches may share it."""

import json
import zlib
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from ..conversation.turn import Completion
from .database import Database

_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS results (
    stage TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, UNIQUE (stage, key)
)
"""


class StageResults:
    """JSON values by stage and key, in ``stages.sqlite`` of a folder.

    Parameters
    ----------
    folder : Path
        On a local disk where several processes share it.
    alone : bool
        No other process uses it.

    Raises
    ------
    ConfigError
        The file is damaged or of another version.
    StorageError
        It cannot be written.
    """

    def __init__(self, folder: Path, *, alone: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._base = Database(folder / "stages.sqlite", _SCHEMA, _VERSION, alone=alone)

    def get(self, stage: str, key: str) -> Any:
        """Return what was kept; None when there is nothing, or nothing that can be read."""
        found = self._base.rows("SELECT value FROM results WHERE stage = ? AND key = ?", stage, key)
        try:
            return json.loads(zlib.decompress(found[0][0])) if found else None
        except (ValueError, zlib.error):
            return None

    def keep(self, stage: str, key: str, value: Any) -> None:
        """Keep a JSON value; it survives the death of this process from here on."""
        packed = zlib.compress(json.dumps(value).encode("ascii"), 1)
        self._base.write("INSERT OR REPLACE INTO results VALUES (?, ?, ?)", stage, key, packed)

    def close(self) -> None:
        """Close the file."""
        self._base.close()


class Completions:
    """Completions by :meth:`~emoreason.reasoning.conversation.Chat.key`: a Memory.

    Parameters
    ----------
    results : StageResults
        Where they are kept.
    salt : str
        Completions kept under another salt are not found: what failed is asked anew when it is tried again.
    """

    def __init__(self, results: StageResults, salt: str = "") -> None:
        self._results = results
        self._salt = salt

    def recall(self, key: str) -> Completion | None:
        """Return what was written before, if anything."""
        value = self._results.get("complete", self._salted(key))
        try:
            return None if value is None else _completion(value)
        except (TypeError, KeyError):
            return None

    def keep(self, key: str, completion: Completion) -> None:
        """Remember what was written."""
        self._results.keep("complete", self._salted(key), asdict(completion))

    def _salted(self, key: str) -> str:
        return sha256(f"{self._salt}:{key}".encode()).hexdigest() if self._salt else key


def _completion(value: dict[str, Any]) -> Completion:
    lists = {name: tuple(item) for name, item in value.items() if isinstance(item, list)}
    return Completion(**{**value, **lists})
