"""Verdicts on disk: one small JSON file per key, safe with several processes."""

import json
import logging
import os
import tempfile
from pathlib import Path
from typing import Any

_LOG = logging.getLogger(__name__)


class VerdictCache:
    """A folder of verdicts.

    A file is written under another name and then put in place, so readers see all of it or nothing; what cannot be
    read counts as missing. A folder that cannot be written costs requests, never a training run.

    Parameters
    ----------
    folder : path, optional
        Default: ``judge`` in the user's cache folder.
    """

    #: What the warning calls them.
    what = "the judge's verdicts"

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self._given = Path(folder) if folder is not None else None
        self._warned = False

    @property
    def folder(self) -> Path:
        """Where the files are."""
        if self._given is None:
            from platformdirs import user_cache_path

            self._given = user_cache_path("emoreason", appauthor=False) / "judge"
        return self._given

    def get(self, key: str) -> dict[str, Any] | None:
        """Verdict of a key, None when there is none that can be read."""
        try:
            value = json.loads(self._file(key).read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def put(self, key: str, verdict: dict[str, Any]) -> None:
        """Keep a verdict."""
        file = self._file(key)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".part")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as part:
                    json.dump(verdict, part)
                os.replace(name, file)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            if not self._warned:
                self._warned = True
                _LOG.warning("%s cannot be kept in %s: %s", self.what, self.folder, error.strerror)

    def _file(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"
