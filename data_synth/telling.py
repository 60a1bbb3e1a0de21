"""What is made of the rows, once they stand: pairs, exports, the card, the page for review, the manifest.

All of it follows from the files in the folder and what the finishing counted; the manifest comes last.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .card import Told, write_card
from .counting import RowCounts
from .finishing import Finished
from .folder import OUTPUTS
from .judging import Judged
from .kept import CheckedFile, ClipFile
from .manifest import MANIFEST, file_facts, source_files, write_manifest
from .preferences import Pairing, Preference, write_preferences
from .read import Counts
from .review import RowSample, write_review
from .reviewed import Outcome, apply_review, read_decisions
from .settings import SynthSettings
from .split_check import SplitCheck
from .template.supported import Unsupported
from .writing.exports import Exports, exporting
from .writing.rows import read_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was written beside rows and rejected clips.

    Attributes
    ----------
    pairs : int
        Preference pairs.
    exports : mapping
        Form -> split -> lines.
    findings : mapping
        What stands in two splits, by training's own checks.
    unsupported : Unsupported
        Rows whose label no cue speaks for.
    review : Outcome or None
        What people had decided, taken over again.
    """

    pairs: int
    exports: Mapping[str, Mapping[str, int]]
    findings: Mapping[str, Any]
    unsupported: Unsupported
    review: Outcome | None = None


def tell(
    out: Path,
    clips: ClipFile,
    drafts: CheckedFile,
    finished: Finished,
    settings: SynthSettings,
    *,
    read: Counts,
    sources: Sequence[str | Path],
    writer: Mapping[str, Any],
    rounds: Sequence[Mapping[str, Any]] = (),
    decisions: Path | None = None,
    judged: Judged | None = None,
) -> Made:
    """Write everything that tells of the rows.

    Parameters
    ----------
    out : Path
        Holds the rows.
    clips, drafts, finished, settings
        As the rows were made of.
    read : Counts
        Of the input.
    sources : sequence of path
        The input.
    writer : mapping
        What decides what the writer writes, as JSON values.
    rounds : sequence of mapping
        Of the loop.
    decisions : Path, optional
        What people decided on the page for review before: it is taken over again.
    judged : Judged, optional
        What came of asking a judge.

    Raises
    ------
    RecordError
        Something cannot be written.
    """
    passed = _pass(out, drafts, settings)
    inputs = [file_facts(path, path.name) for path in source_files(sources)]
    told = _told(finished, settings, passed, unread=read.problems, files=inputs, writer=writer, rounds=rounds)
    facts = write_card(out, told, title=settings.title, counted=passed.counted)
    unsupported = Unsupported(**facts["rows"]["label_without_cue"])
    write_review(out, clip=lambda name: clips.read(name) if name in clips.places else None, sample=passed.sample)
    review = None
    if decisions is not None and decisions.exists():
        review = apply_review(out, read_decisions(decisions))
    counts = {name: getattr(read, name) for name in ("problems", "masked_words", "refused_texts")}
    counts |= {**finished.to_dict(), "pairs": passed.pairs, "exports": passed.exports}
    counts |= {} if judged is None else {"judged": asdict(judged)}
    write_manifest(
        out,
        inputs=inputs,
        outputs=[name for name in OUTPUTS if name != MANIFEST],
        settings=settings.to_dict(),
        writer=writer,
        counts={**counts, "label_without_cue": asdict(unsupported), "rounds": len(rounds)},
    )
    return Made(
        pairs=passed.pairs, exports=passed.exports, findings=passed.findings, unsupported=unsupported, review=review
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Passed:
    """What one reading of the rows came to."""

    pairs: int
    exports: Mapping[str, Mapping[str, int]]
    findings: Mapping[str, Any]
    counted: RowCounts
    sample: RowSample


def _pass(out: Path, drafts: CheckedFile, settings: SynthSettings) -> _Passed:
    """Read the rows once for all that is made of them, and write pairs and exports."""
    counted, sample, check = RowCounts(), RowSample(), SplitCheck()
    pairing = Pairing(settings.variants, settings.limits, drafts)

    def passing(files: Exports) -> Iterator[Preference]:
        for row in read_rows(out):
            for one in (counted, sample, check):
                one.add(row)
            pairs = list(pairing.of(row))
            files.add(row, pairs)
            yield from pairs

    with exporting(out, settings.exports) as files:
        pairs = write_preferences(passing(files), out)
    return _Passed(
        pairs=pairs, exports=files.counts, findings=check.findings().to_dict(), counted=counted, sample=sample
    )


def _told(
    finished: Finished,
    settings: SynthSettings,
    passed: _Passed,
    *,
    unread: int,
    files: Sequence[Mapping[str, Any]],
    writer: Mapping[str, Any],
    rounds: Sequence[Mapping[str, Any]],
) -> Told:
    """Say what the files do not tell."""
    choice = finished.choice
    return Told(
        settings=settings.to_dict() | {"writer": dict(writer)},
        files=files,
        clips=finished.clips,
        unread=unread,
        drafts=finished.drafts,
        passed=finished.passed,
        reasons=dict(finished.reasons),  # a Counter would be copied as one of pairs
        before=choice.before,
        after=choice.after,
        evenness=choice.evenness,
        candidates=choice.candidates,
        duplicates=len(choice.duplicates),
        splits=finished.splits.to_dict(),
        findings=passed.findings,
        exports=passed.exports,
        rounds=rounds,
    )
