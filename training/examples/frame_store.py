"""Pictures on disk: each once, by its content; and what was taken of which clip, so that it is taken once.

A run that is killed leaves whole files behind and perhaps a temporary one; several processes may write side by side.
"""

import base64
import hashlib
import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...prompts.render import Picture
from ...records import Frame


@dataclass(frozen=True, slots=True)
class Taken:
    """Pictures of one row, and what must be said about those that there are not."""

    frames: tuple[Frame, ...] = ()
    notes: tuple[str, ...] = ()


class FrameStore:
    """A folder of JPEG files named by their sha256, and JSON files named by what was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    def frame(self, picture: Picture) -> Frame:
        """Write a picture that is a data URL, and return it as a frame."""
        data = (picture.url or "").partition(",")[2]
        path = self.add(base64.b64decode(data, validate=True))
        return Frame(time_s=picture.time_s, path=str(path), cue_id=picture.cue_id)

    def add(self, jpeg: bytes) -> Path:
        """Write a picture unless it is there; return where it is."""
        path = self.folder / f"{hashlib.sha256(jpeg).hexdigest()}.jpg"
        if _size(path) != len(jpeg):
            _write(path, jpeg)
        return path

    def known(self, asked: Any) -> Taken | None:
        """Return what was taken when the same was asked before; None if it was not, or its pictures are gone."""
        try:
            kept = json.loads(self._place(asked).read_bytes())
            if any(_size(self.folder / one["path"]) != one["size"] for one in kept["frames"]):
                return None
            return Taken(tuple(map(self._frame, kept["frames"])), tuple(kept["notes"]))
        except (OSError, ValueError, KeyError, TypeError):  # not there, or not as it was written
            return None

    def keep(self, asked: Any, taken: Taken) -> None:
        """Remember what was taken; what lies in the folder itself is found again when the folder is moved."""
        frames = [
            {
                "time_s": frame.time_s,
                "path": path.name if (path := Path(frame.path)).parent == self.folder else frame.path,
                "cue_id": frame.cue_id,
                "size": _size(path),
            }
            for frame in taken.frames
        ]
        _write(self._place(asked), json.dumps({"frames": frames, "notes": taken.notes}).encode())

    def _frame(self, kept: dict[str, Any]) -> Frame:
        return Frame(time_s=kept["time_s"], path=str(self.folder / kept["path"]), cue_id=kept["cue_id"])

    def _place(self, asked: Any) -> Path:
        return self.folder / f"{hashlib.sha256(json.dumps(asked).encode()).hexdigest()}.json"


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        partial.write_bytes(data)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
