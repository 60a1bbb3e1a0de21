"""What ``emoreason synth`` says at its end: counts, what to look at, and where everything is."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from .terminal import print_json, print_line, printable
from .train_configs import stdout_is_json

if TYPE_CHECKING:
    from pathlib import Path

    from ..data_synth.loop import Looped
    from ..data_synth.pipeline import Summary
    from ..data_synth.template.supported import Unsupported

_MOST_REASONS: Final = 12
#: From this share on, rows whose label no cue speaks for are worth a word.
_MANY_UNSUPPORTED: Final = 0.2
_LONGEST_DETAIL: Final = 200


def tell_end(summary: "Summary", looped: "Looped | None", *, mode: str, as_json: bool | None) -> None:
    """Say what it came to; the last line counts.

    Parameters
    ----------
    summary : Summary
    looped : Looped or None
        What the loop came to, where there was one.
    mode : str
        That drafts were written in.
    as_json : bool or None
        One JSON object instead of lines; None: where stdout is no terminal.
    """
    finished, made = summary.finished, summary.made
    facts: dict[str, Any] = {
        "event": "finished",
        "out": str(summary.out),
        "problems": summary.read.problems,
        "masked_words": summary.read.masked_words,
        "refused_texts": summary.read.refused_texts,
        **finished.to_dict(),
        "pairs": None if made is None else made.pairs,
        "in_two_splits": None if made is None else made.findings,
        "label_without_cue": None if made is None else _share(made.unsupported),
        "judged": None if summary.judged is None else asdict(summary.judged),
        "review": None if made is None or made.review is None else asdict(made.review),
        "loop": None if looped is None else looped.to_dict(),
        "this_run": {"drafted": summary.totals.done_now, "failed": summary.totals.failed_now},
    }
    facts["hints"] = list(_hints(facts, summary.out, mode))
    if stdout_is_json(as_json):
        print_json(json.dumps(facts, ensure_ascii=False))
        return
    for line in (*_told(facts), *finished.splits.remarks, *_rounds(looped), *facts["hints"]):
        print_line(printable(line))
    print_line(
        printable(
            f"{finished.clips} clips: {finished.rows} rows of {finished.kept} of them "
            f"({summary.out / 'rows.jsonl'}), {finished.rejected} rejected ({summary.out / 'rejected.jsonl'})"
        )
    )


def _share(found: "Unsupported") -> dict[str, float]:
    """Rows whose label no cue speaks for, of those that a writer wrote."""
    return {"rows": found.unsupported, "of": found.rows, "share": round(found.share, 4)}


def _told(facts: dict[str, Any]) -> Iterator[str]:
    if facts["masked_words"] or facts["refused_texts"]:
        yield f"of imported prose: {facts['masked_words']} words masked, {facts['refused_texts']} refusals left out"
    yield f"drafts: {facts['drafts']}, {facts['passed']} without a fault"
    if facts["reasons"]:
        yield f"faults: {listed(dict(list(facts['reasons'].items())[:_MOST_REASONS]))}"
    if facts["rejected"]:
        yield f"clips rejected for: {listed(facts['rejected_for'])}"
    yield f"classes before: {listed(facts['classes']['before'])}"
    yield f"classes after: {listed(facts['classes']['after'])}"
    yield f"splits: {listed(facts['splits']['clips'])}"
    yield f"preference pairs: {facts['pairs']}"
    if (without := facts["label_without_cue"]) is not None:
        yield f"rows whose label no cue speaks for: {without['rows']} of {without['of']} ({without['share']:.0%})"
    if (judged := facts["judged"]) is not None:
        yield f"the judge gave a verdict on {judged['scored']} of {judged['drafts']} drafts"
    if (review := facts["review"]) is not None and review["removed"]:
        yield f"rows that people rejected and that are taken out again: {review['removed']}"


def _hints(facts: Mapping[str, Any], out: "Path", mode: str) -> Iterator[str]:
    """Yield what a user would want to look at, with the remedy."""
    without = facts["label_without_cue"]
    if without is not None and without["share"] > _MANY_UNSUPPORTED:
        remedy = (
            "--needs-evidence --fresh rejects such clips" if mode == "template" else "see what they say for the label"
        )
        yield f"no cue speaks for the label in {without['share']:.0%} of the rows: {remedy}"
    if failed := facts["rejected_for"].get("engine"):
        again = "" if mode == "template" else "; --retry-failed takes them up again"
        yield f"nothing was written about {failed} clips{_first(out, 'engine')}{again}"
    if not facts["kept"] and facts["rejected"]:
        reason = next(iter(facts["rejected_for"]))
        if reason != "engine":
            yield f"no clip gave a row, most often for {reason}{_first(out, reason)}"


def _first(out: "Path", reason: str) -> str:
    """Say of the first clip rejected for a reason what was found."""
    from ..data_synth.writing.rejected import read_rejected

    for line in read_rejected(out):
        for draft in line.get("drafts") or ():
            detail = next((one["detail"] for one in draft["faults"] if one["reason"] == reason), "")
            if detail:
                return f" (first {line['clip']}: {detail[:_LONGEST_DETAIL]})"
    return ""


def _rounds(looped: "Looped | None") -> Iterator[str]:
    if looped is None:
        return
    for one in looped.rounds:
        gain = "" if one.gain is None else f", gain {one.gain}"
        yield f"round {one.number}: held-out reward {one.reward}, passed {one.passed}{gain}"
    yield f"the loop ended: {looped.ended}"


def listed(counts: dict[str, int]) -> str:
    """Write counts in one line."""
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
