"""What is kept of measured clips: within its bytes, the least recently used dropped first."""

import pytest

pytest.importorskip("fastapi", reason="pip install 'emoreason[serve]'")

from hypothesis import given
from hypothesis import strategies as st

from emoreason.cues.gathered import Gathered
from emoreason.records import Clip, Cue, CueSet, Gap
from emoreason.serving.seeing.cache import Cache, Key
from emoreason.serving.seeing.measuring import Measured, weight_of

MOST = 1_000


def measured(name: str, weight: int) -> Measured:
    return Measured(Gathered(cueset=CueSet(clip=Clip(id=name))), weight)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, MOST), st.booleans()), max_size=60))
def test_it_never_holds_more_than_it_may_and_drops_what_was_used_longest_ago(steps) -> None:
    cache = Cache(MOST)
    order: dict[int, int] = {}  # what a plain list of uses would keep: number -> weight, oldest first
    for number, weight, only_looks in steps:
        key = Key.of(str(number), None)
        if only_looks:
            found = cache.get(key)
            assert (found is not None) == (number in order)
            if found is not None:
                assert found.cueset.clip.id == str(number)
                order[number] = order.pop(number)
            continue
        cache.put(key, measured(str(number), weight))
        if weight <= MOST // 4:
            order.pop(number, None)
            order[number] = weight
            while sum(order.values()) > MOST:
                order.pop(next(iter(order)))
        assert cache.size_bytes == sum(order.values()) <= MOST
        assert len(cache) == len(order)


def test_no_memory_keeps_nothing() -> None:
    cache = Cache(0)
    cache.put(Key.of("a", None), measured("a", 1))
    assert cache.get(Key.of("a", None)) is None


def test_a_clip_with_other_words_is_another() -> None:
    cache = Cache(MOST)
    cache.put(Key.of("a", "yes"), measured("a", 1))
    assert cache.get(Key.of("a", None)) is None
    assert cache.get(Key.of("a", "no")) is None
    assert cache.get(Key.of("a", "yes")) is not None
    assert "yes" not in repr(Key.of("a", "yes"))  # what was said is not kept for the key's sake


def test_long_texts_weigh() -> None:
    def weight(text: str, detail: str, transcript: str) -> int:
        cue = Cue(id="speech.1", modality="speech", code="utterance", text=text)
        gap = Gap(modality="face", reason="no_face", detail=detail)
        clip = Clip(id="a", transcript=transcript)
        return weight_of(Gathered(cueset=CueSet(clip=clip, cues=(cue,), gaps=(gap,))))

    least = weight("", "", "")
    for texts in (("x" * 5_000, "", ""), ("", "x" * 5_000, ""), ("", "", "x" * 5_000)):
        assert weight(*texts) >= least + 5_000
