"""Make and measure the evidence engine's tables: ``python bench/fit_evidence.py [--dry-run] [--repeats N]``.

Writes ``reasoning/data/evidence_{literature,voice,fitted}.csv``, ``docs/evidence_figures.md`` and
``docs/evidence_reliability.svg``; ``--dry-run`` prints the measurements and writes nothing. The fit needs
``raf_facs_crowd.jsonl`` in the folder that EMOREASON_RESEARCH_DATA names; the literature and voice tables do not.
"""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(Path(__file__).parent))

from evidence_fit import report, tables  # noqa: E402
from evidence_fit.faces import Face, read_faces, vocabulary_of  # noqa: E402
from evidence_fit.model import Fitted, amounts_of, fit, write_down  # noqa: E402


def fit_all(faces: list[Face]) -> Fitted:
    """Make the fit that is shipped: all faces, seed 0."""
    written = write_down(faces, vocabulary_of(faces), seed=0)
    return fit(faces, {convention: amounts_of(cuesets) for convention, cuesets in written.items()})


def main() -> int:
    """Fit on all faces, cross-validate, write or print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="measure and print; write nothing")
    parser.add_argument("--repeats", type=int, default=5, help="repeats of the 5-fold split (default 5)")
    arguments = parser.parse_args()
    data_folder = os.environ.get("EMOREASON_RESEARCH_DATA")
    if not arguments.dry_run:
        tables.write_sources(ROOT / "reasoning" / "data")
    if not data_folder:
        print("skipped the fit: set EMOREASON_RESEARCH_DATA to the folder with raf_facs_crowd.jsonl")
        return 0
    faces = read_faces(Path(data_folder) / "raf_facs_crowd.jsonl")
    if not arguments.dry_run:
        tables.write_fitted(ROOT / "reasoning" / "data", fit_all(faces), len(faces))
    measured = report.measure_all(faces, arguments.repeats)
    print(measured.markdown)
    if not arguments.dry_run:
        (ROOT / "docs" / "evidence_figures.md").write_text(measured.markdown, encoding="utf-8")
        (ROOT / "docs" / "evidence_reliability.svg").write_text(measured.svg, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
