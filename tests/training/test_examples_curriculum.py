"""The order of the rows: by how hard they are, stable, and not moved by what stands beside them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreason.errors import ConfigError
from emoreason.records import Clip, CueSet, Reference, TrainingRow
from emoreason.records.labels import EMOTIONS
from emoreason.training.examples.curriculum import difficulties, in_order
from emoreason.training.examples.drawing import some_rows


def row(name: str, group: str | None = None, **known: object) -> TrainingRow:
    return TrainingRow(
        id=name,
        cueset=CueSet(clip=Clip(id=name)),
        group=group,
        reference=Reference(**known),  # type: ignore[arg-type]
    )


def ids(rows: list[TrainingRow]) -> str:
    return "".join(one.id for one in rows)


def test_rows_that_people_agree_on_come_first() -> None:
    uniform = dict.fromkeys(EMOTIONS, 1 / 7)
    rows = [
        row("a", distribution=uniform),
        row("b", distribution={"anger": 0.5, "fear": 0.5}),
        row("c", distribution={"anger": 1.0}),
        row("d", distribution={"anger": 8.0, "fear": 2.0}),
    ]
    assert ids(in_order(rows, "easy-to-hard")) == "cdba"
    assert difficulties(rows)[0] == pytest.approx((1 + 0 + 0.5) / 3)
    assert ids(in_order(rows, None)) == "abcd"


def test_mixtures_and_changes_are_harder() -> None:
    labels = [row("a", labels=("joy", "pride", "relief")), row("b", labels=("joy",)), row("c", labels=())]
    assert ids(in_order(labels, "easy-to-hard")) == "bca"
    talk = [
        row("a", "one", emotion="anger"),
        row("b", "two", emotion="fear"),
        row("c", "one", emotion="anger"),
        row("d", "two", emotion="anger"),
        row("e", emotion="anger"),
    ]
    assert ids(in_order(talk, "easy-to-hard")) == "cabed"


def test_there_is_one_curriculum() -> None:
    with pytest.raises(ConfigError, match="no curriculum 'hard'; expected 'easy-to-hard'"):
        in_order([row("a")], "hard")


REFERENCES = st.builds(
    Reference,
    labels=st.none() | st.lists(st.sampled_from("xyz"), max_size=9).map(tuple),
    emotion=st.none() | st.sampled_from(EMOTIONS),
    distribution=st.none() | st.dictionaries(st.sampled_from(EMOTIONS), st.floats(0, 10), max_size=7),
)


@given(st.lists(st.tuples(REFERENCES, st.sampled_from(["g", "h", None])), max_size=12), st.integers(0, 9))
def test_any_rows_are_put_in_order_and_stay_there(known: list[tuple[Reference, str | None]], seed: int) -> None:
    rows = [
        TrainingRow(id=str(n), cueset=CueSet(clip=Clip(id=str(n))), reference=reference, group=group)
        for n, (reference, group) in enumerate(known)
    ]
    ranks = difficulties(rows)
    assert all(0 <= rank <= 1 for rank in ranks)
    ordered = in_order(rows, "easy-to-hard")
    assert sorted(one.id for one in ordered) == sorted(one.id for one in rows)
    placed = [(ranks[int(one.id)], int(one.id)) for one in ordered]
    assert placed == sorted(placed)
    some = some_rows(rows, 3, seed)
    assert [one for one in rows if one in some] == some
    assert {one.id for one in some} == {one.id for one in some_rows(rows[::-1], 3, seed)}
