"""What decides the cues of a clip: its bytes, what lies beside it, what extraction is told."""

import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, cast

from ...cues.container import open_regular
from ...cues.extractor import Settings
from ...cues.sidecar import MAX_BYTES, SUFFIXES
from ...errors import EmoreasonError
from .memory import StageResults

_FILE: Final = "file"


def clip_key(path: str, settings: Settings, fingerprint: Mapping[str, Any], results: StageResults) -> str | None:
    """Key of a clip's cues for caches; None when its file cannot be read (extraction will say why)."""
    try:
        parts = [_file_digest(path, results), _beside(path), asdict(settings), fingerprint]
    except (OSError, EmoreasonError):
        return None
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("ascii")).hexdigest()


def _file_digest(path: str, results: StageResults) -> str:
    """sha256 of a file; of one that has not changed since, as it was computed then."""
    with open_regular(path) as file:
        status = os.fstat(file.fileno())
        same = f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{os.path.abspath(path)!a}"
        if isinstance(known := results.get(_FILE, same), str):
            return known
        digest = hashlib.file_digest(cast("io.BufferedReader", file), "sha256").hexdigest()
    results.keep(_FILE, same, digest)
    return digest


def _beside(path: str) -> list[str]:
    """Digests of the transcripts that may lie beside a clip."""
    found = []
    for suffix in SUFFIXES:
        place = Path(path).with_suffix(suffix)
        if place.is_file():
            with open_regular(place) as file:
                found.append(f"{suffix} {hashlib.sha256(file.read(MAX_BYTES + 1)).hexdigest()}")
    return found
