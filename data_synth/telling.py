"""What is made of the rows, once they stand: pairs, exports, the card, the page for review, the manifest.

All of it follows from the files in the folder and what the finishing counted; the manifest comes last.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .card import RowCounts, Told, write_card
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
from .split import SplitCheck
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
    counted, sample, check = RowCounts(), RowSample(), SplitCheck()

    def passing(files: Exports) -> Iterator[Preference]:
        """Read the rows once for all that is made of them; yield their pairs."""
        pairing = Pairing(settings.variants, settings.limits, drafts)
        for row in read_rows(out):
            for one in (counted, sample, check):
                one.add(row)
            made = list(pairing.of(row))
            files.add(row, made)
            yield from made

    with exporting(out, settings.exports) as files:
        pairs = write_preferences(passing(files), out)
    exports, findings = files.counts, check.findings().to_dict()
    inputs = [file_facts(path, path.name) for path in source_files(sources)]
    told = Told(
        settings=settings.to_dict() | {"writer": dict(writer)},
        files=inputs,
        clips=finished.clips,
        unread=read.problems,
        drafts=finished.drafts,
        passed=finished.passed,
        reasons=dict(finished.reasons),  # a Counter would be copied as one of pairs
        before=finished.choice.before,
        after=finished.choice.after,
        evenness=finished.choice.evenness,
        candidates=finished.choice.candidates,
        duplicates=len(finished.choice.duplicates),
        splits=finished.splits.to_dict(),
        findings=findings,
        exports=exports,
        rounds=rounds,
    )
    facts = write_card(out, told, title=settings.title, counted=counted)
    unsupported = Unsupported(**facts["rows"]["label_without_cue"])
    write_review(out, clip=lambda name: clips.read(name) if name in clips.places else None, sample=sample)
    review = None
    if decisions is not None and decisions.exists():
        review = apply_review(out, read_decisions(decisions))
    counts = {"problems": read.problems, **finished.to_dict(), "pairs": pairs, "exports": exports}
    counts |= {} if judged is None else {"judged": asdict(judged)}
    write_manifest(
        out,
        inputs=inputs,
        outputs=[name for name in OUTPUTS if name != MANIFEST],
        settings=settings.to_dict(),
        writer=writer,
        counts={**counts, "label_without_cue": asdict(unsupported), "rounds": len(rounds)},
    )
    return Made(pairs=pairs, exports=exports, findings=findings, unsupported=unsupported, review=review)
