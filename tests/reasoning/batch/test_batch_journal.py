"""The journal: rows enter once, leave the pending ones when they are noted, and come back when their lines go."""

import sqlite3
from pathlib import Path

import pytest
from batch_runs import cueset
from hypothesis import given
from hypothesis import strategies as st

from emoreason.errors import ConfigError
from emoreason.reasoning.batch.journal import Journal, Note
from emoreason.reasoning.batch.memory import Completions, StageResults
from emoreason.reasoning.batch.row import Row, pack_row, unpack_row
from emoreason.reasoning.conversation.turn import Completion
from emoreason.records import Reference, Turn


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.sqlite")


def pending(journal: Journal) -> list[str]:
    return [entry.row.id for entry in journal.pending()]


def note(journal: Journal, row_id: str, state: str = "done", offset: int = 0, length: int = 10) -> None:
    found = journal.found(row_id)
    assert found is not None
    journal.note(found[0], Note(state=state, offset=offset, length=length))  # type: ignore[arg-type]


def rows(*ids: str) -> list[Row]:
    return [Row(id=row_id, path=f"{row_id}.mp4") for row_id in ids]


def test_rows_come_in_order_a_few_at_a_time(journal: Journal) -> None:
    many = [f"r{number}" for number in range(1200)]
    journal.enrol(rows(*many))
    assert pending(journal) == many
    assert journal.counts() == {"pending": 1200}


def test_a_manifest_that_grew_and_shrank(journal: Journal) -> None:
    journal.enrol(rows("a", "b", "c"))
    note(journal, "a")
    note(journal, "b", "failed")
    journal.flush()
    journal.enrol(rows("d", "a"))
    assert pending(journal) == ["d"]
    assert journal.counts() == {"done": 1, "pending": 1, "vanished": 2}
    journal.enrol(rows("a", "b", "c", "d"))
    assert pending(journal) == ["c", "d"]
    assert journal.counts() == {"done": 1, "failed": 1, "pending": 2}


def test_a_row_that_is_not_done_may_be_mended(journal: Journal) -> None:
    journal.enrol(rows("a", "b"))
    note(journal, "a")
    journal.enrol([Row(id=row_id, path="other.mp4") for row_id in "ab"])
    assert [row.path for row in map(journal.row, "ab") if row] == ["a.mp4", "other.mp4"]


@pytest.mark.parametrize("apart", [1, 700])
def test_an_id_may_occur_once(journal: Journal, apart: int) -> None:
    ids = ["x", *(f"r{number}" for number in range(apart)), "x"]
    with pytest.raises(ConfigError, match="two rows of the manifest have the id 'x'"):
        journal.enrol(rows(*ids))


def test_ids_with_nul_are_told_apart_and_found_again(journal: Journal) -> None:
    ids = ["a", "a\0b", "a\0c", "\0"]
    for _ in range(2):
        journal.enrol(rows(*ids))
    assert [entry.row.id for entry in journal.pending()] == ids


def test_what_is_not_committed_is_forgotten(tmp_path: Path, journal: Journal) -> None:
    journal.enrol(rows("a", "b"))
    note(journal, "a")
    journal.flush()
    note(journal, "b", offset=10)
    assert journal.end("done") == 20
    journal.close()
    again = Journal(tmp_path / "journal.sqlite")
    assert pending(again) == ["b"]
    assert again.end("done") == 10


def test_rows_come_back_when_their_lines_are_gone(journal: Journal) -> None:
    journal.enrol(rows("a", "b", "c"))
    for number, row_id in enumerate("abc"):
        note(journal, row_id, offset=10 * number)
    assert journal.forget_after("done", 25) == 20
    assert pending(journal) == ["c"]
    assert journal.end("done") == 20


def test_failed_rows_once_more(journal: Journal) -> None:
    journal.enrol(rows("a", "b", "c", "d"))
    note(journal, "a")
    for number, row_id in enumerate("bcd"):
        note(journal, row_id, "failed", offset=10 * number)
    journal.enrol(rows("a", "b", "c"))
    assert journal.begin_retry() == 2
    assert journal.retrying
    assert pending(journal) == []
    journal.end_retry([("d", 0, 10)], lambda: None)
    assert pending(journal) == ["b", "c"]
    assert journal.end("failed") == 10
    assert journal.epoch == 1
    assert not journal.retrying
    journal.enrol(rows("a"))
    assert journal.begin_retry() == 0
    assert journal.epoch == 1


def test_damage_and_other_versions_are_said(tmp_path: Path) -> None:
    place = tmp_path / "journal.sqlite"
    place.write_bytes(b"no database" * 500)
    with pytest.raises(ConfigError, match="is damaged"):
        Journal(place)
    place.unlink()
    sqlite3.connect(place).execute("PRAGMA user_version = 99").connection.close()
    with pytest.raises(ConfigError, match="of version 99"):
        Journal(place)


TEXT = st.none() | st.text(st.characters(), max_size=30)


@given(path=TEXT, transcript=TEXT, sex=TEXT, problem=TEXT, turns=st.lists(st.tuples(st.text(), st.text()), max_size=3))
def test_rows_survive_packing(
    path: str | None, transcript: str | None, sex: str | None, problem: str | None, turns: list[tuple[str, str]]
) -> None:
    row = Row(
        id="a",
        path=path,
        transcript=transcript,
        context=tuple(Turn(*turn) for turn in turns),
        sex=sex,
        problem=problem,
    )
    assert unpack_row("a", pack_row(row)) == row


def test_cues_and_references_survive_packing() -> None:
    row = Row(id="a", cueset=cueset(3, cues=40), reference=Reference(labels=("joy",), distribution={"happiness": 1.0}))
    packed = pack_row(row)
    assert unpack_row("a", packed) == row
    assert len(packed) < 1_500


def test_completions_are_remembered_but_not_under_another_salt(tmp_path: Path) -> None:
    results = StageResults(tmp_path, alone=False)
    said = Completion(texts=("one", "zwei ü"), finish=("stop", "length"), prompt_tokens=3, notes=("n",))
    Completions(results).keep("key", said)
    other = StageResults(tmp_path, alone=False)  # another batch on the same cache
    assert Completions(other).recall("key") == said
    assert Completions(other, "retry").recall("key") is None
    other.keep("complete", "key", {"texts": 3, "unknown": 1})
    assert Completions(results).recall("key") is None
    results.close()
    other.close()
