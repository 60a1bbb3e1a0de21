"""``emoreason eval``: score predictions against gold, compare systems, list the suites."""

from typing import Any, Final

import click

from .group import LazyGroup

VERBS: Final = {
    "score": (".eval_score:score", "Score predictions against gold; the word score may be left out."),
    "compare": (".eval_compare:compare", "Compare systems on the same clips."),
    "suites": (".eval_suites:suites", "List the suites and what each needs."),
}
_DEFAULT: Final = "score"


class _DefaultGroup(LazyGroup):
    """Takes what is no verb of its own for the arguments of the first one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the verb that was left out in front."""
        if args and args[0] not in (*self.list_commands(ctx), *ctx.help_option_names):
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Show both ways of calling it."""
        return ["[PREDICTIONS --gold FILE [OPTIONS] | COMMAND [ARGS]...]"]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> Any:
        """Complete verbs, options of the verb that may be left out, else files."""
        from .completion import complete_files

        default = self.get_command(ctx, _DEFAULT)
        if incomplete.startswith("-") and default is not None:
            return default.shell_complete(ctx, incomplete)
        found = super().shell_complete(ctx, incomplete)
        return found or complete_files(ctx, click.Argument(["predictions"]), incomplete)


@click.group(
    cls=_DefaultGroup,
    verbs=VERBS,
    help="""Score predictions against gold, with intervals, controls and tests.

`emoreason eval score --help` lists the options of the first form.

\b
Examples:
  emoreason eval results/ --gold labels.csv                        every suite that fits
  emoreason eval answers.jsonl --gold gold.jsonl --suite ov-mer --suite closed-set --out report
  emoreason eval compare ours.jsonl theirs.jsonl --gold gold.jsonl
  emoreason eval suites                                            what there is, and what it needs""",
)
def evaluation() -> None:
    """Verbs about evaluation."""
