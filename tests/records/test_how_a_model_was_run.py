"""``Explanation.generation`` comes back as it was: numbers, words and nothing."""

from emoreason.records import Explanation
from emoreason.records.convert import from_json, restore, to_json


def test_it_comes_back() -> None:
    run = {"temperature": 0.0, "seed": 1, "samples": 3, "adapter": None, "schema": "enforced"}
    explanation = Explanation(clip="a", generation=run)
    for read in (from_json, restore):
        again = read(to_json(explanation), Explanation)
        assert again == explanation
        assert again.generation is not None
        assert [type(value) for value in again.generation.values()] == [type(value) for value in run.values()]
