"""``emoreason prompt``: exactly what a model would get for a clip."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from ..errors import EmoreasonError
from .extraction import MediaOptions, media_options, select
from .group import EXIT_CODES, Tally
from .inputs import Input
from .options import Question, clips_argument, cues_option, offline_option, purpose_option, question_options
from .results import written
from .terminal import Meter, check_purpose, complain, meter, notice, print_json, print_line, printable

if TYPE_CHECKING:
    from ..prompts.render import Rendered

_HELP: Final = f"""Print exactly what a model would get for a clip, and which cues it would not see.

Words from the clip (transcript, on-screen text) stand in it as quoted data. The least salient cues are dropped when
the text would exceed the token budget; they are listed on stderr, and in the JSON.

\b
Examples:
  emoreason prompt clip.mp4
  emoreason prompt clip.mp4 --preset dialogue --language zh
  emoreason prompt --cues cues.jsonl --preset direct --json | jq .messages
  emoreason prompt clip.mp4 --budget 1000

{EXIT_CODES}
"""


@click.command(help=_HELP)
@clips_argument
@cues_option
@question_options
@click.option(
    "--budget",
    type=click.IntRange(min=0),
    metavar="TOKENS",
    help="Longest text in tokens, by an estimate on the high side; 0: no limit. [default: 8192]",
)
@media_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object per clip: messages, dropped cues, tokens.")
@purpose_option
@offline_option
@click.pass_context
def prompt(
    ctx: click.Context,
    clips: tuple[str, ...],
    cue_files: tuple[str, ...],
    question: Question,
    budget: int | None,
    media: MediaOptions,
    as_json: bool,
    purpose: str | None,
) -> None:
    """Render the prompt of each clip or cue line, in order."""
    chosen = select(clips, cue_files, media)
    check_purpose(purpose)
    tally = Tally()
    with meter(len(chosen.clips), "extracting") as progress:
        _print_all(chosen.inputs(media, progress), question, budget, as_json, progress, tally)
    ctx.exit(tally.exit_code())


def _print_all(
    inputs: Iterable[Input], question: Question, budget: int | None, as_json: bool, progress: Meter, tally: Tally
) -> None:
    for source in inputs:
        try:
            rendered = _rendered(source, question, budget)
            with progress.paused(), written("its prompt"):
                _print(source.cueset.clip.id, rendered, as_json)
        except EmoreasonError as error:
            tally.failed += 1
            complain(source.place, error)
        else:
            tally.done += 1
        progress.reach(source.name, 1.0)


def _rendered(source: Input, question: Question, budget: int | None) -> "Rendered":
    from ..prompts.render import DEFAULT_BUDGET_TOKENS, render_messages

    return render_messages(
        source.cueset,
        preset=question.preset,
        language=question.language,
        compounds=question.compounds,
        budget_tokens=DEFAULT_BUDGET_TOKENS if budget is None else budget or None,
    )


def _print(clip: str, rendered: "Rendered", as_json: bool) -> None:
    if as_json:
        print_json(json.dumps(_row(clip, rendered), ensure_ascii=False, allow_nan=False))
        return
    for message in rendered.messages:
        print_line(f"── {message['role']} ──")
        print_line(printable(_text(message["content"])) + "\n")
    version = f"{rendered.prompt_version}, {rendered.preset}, {rendered.language}"
    notice(f"{clip}: about {rendered.tokens} tokens, {len(rendered.shown)} cues (prompt {version})")
    for note in rendered.notes:
        notice(f"{clip}: {note}")
    for dropped in rendered.dropped:
        notice(f"{clip}: dropped {dropped.cue_id}: {dropped.reason}")


def _text(content: str | list[Mapping[str, Any]]) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] if part["type"] == "text" else f"<{part['type']}>" for part in content)


def _row(clip: str, rendered: "Rendered") -> dict[str, Any]:
    return {
        "clip": clip,
        "messages": list(rendered.messages),
        "shown": list(rendered.shown),
        "dropped": [{"cue_id": dropped.cue_id, "reason": dropped.reason} for dropped in rendered.dropped],
        "notes": list(rendered.notes),
        "tokens": rendered.tokens,
        "prompt_version": rendered.prompt_version,
        "preset": rendered.preset,
        "language": rendered.language,
    }
