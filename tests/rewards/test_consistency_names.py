"""Names of emotions are found as by trying every phrase at every word; passing most words over is only faster."""

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from emoreason.rewards import consistency
from emoreason.rewards.consistency import _named, _surfaces, affirmed_families

Named = Iterator[tuple[str, tuple[int, int]]]


def plainly_named(text: str, own: frozenset[str]) -> Named:
    names = {**_surfaces(), **{label: label for label in own}}
    words = list(consistency._WORD.finditer(text))
    reach = max([3, *(len(label.split()) for label in own)])
    number = 0
    while number < len(words):
        word = words[number]
        if not word[0][0].isascii():
            yield from plainly_in_run(word[0], word.start(), names)
        else:
            for length in range(min(reach, len(words) - number), 0, -1):
                last = words[number + length - 1]
                surface = text[word.start() : last.end()].casefold()
                if surface in names:
                    yield names[surface], (word.start(), last.end())
                    number += length - 1
                    break
        number += 1


def plainly_in_run(run: str, offset: int, names: dict[str, str]) -> Named:
    at = 0
    while at < len(run):
        for length in range(min(6, len(run) - at), 0, -1):
            if run[at : at + length] in names:
                yield names[run[at : at + length]], (offset + at, offset + at + length)
                at += length - 1
                break
        at += 1


_OWN = st.frozensets(
    st.sampled_from(["wistful", "out of it", "in two minds and more", "strasse", "闷闷不乐", "joyful", "a"])
)
_MANY = st.just(frozenset(f"label {number}" for number in range(40)) | {"wistful"})
_PIECES = (
    st.sampled_from(sorted(_surfaces()))
    | st.sampled_from(sorted(_surfaces())).map(str.title)
    | st.sampled_from(sorted(_surfaces())).map(lambda name: name.replace("ss", "ß").replace("k", "\u212a"))
    | st.sampled_from(
        [" ", "", "-", "'", "’", "wistful", "out of it", "in two minds", "Straße", "闷闷不乐", "很", "a", "é", "1"]
    )
    | st.text(max_size=3)
)


@settings(max_examples=400, deadline=None)
@given(pieces=st.lists(_PIECES, max_size=10), own=_OWN | _MANY)
def test_names_are_those_of_plain_looking(pieces: list[str], own: frozenset[str]) -> None:
    text = "".join(pieces)
    assert list(_named(text, text.casefold(), own)) == list(plainly_named(text, own))


@settings(max_examples=100, deadline=None)
@given(pieces=st.lists(_PIECES | st.sampled_from(["no clear emotion", "没有情绪", "not", "could also"]), max_size=10))
def test_what_is_kept_of_a_sentence_is_what_it_says(pieces: list[str]) -> None:
    text = " ".join(pieces)
    kept = consistency._affirmed(text, frozenset())
    assert kept == consistency._affirmed(text, frozenset()) == tuple(affirmed_families(text))
