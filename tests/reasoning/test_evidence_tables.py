"""The shipped tables are what the committed script makes of the committed sources (and of the research data)."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from emoreason.reasoning.evidence.tables import SIX, load_table, rows

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "reasoning" / "data"


@pytest.fixture(autouse=True)
def _bench_on_path() -> Iterator[None]:
    sys.path.insert(0, str(ROOT / "bench"))
    yield
    sys.path.remove(str(ROOT / "bench"))


def test_literature_and_voice_tables_are_remade_from_their_sources() -> None:
    from evidence_fit import tables

    assert tables.literature_table() == (SHIPPED / "evidence_literature.csv").read_text(encoding="utf-8")
    assert tables.voice_table() == (SHIPPED / "evidence_voice.csv").read_text(encoding="utf-8")


def test_literature_weights_follow_the_facs_tables() -> None:
    table = load_table("literature")
    for code, emotion in {"AU12": "happiness", "AU15": "sadness", "AU24": "anger", "AU9": "disgust"}.items():
        weight = table.find("present", code)
        assert weight is not None
        assert SIX[weight.log_odds.index(max(weight.log_odds))] == emotion


def test_every_fitted_row_says_how_many_faces_it_rests_on() -> None:
    for row in rows("evidence_fitted.csv"):
        assert int(row["faces"]) > 0 or "published FACS tables" in row["source"]
        if row["kind"] == "together":
            assert int(row["faces"]) >= 60


def test_a_refit_does_not_depend_on_how_faces_are_written_down() -> None:
    """Present only and all others absent give nearly the same reading: what is unknown was not read as absent."""
    import numpy as np
    from evidence_fit.faces import Face, cueset_of
    from evidence_fit.measure import read_directly

    vocabulary = [f"AU{number}" for number in (1, 2, 4, 5, 6, 7, 9, 10, 12, 15, 17, 20, 25, 26)]
    face = Face("a", ("6", "L12", "25"), (1.0, 0.0, 0.0, 0.0, 0.0, 0.0), "happily surprised")
    rng = np.random.default_rng(0)
    read = {
        convention: read_directly(cueset_of(face, convention, vocabulary, rng), load_table())
        for convention in ("present", "all", "some")
    }
    for convention in ("all", "some"):
        assert max(abs(a - b) for a, b in zip(read["present"], read[convention], strict=True)) < 0.15
        assert read["present"] != read[convention]


@pytest.fixture(scope="module")
def faces() -> list[object]:
    sys.path.insert(0, str(ROOT / "bench"))
    from evidence_fit.faces import read_faces

    return read_faces(Path(os.environ["EMOREASON_RESEARCH_DATA"]) / "raf_facs_crowd.jsonl")


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.skipif(
    not os.environ.get("EMOREASON_RESEARCH_DATA"),
    reason="needs raf_facs_crowd.jsonl: set EMOREASON_RESEARCH_DATA to its folder",
)
class TestOnResearchData:
    """The fit itself, on the annotations it was made from."""

    def test_a_refit_gives_the_shipped_table(self, faces: list[object]) -> None:
        from fit_evidence import fit_all

        fitted = fit_all(faces)
        shipped = load_table("fitted")
        assert {key for key in shipped.weights if key[0] not in ("base", "voice")} == set(fitted.columns)
        for column, values in zip(fitted.columns, fitted.weights, strict=True):
            assert list(values) == pytest.approx(list(shipped.weights[column].log_odds), abs=0.01), column

    def test_held_out_figures_reach_the_mark_through_the_whole_path(self, faces: list[object]) -> None:
        import numpy as np
        from evidence_fit.faces import vocabulary_of
        from evidence_fit.measure import cross_validate
        from evidence_fit.report import read_through_engine

        held = cross_validate(faces, vocabulary_of(faces), 1, 5, read_through_engine)
        for convention in ("present", "all", "some"):
            accuracy, kl_seven, kl_six = np.mean(held[convention].by_fold, axis=0)
            assert accuracy >= 0.49, convention
            assert kl_six <= kl_seven <= 0.44, convention
