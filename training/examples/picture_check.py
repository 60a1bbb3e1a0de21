"""Whether files are pictures that a trainer can open, found out in the killable child process.

The trainer opens a row's own frames with Pillow, in its own process. So they are decoded once before, with the same
library, where a hostile file costs nothing but itself.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ...cues.container import media_error, open_regular
from ...cues.sandbox import run_in_child
from ...errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...cues.child import Task

_FORMATS: Final = ("JPEG", "PNG", "WEBP")


@dataclass(frozen=True, slots=True)
class Checked:
    """Size of a picture in pixels, or what is wrong with the file."""

    width: int = 0
    height: int = 0
    wrong: str | None = None


def check_pictures(paths: "Sequence[str]") -> dict[str, Checked]:
    """Open pictures in a child process and tell the size of each, or what is wrong with it.

    Never raises for what is wrong with a file. If one brings the child down, halves are tried until it is found.
    """
    if not paths:
        return {}
    try:
        answers = run_in_child("training.examples.picture_check:check_task", paths[0], {"paths": list(paths)})
    except MediaError as error:
        if len(paths) == 1:
            return {paths[0]: Checked(wrong=str(error))}
        middle = len(paths) // 2
        return check_pictures(paths[:middle]) | check_pictures(paths[middle:])
    return {path: Checked(**answer) for path, answer in zip(paths, answers, strict=True)}


def check_task(task: "Task") -> list[dict[str, Any]]:
    """Do what :func:`check_pictures` asks for, in the child process."""
    return [_checked(path, task) for path in task.arguments["paths"]]


def _checked(path: str, task: "Task") -> dict[str, Any]:
    try:
        return _opened(path, task)
    except MediaError as error:
        return {"wrong": str(error)}


def _opened(path: str, task: "Task") -> dict[str, Any]:
    from PIL import Image

    # Our own limit instead of Pillow's warning, which would be an error or not depending on the process.
    Image.MAX_IMAGE_PIXELS = None
    with open_regular(path) as file:
        try:
            with Image.open(file, formats=_FORMATS) as image:
                if image.width * image.height > task.limits.max_pixels:
                    raise media_error(path, f"has {image.width} x {image.height} pixels; expected fewer")
                image.load()
                return {"width": image.width, "height": image.height}
        except (OSError, ValueError, SyntaxError, EOFError) as error:  # what Pillow raises on damaged files
            raise media_error(path, f"is no JPEG, PNG or WebP picture that can be read: {error}") from error
