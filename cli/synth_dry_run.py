"""What ``emoreason synth --dry-run`` says: the input, what there would be to write, and how it would be split."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from .synth_run import Run, complaining
from .synth_summary import listed
from .terminal import notice, print_json, print_line, printable
from .train_configs import stdout_is_json


def foresee(wanted: Run, out: Path | None, *, as_json: bool | None) -> None:
    """Read the input and say what there is to write; nothing is kept. Clips placed before in ``out`` stay there."""
    from ..data_synth.balance import emotion_class
    from ..data_synth.folder import Folder
    from ..data_synth.kept import ClipFile
    from ..data_synth.placed import PLACED, read_placed
    from ..data_synth.read import Counts, read_labelled
    from ..data_synth.split import split_clips
    from ..data_synth.template.supported import is_supported

    settings = wanted.settings()
    wanted.material(settings)
    counts, classes, licences = Counts(), Counter[str](), Counter[str]()
    reading, drafting = settings.reading, settings.drafting
    with tempfile.TemporaryDirectory() as folder, complaining(notice) as problem:
        clips = ClipFile(Path(folder) / "clips.jsonl")
        clips.write(
            read_labelled(
                wanted.given.sources, reading.layout, problem,
                language=reading.language, source=reading.source, counts=counts,
            )
        )  # fmt: skip
        without = 0
        for clip in clips.read_each():
            classes[emotion_class(clip.reference)] += 1
            licences[clip.licence or "not known"] += 1
            without += not is_supported(clip.cueset, clip.reference, drafting.languages[0])
        placed = {} if out is None else read_placed(Folder(out).state / PLACED, settings.splitting)
        splits = split_clips(clips.read_each(), replace(settings.splitting, placed=placed))
    manners = drafting.drafts * len(drafting.styles) * len(drafting.languages)
    facts = {
        "event": "dry_run",
        "clips": counts.clips,
        "problems": counts.problems,
        "layouts": dict(counts.layouts),
        "sources": dict(counts.sources),
        "licences": dict(licences),
        "classes": dict(classes.most_common()),
        "masked_words": counts.masked_words,
        "refused_texts": counts.refused_texts,
        "label_without_cue": without,
        "mode": drafting.mode,
        "engine": wanted.teaching.engine,
        "drafts": counts.clips * manners,
        "most_drafts": counts.clips * manners * (1 + drafting.retries),
        "splits": splits.to_dict(),
    }
    if stdout_is_json(as_json):
        print_json(json.dumps(facts, ensure_ascii=False))
        return
    for line in _foreseen(facts):
        print_line(printable(line))


def _foreseen(facts: dict[str, Any]) -> Iterator[str]:
    yield f"clips: {facts['clips']} ({facts['problems']} lines cannot be used)"
    for name in ("sources", "licences", "classes"):
        yield f"{name}: {listed(facts[name])}"
    yield f"masked words: {facts['masked_words']}, texts in which a model refused: {facts['refused_texts']}"
    yield f"clips whose label no cue speaks for: {facts['label_without_cue']}"
    yield f"mode: {facts['mode']}, written by {facts['engine'] or 'a template'}"
    yield f"drafts: {facts['drafts']}, at most {facts['most_drafts']} with those sent back"
    yield f"splits: {listed(facts['splits']['clips'])}"
    yield from facts["splits"]["remarks"]
