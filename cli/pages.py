"""The pages of a report as a place where explanations go, and the options they are made with."""

import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ..errors import EmoreasonError
from .inputs import Input
from .options import gathered_into
from .terminal import complain

if TYPE_CHECKING:
    from ..cues.limits import Limits
    from ..records import Explanation
    from ..report.folder import ReportFolder

#: Where results go when a report is asked for and ``--out`` names no folder.
DEFAULT_FOLDER: Final = "emoreason-report"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """What the user asked of the pages."""

    blur_faces: bool
    no_media: bool

    def open(
        self,
        folder: str | Path,
        *,
        jobs: int,
        limits: "Limits | None" = None,
        done: Callable[[str], None] | None = None,
    ) -> "ReportFolder":
        """Open the folder of a report; pages that cannot be made are said on stderr.

        Raises
        ------
        ConfigError
            It cannot be made.
        """
        from ..report.folder import ReportFolder

        return ReportFolder(
            folder,
            blur_faces=self.blur_faces,
            media=not self.no_media,
            jobs=jobs,
            limits=limits,
            say=complain,
            done=done,
        )


class Pages:
    """One page per explained clip, and the index."""

    def __init__(self, folder: "ReportFolder") -> None:
        self._folder = folder

    def take(self, source: Input, explanation: "Explanation") -> None:
        """Have its page made."""
        self._folder.add(explanation, source.cueset, source.curves)

    def miss(self, place: str, error: EmoreasonError) -> None:
        """Show it as broken in the index."""
        self._folder.fail(place, error)


def page_jobs(jobs: int | None) -> int:
    """Pages made at a time beside extraction: half of the cores."""
    from ..cues.limits import core_count

    return max(1, (jobs or core_count()) // 2)


def uri_of(path: Path) -> str:
    """Address of a file as a browser takes it."""
    return path.resolve().as_uri()


def show_in_browser(path: Path) -> None:
    """Open a page in the reader's browser.

    Raises
    ------
    EmoreasonError
        There is none.
    """
    if not webbrowser.open(uri_of(path)):
        raise EmoreasonError(f"no browser could be started; open {uri_of(path)} yourself")


_PAGE_OPTIONS: Final = (
    click.option("--blur-faces", is_flag=True, help="Blur every face in everything the report shows."),
    click.option("--no-media", is_flag=True, help="Leave the clips themselves out of the report."),
)

page_options = gathered_into(PageOptions, "pages", _PAGE_OPTIONS)
