"""What the schema that engines enforce lets through, and that grammars take it."""

import json
import random
import re
from typing import Any

import pytest
from grounded_clips import JOY
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from some_records import CUESET, cuesets

from emoreason.prompts.contract import parse_answer, write_answer
from emoreason.reasoning.conversation.structure import MOST_LISTED_IDS, answer_schema, coarse
from emoreason.reasoning.engines import Request
from emoreason.reasoning.engines.evidence import EvidenceEngine
from emoreason.records.convert import check

IDS = ["face1.AU12.1", "voice.f0_mean.1", "人.AU4.1"]
SCHEMA = answer_schema(IDS, compounds=True)


def allowed(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Everything a schema of this kind allows; fails on a keyword that it does not know."""
    if "anyOf" in schema:
        assert schema.keys() == {"anyOf"}
        return st.one_of([allowed(choice) for choice in schema["anyOf"]])
    if "enum" in schema:
        assert schema.keys() == {"type", "enum"}
        return st.sampled_from(schema["enum"])
    kinds: dict[str, Any] = {
        "object": _objects,
        "array": _arrays,
        "string": lambda found: st.from_regex(found["pattern"], fullmatch=True),
        "number": lambda found: st.floats(found["minimum"], found["maximum"]),
        "boolean": lambda found: st.booleans(),
        "null": lambda found: st.none(),
    }
    return kinds[schema["type"]](schema)


def _objects(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    assert schema.keys() == {"type", "properties", "required", "additionalProperties"}
    assert schema["additionalProperties"] is False
    assert schema["required"] == list(schema["properties"]), "OpenAI's strict mode wants every key"
    return st.fixed_dictionaries({name: allowed(field) for name, field in schema["properties"].items()})


def _arrays(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    assert schema.keys() <= {"type", "items", "minItems", "maxItems"}
    most = min(schema["maxItems"], max(3, schema.get("minItems", 0)))
    return st.lists(allowed(schema["items"]), min_size=schema.get("minItems", 0), max_size=most)


@given(allowed(SCHEMA))
@settings(max_examples=60, deadline=None)
def test_whatever_it_allows_is_valid_by_the_contract(answer: dict[str, Any]) -> None:
    check(answer, "answer")
    parsed = parse_answer(json.dumps(answer, ensure_ascii=False))
    assert parsed.answer is not None
    assert {problem.code for problem in parsed.problems} <= {"not_normalised", "bad_value", "percentages"}
    cited = {cue for item in parsed.answer["labels"] for cue in item["cues"]}
    assert cited <= set(IDS)


@given(allowed(coarse(SCHEMA)))
@settings(max_examples=40, deadline=None)
def test_what_the_coarse_one_allows_the_fine_one_allows(answer: dict[str, Any]) -> None:
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(answer)] == []


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("preset", ["explain", "tree", "compound", "direct"])
@pytest.mark.parametrize("cueset", [CUESET, JOY.cueset], ids=["smile", "joy"])
def test_the_contracts_own_answers_are_allowed(cueset: Any, preset: str, language: str) -> None:
    reply = EvidenceEngine().answer(Request(cueset=cueset, preset=preset, language=language))
    written = parse_answer(reply.text).written
    assert written is not None
    fitting = answer_schema([cue.id for cue in cueset.cues], compounds=preset == "compound")
    assert [error.message for error in Draft202012Validator(fitting).iter_errors(written)] == []


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"labels": [{"label": "happy", "cues": ["face1.AU99.1"]}]}, "a cue that was not shown"),
        ({"labels": [{"label": "happy  ", "cues": []}]}, "a run of white space"),
        ({"labels": [{"label": " happy", "cues": []}]}, "white space in front"),
        ({"labels": [{"label": "x" * 61, "cues": []}]}, "a label without end"),
        ({"labels": [{"label": 'happy"', "cues": []}]}, "a quotation mark"),
        ({"emotions": [{"label": "happiness", "probability": 1}]}, "a class left out"),
        ({"abstain_reason": "x" * 401}, "a reason without end"),
        ({"abstain_reason": ""}, "an empty reason"),
        ({"more": 1}, "another key"),
        ({"compounds": []}, "compounds that nobody asked for"),
    ],
)
def test_what_it_does_not_allow(change: dict[str, Any], where: str) -> None:
    reply = EvidenceEngine().answer(Request(cueset=CUESET))
    written = parse_answer(reply.text).written
    fitting = Draft202012Validator(answer_schema([cue.id for cue in CUESET.cues]))
    assert fitting.is_valid(written)
    assert not fitting.is_valid({**(written or {}), **change}), where


@given(cuesets())
@settings(max_examples=50, deadline=None)
def test_ids_are_listed_as_the_prompt_shows_them(cueset: Any) -> None:
    found = answer_schema([cue.id for cue in cueset.cues])["properties"]["labels"]["items"]["properties"]["cues"]
    if cueset.cues:
        assert len(found["items"]["enum"]) == len(set(found["items"]["enum"])) > 0
    else:
        assert found["maxItems"] == 0


def test_too_many_ids_are_not_listed() -> None:
    many = [f"face1.AU12.{number}" for number in range(MOST_LISTED_IDS + 1)]
    few = answer_schema(many[:-1])["properties"]["labels"]["items"]["properties"]["cues"]["items"]
    assert few["enum"] == many[:-1]
    ids = answer_schema(many)["properties"]["labels"]["items"]["properties"]["cues"]["items"]
    assert "enum" not in ids
    assert re.search(ids["pattern"], "face1.AU12.1")
    assert not re.search(ids["pattern"], "face1 AU12")
    long = answer_schema(["x" * 201, "y" * 200])["properties"]["labels"]["items"]["properties"]["cues"]["items"]
    assert long["enum"] == ["y" * 200], "answer.json takes no longer ones"


def test_keys_stand_in_the_contracts_order() -> None:
    fields = ["labels", "emotions", "compounds", "valence", "arousal", "action_units", "alternatives", "abstained"]
    assert list(SCHEMA["properties"]) == [*fields, "abstain_reason"]
    assert SCHEMA["properties"]["emotions"]["minItems"] == SCHEMA["properties"]["emotions"]["maxItems"] == 7


def test_no_repetition_is_longer_than_xgrammar_bears() -> None:
    found = json.dumps([SCHEMA, answer_schema([str(number) for number in range(300)])])
    assert max(int(most) for most in re.findall(r"\{\d+,(\d+)\}", found)) <= 128


def test_outlines_takes_the_coarse_one_and_random_walks_end_in_valid_answers() -> None:
    outlines = pytest.importorskip("outlines_core")
    from outlines_core.json_schema import build_regex_from_schema

    letters = {chr(code): [code] for code in range(32, 127)}
    index = outlines.Index(build_regex_from_schema(json.dumps(coarse(SCHEMA))), outlines.Vocabulary(2000, letters))
    assert len(index.get_transitions()) < 10_000
    drawn = random.Random(0)
    for _ in range(10):
        state, text = index.get_initial_state(), ""
        while (token := drawn.choice(index.get_allowed_tokens(state))) != 2000:
            text, state = text + chr(token), index.get_next_state(state, token)
        check(json.loads(text), "answer")
        assert len(text) < 4_000


@pytest.mark.slow
@pytest.mark.parametrize("ids", [0, 5, MOST_LISTED_IDS, MOST_LISTED_IDS + 1])
def test_xgrammar_takes_it_and_allows_written_answers(ids: int) -> None:
    xgrammar = pytest.importorskip("xgrammar")
    letters = [chr(code) for code in range(32, 127)]
    compiler = xgrammar.GrammarCompiler(xgrammar.TokenizerInfo([*letters, "</s>"], stop_token_ids=[len(letters)]))
    shown = [f"face1.AU12.{number}" for number in range(ids)]
    grammar = compiler.compile_json_schema(json.dumps(answer_schema(shown)), any_whitespace=False)
    matcher = xgrammar.GrammarMatcher(grammar)
    written = parse_answer(EvidenceEngine().answer(Request(cueset=CUESET)).text).written or {}
    written["labels"] = [{"label": "happy", "cues": shown[:2]}]
    # The enforced numbers hold six decimals and no exponent.
    for item in written["emotions"]:
        item["probability"] = round(item["probability"], 3)
    for letter in write_answer(None, written):
        assert matcher.accept_token(letters.index(letter)), letter
