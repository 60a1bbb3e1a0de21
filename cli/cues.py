"""``emoreason cues``: time-stamped cues of clips, as JSON Lines, CSV or text."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Literal, Protocol

import click

from ..errors import ConfigError, EmoreasonError
from .completion import complete_files, complete_folders
from .cue_files import CUE_FORMATS, CURVE_FORMATS
from .extraction import MediaOptions, media_options, select
from .group import EXIT_CODES, Tally
from .inputs import Input
from .options import clips_argument, offline_option, purpose_option
from .results import OutFolder, written
from .terminal import Meter, check_purpose, complain, meter, notice, print_json, print_line, show

Form = Literal["jsonl", "csv", "text"]

_HELP: Final = f"""Extract time-stamped cues: action units, head, gaze, voice, speech, scene.

A CLIP is a video, an audio file, a picture, a folder (searched through) or a pattern. Every cue has a span, a
confidence and its source; what could not be observed is a gap with its reason.

\b
Examples:
  emoreason cues clip.mp4                              read them on the terminal
  emoreason cues clip.mp4 | emoreason explain --cues -
  emoreason cues clips/ --format csv > cues.csv        for R, pandas, a spreadsheet
  emoreason cues clips/ --out cues --curves            and the curves behind the events
  emoreason cues calm.wav --write-baseline anna.json
  emoreason cues talk.mp4 --speaker-baseline anna.json

{EXIT_CODES}
"""


@click.command(help=_HELP)
@clips_argument
@click.option(
    "--out",
    metavar="DIR",
    shell_complete=complete_folders,
    help="Write cues.jsonl or cues.csv (and errors.jsonl) there, not to stdout.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "text"]),
    help="[default: text on a terminal, jsonl elsewhere]",
)
@click.option("--curves", is_flag=True, help="Also write the curves (curves.jsonl or curves.csv); needs --out.")
@click.option(
    "--write-baseline",
    metavar="FILE",
    shell_complete=complete_files,
    help="Only write this speaker's usual voice there.",
)
@media_options
@purpose_option
@offline_option
@click.pass_context
def cues(
    ctx: click.Context,
    clips: tuple[str, ...],
    out: str | None,
    form: Form | None,
    curves: bool,
    write_baseline: str | None,
    media: MediaOptions,
    purpose: str | None,
) -> None:
    """Extract cues clip by clip, in order."""
    if curves and out is None:
        raise click.UsageError("--curves writes files; name a folder with --out DIR")
    if out is not None and form == "text":
        raise click.UsageError("--out writes files: --format jsonl or csv")
    chosen = select(clips, (), media)
    check_purpose(purpose)
    if write_baseline is not None:
        _write_baseline(chosen.clips, write_baseline, media)
        return
    form = form or ("text" if out is None and sys.stdout.isatty() else "jsonl")
    tally = Tally()
    try:
        with meter(len(chosen.clips), "extracting") as progress, _open_target(out, form, curves) as target:
            _extract_all(chosen.inputs(media, progress), target, progress, tally)
    finally:
        idle = isinstance(sys.exception(), ConfigError) and not tally.done + tally.failed
        if (out is not None or tally.failed) and not idle:
            notice(tally.summary(chosen.total, "clips done") + (f"; see {out}" if out else ""))
    ctx.exit(tally.exit_code())


def _extract_all(inputs: Iterable[Input], target: "_Target", progress: Meter, tally: Tally) -> None:
    for source in inputs:
        try:
            source.cueset  # noqa: B018 - raises what stands in its place
            with progress.paused(), written("its cues"):
                target.take(source)
        except EmoreasonError as error:
            tally.failed += 1
            complain(source.place, error)
            target.miss(source.place, error)
        else:
            tally.done += 1
        progress.reach(source.name, 1.0)


class _Target(Protocol):
    def take(self, source: Input) -> None: ...

    def miss(self, place: str, error: EmoreasonError) -> None: ...


@contextmanager
def _open_target(out: str | None, form: Form, curves: bool) -> Iterator[_Target]:
    if out is None:
        yield _Screen() if form == "text" else _Stdout(form)
        return
    with OutFolder(out, f"cues.{form}", *([f"curves.{form}"] if curves else [])) as folder:
        yield _Files(folder, form)


class _Screen:
    """Readable text on stdout."""

    def take(self, source: Input) -> None:
        from .readable_cues import readable_cues

        show(readable_cues(source.cueset))

    def miss(self, place: str, error: EmoreasonError) -> None:
        """Nothing: errors are on stderr."""


class _Stdout:
    """Lines on stdout; a table has no row for a gap, so gaps are said on stderr."""

    def __init__(self, form: Form) -> None:
        self._format = CUE_FORMATS[form]
        self._print = print_json if form == "jsonl" else print_line
        if self._format.header is not None:
            print_line(self._format.header)

    def take(self, source: Input) -> None:
        for line in list(self._format.lines(source)):  # all lines of a clip or none
            self._print(line)
        if self._format.header is not None:
            _say_gaps(source)

    def miss(self, place: str, error: EmoreasonError) -> None:
        """Nothing: errors are on stderr."""


class _Files:
    """Cues, and curves if asked, in the folder."""

    def __init__(self, folder: OutFolder, form: Form) -> None:
        self._folder = folder
        formats = {f"cues.{form}": CUE_FORMATS[form], f"curves.{form}": CURVE_FORMATS[form]}
        self._formats = {name: line_format for name, line_format in formats.items() if name in folder}
        for name, line_format in self._formats.items():
            if line_format.header is not None:
                folder.add_header(name, line_format.header)

    def take(self, source: Input) -> None:
        self._folder.add_together(
            (name, line) for name, line_format in self._formats.items() for line in line_format.lines(source)
        )
        if "cues.csv" in self._formats:
            _say_gaps(source)

    def miss(self, place: str, error: EmoreasonError) -> None:
        self._folder.add_error(place, error)


def _say_gaps(source: Input) -> None:
    from ..cues.wording import gap_text

    for gap in source.cueset.gaps:
        notice(f"{source.place}: not observed: {gap_text(gap)}" + (f" ({gap.detail})" if gap.detail else ""))


def _write_baseline(clips: Sequence[str], path: str, media: MediaOptions) -> None:
    from ..cues.media import read_audio
    from ..cues.voice.levels import measure_baseline, write_baseline
    from ..errors import MediaError

    if len(clips) != 1:
        raise click.UsageError(f"--write-baseline takes one recording of one speaker, {len(clips)} were given")
    audio = read_audio(clips[0], media.limits())
    if audio is None:
        raise MediaError(f"{clips[0]}: has no audio track; a speaker baseline is measured on speech")
    baseline = measure_baseline(audio)
    write_baseline(path, baseline)
    notice(f"baseline of {len(baseline)} voice measures written to {path}")
