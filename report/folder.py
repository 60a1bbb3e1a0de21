"""The folder of a report: ``index.html`` and ``pages/NAME.html``, each file whole or not there.

Pages are made in threads of their own, so that whoever explains the clips does not wait for them. A page that cannot
be made costs one page: it is said, and the index shows the clip all the same.
"""

import hashlib
import os
import queue
import re
import secrets
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

from ..cues.limits import Limits
from ..errors import ConfigError, EmoreasonError
from ..records import CueSet, Curve, Explanation
from .clip.illustrate import illustrate
from .clip.illustration import Illustration
from .index import Entry, entry_of, render_index
from .page import render_page

PAGES: Final = "pages"
INDEX: Final = "index.html"
_OURS: Final = re.compile(r".+-[0-9a-f]{10}(?:-\d+)?\.html")
_PARTIAL: Final = re.compile(r"\..+\.html\.[0-9a-f]{8}\.partial")
#: A file under a hidden name is written in moments; an older one was left behind by a killed run.
_DEAD_AFTER_S: Final = 600.0
_LONGEST_STEM: Final = 60
#: Clips whose pages wait to be made; more would only fill the memory with curves.
_WAITING_PER_JOB: Final = 4

Say = Callable[[str, str], None]


class ReportFolder:
    """Writes the pages of a report one by one, and the index when it is closed, however it is closed.

    Parameters
    ----------
    folder : path
        Made if it is not there. Pages of an earlier report that this one does not make again are removed when it is
        complete (or faces are to be blurred): a page nobody lists any more may show what it should not.
    blur_faces : bool
        Faces are blurred in everything the pages show.
    media : bool
        Whether the clips themselves are part of their pages.
    jobs : int
        Pages made at a time.
    limits : Limits, optional
        What showing one clip may cost.
    say : callable, optional
        Told the clip and what of its page could not be made, from the threads that make them.
    done : callable, optional
        Told the clip when its page is finished, well or badly, from the same threads.

    Attributes
    ----------
    made, lost : int
        Number of pages written, and of pages (the index among them) that could not be.
    failed : int
        Number of clips that could not be explained.

    Raises
    ------
    ConfigError
        The folder cannot be made.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        blur_faces: bool = False,
        media: bool = True,
        jobs: int = 1,
        limits: Limits | None = None,
        say: Say | None = None,
        done: Callable[[str], None] | None = None,
    ) -> None:
        self.folder = Path(folder)
        self._blur_faces, self._media, self._limits = blur_faces, media, limits
        self._say: Say = say or (lambda clip, problem: None)
        self._done = done or (lambda clip: None)
        self._orders: list[_Order] = []
        self._failures: list[tuple[str, str]] = []
        self._taken: Counter[str] = Counter()
        self._todo: queue.Queue[_Order | None] = queue.Queue(maxsize=_WAITING_PER_JOB * jobs)
        self._threads: list[threading.Thread] = []
        self._jobs = jobs
        self._stopped = False
        self._index_lost = False
        try:
            (self.folder / PAGES).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{folder}: the report cannot be written there: {error.strerror or error}") from error

    def __enter__(self) -> "ReportFolder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        elif self._orders or self._failures:  # a run that ends before its first result leaves an older report alone
            self._stop()
            self._write_index(complete=False)

    @property
    def index(self) -> Path:
        """Where the index is."""
        return self.folder / INDEX

    @property
    def start(self) -> Path:
        """Where to begin reading: the page of the only clip, else the index."""
        pages = [order.page for order in self._orders if order.entry is not None and order.entry.href]
        return pages[0] if len(pages) == 1 and len(self._orders) == 1 and not self._failures else self.index

    @property
    def made(self) -> int:
        """Number of pages written."""
        return sum(order.entry is not None and order.entry.href is not None for order in self._orders)

    @property
    def lost(self) -> int:
        """Number of pages that could not be made, the index among them."""
        return len(self._orders) - self.made + self._index_lost

    @property
    def failed(self) -> int:
        """Number of clips without an explanation."""
        return len(self._failures)

    def add(
        self,
        explanation: Explanation,
        cueset: CueSet,
        curves: Sequence[Curve] = (),
        *,
        path: str | os.PathLike[str] | None = None,
    ) -> None:
        """Have the page of one clip made; waits only while enough others are in the making.

        Parameters
        ----------
        explanation, cueset, curves
            What the page shows.
        path : path, optional
            Where the clip is now; by default where its cues were extracted from.
        """
        name = page_name(explanation.clip)
        self._taken[name] += 1
        if (number := self._taken[name]) > 1:  # the same clip once more
            name = f"{name}-{number}"
        order = _Order(explanation, cueset, tuple(curves), path, self.folder / PAGES / f"{name}.html")
        self._orders.append(order)
        if len(self._threads) < self._jobs:
            # Daemon threads: when the caller is interrupted they must not keep the interpreter from ending.
            self._threads.append(threading.Thread(target=self._work, daemon=True))
            self._threads[-1].start()
        self._todo.put(order)

    def fail(self, place: str, error: BaseException | str) -> None:
        """Show one clip as broken in the index."""
        self._failures.append((place, str(error)))

    def close(self) -> None:
        """Finish the pages and write the index."""
        try:
            for _ in self._threads:
                self._todo.put(None)
            for thread in self._threads:
                thread.join()
        except BaseException:  # interrupted while waiting
            self._stop()
            self._write_index(complete=False)
            raise
        self._write_index(complete=True)

    def _stop(self) -> None:
        """Take what is not begun away from the threads; what they are at ends with the process."""
        self._stopped = True
        with suppress(queue.Empty):
            while True:
                self._todo.get_nowait()

    def _work(self) -> None:
        while (order := self._todo.get()) is not None:
            try:
                order.entry = self._make(order)
            except Exception as error:  # whatever it is, the next page is waiting for this thread
                self._say(order.clip, f"its row of the index cannot be made: {_reason(error)}")
            if not self._stopped:
                order.forget()
            self._done(order.clip)

    def _make(self, order: "_Order") -> Entry:
        illustration, problem = self._illustrate(order)
        href: str | None = f"{PAGES}/{order.page.name}"
        try:
            html = render_page(order.explanation, order.cueset, order.curves, illustration, home=f"../{INDEX}")
            write_whole(order.page, html)
        except Exception as error:  # a full disk, a mistake of ours: this page alone is lost
            href, problem = None, f"its page cannot be made: {_reason(error)}"
        if problem is not None:
            self._say(order.clip, problem)
        return entry_of(order.explanation, order.cueset, illustration, href, problem=problem)

    def _illustrate(self, order: "_Order") -> tuple[Illustration, str | None]:
        """Return what the page shows of the clip; nothing, and why, where that fails."""
        try:
            return illustrate(
                order.cueset, path=order.path, media=self._media, blur_faces=self._blur_faces, limits=self._limits
            ), None
        except Exception as error:  # the page can be read without the clip
            place = order.path if order.path is not None else order.cueset.clip.path or order.clip
            reason = _reason(error).removeprefix(f"{os.fsdecode(place)}: ")  # said beside it
            shown = Illustration(notes=(f"The clip is not shown: {reason}.",))
            return shown, f"its page does not show the clip: {reason}"

    def _write_index(self, *, complete: bool) -> None:
        entries = [order.entry or order.unfinished() for order in self._orders]
        try:
            write_whole(self.index, render_index(entries, self._failures, blurred=self._blur_faces))
        except Exception as error:  # as with a page: what was explained is not lost with it
            self._index_lost = True
            self._say(os.fspath(self.index), f"cannot be made: {_reason(error)}")
        with suppress(OSError):
            self._sweep(complete)

    def _sweep(self, complete: bool) -> None:
        """Remove pages of earlier reports that the index no longer lists, and what killed runs left behind."""
        listed = {order.page.name for order in self._orders if order.entry is not None and order.entry.href}
        for path in [*self.folder.iterdir(), *(self.folder / PAGES).iterdir()]:
            with suppress(OSError):
                ours = path.parent.name == PAGES and _OURS.fullmatch(path.name) is not None
                dead = _PARTIAL.fullmatch(path.name) and time.time() - path.stat().st_mtime > _DEAD_AFTER_S
                unlisted = ours and path.name not in listed and (complete or self._blur_faces)
                if (unlisted or dead) and not path.is_symlink():
                    path.unlink()


@dataclass(slots=True)
class _Order:
    """One page to make."""

    explanation: Explanation
    cueset: CueSet
    curves: tuple[Curve, ...]
    path: str | os.PathLike[str] | None
    page: Path
    entry: Entry | None = None

    @property
    def clip(self) -> str:
        return self.explanation.clip

    def forget(self) -> None:
        """Keep only what the index needs: of thousands of clips the cues would fill the memory."""
        self.explanation, self.cueset, self.curves = Explanation(clip=self.clip), CueSet(clip=self.cueset.clip), ()

    def unfinished(self) -> Entry:
        """Row of a clip whose page was not made before the run was stopped."""
        problem = "stopped before its page was made (make it with: emoreason report)"
        return entry_of(self.explanation, self.cueset, Illustration(), None, problem=problem)


def page_name(clip: str) -> str:
    """Name of a clip's page without its ending: safe on every file system, the same in every run.

    Letters of its file name to recognise it by, and ten digits of a hash of the whole id to tell it from others.

    Examples
    --------
    >>> page_name("interviews/Anna 3.mp4")
    'Anna_3-997c64b86a'
    """
    stem = re.split(r"[/\\]", clip.rstrip("/\\"))[-1]
    stem = stem.rsplit(".", 1)[0] or stem
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9]+", "_", plain)[:_LONGEST_STEM].strip("_") or "clip"
    return f"{plain}-{hashlib.sha256(clip.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"


def write_whole(path: Path, text: str) -> None:
    """Write a text file that is whole or not there: under a hidden name first."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        partial.write_bytes(text.encode("utf-8", "replace"))
        os.replace(partial, path)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise


def _reason(error: Exception) -> str:
    if isinstance(error, EmoreasonError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}: {error}"
