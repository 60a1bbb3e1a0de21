"""Entry point of the command ``emoreason``."""

import os
import signal
import sys
from typing import Final

import click

from .. import __version__
from .group import EXIT_CODES, LazyGroup

#: Verb -> (module:attribute, summary).
VERBS: Final = {
    "explain": (".explain:explain", "Explain the emotion clips express, with the moment behind every claim."),
    "batch": (".batch:batch", "Explain many clips; the same command goes on after any end."),
    "cues": (".cues:cues", "Extract time-stamped cues from clips (JSON Lines or CSV)."),
    "convert": (".convert:convert", "Convert cues and results into the files of other tools, and back."),
    "prompt": (".prompt:prompt", "Print exactly what a model would get for a clip."),
    "report": (".report:report", "Make pages to look at from results of an earlier run, and an index."),
    "serve": (".serve:serve", "Answer over HTTP like OpenAI, with evidence; with a page to try it on."),
    "eval": (".eval:evaluation", "Score predictions against gold, with intervals, controls and tests."),
    "probe": (".probe:probe", "Change what an engine is given, and measure what its answers depend on."),
    "rewards": (".rewards:rewards", "Check rewards before training with them, and score texts with them."),
    "train": (".train:train", "Fine-tune a model with LoRA, by examples (SFT) or by rewards (GRPO)."),
    "synth": (".synth:synth", "Make training rows of labelled clips: written, checked, selected, split."),
    "models": (".models:models", "Fetch, list and verify the model files that extraction needs."),
    "doctor": (".doctor:doctor", "Say what works on this machine and how to mend what does not."),
    "completion": (".completion:completion", "Print what a shell needs to complete verbs, options and files."),
}

_HELP: Final = f"""Explain the emotion a clip expresses, with evidence anyone can check.

\b
Examples:
  emoreason explain clip.mp4                  read it on the terminal
  emoreason explain clips/ --out results      a folder of clips, kept as files
  emoreason batch clips/ --out results        thousands of them; goes on where it ended
  emoreason cues clip.mp4 --format csv        only the cues
  emoreason prompt clip.mp4                   what a model would be asked
  emoreason synth --input labelled.jsonl --out rows
                                              training rows of labelled clips
  emoreason eval results/ --gold labels.csv   how good it is, beside controls
  emoreason train configs                     presets for fine-tuning
  emoreason doctor                            what works here, what does not

It speaks of expressed emotion, never of what anyone felt. People whose face or voice is analysed must be
informed of it.

{EXIT_CODES}"""


@click.group(
    cls=LazyGroup,
    verbs=VERBS,
    help=_HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", prog_name="emoreason", message="%(prog)s %(version)s")
def emoreason() -> None:
    """Root of the verbs."""


def _open_streams() -> None:
    """Give what was started without stdin, stdout or stderr (``>&-``, some schedulers) one that leads nowhere.

    The next file that is opened would else take its number, and what is printed would end up among results.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            os.set_inheritable(number, True)
        if getattr(sys, name) is None:
            stream = open(number, "r" if name == "stdin" else "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


def main() -> None:
    """Run the command line; always ends in SystemExit."""
    _open_streams()
    # Asked to stop by a scheduler: like Ctrl-C, so that what was done is kept.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        emoreason.main(prog_name="emoreason")
    except KeyboardInterrupt:  # where click does not look after it: before its context, and behind it
        raise SystemExit(130) from None
