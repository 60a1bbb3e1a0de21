"""What a model is given: cues, demonstrations, pictures and sound within its context, and what is said of the rest."""

import json
from typing import Any

import pytest
from grounded_clips import JOY, SORROW
from scripted_model import ANSWER, REPLY, THINK, ScriptedModel, asked, user_text
from some_records import CUESET

from emoreason.errors import ConfigError
from emoreason.prompts import render
from emoreason.prompts.version import PROMPT_VERSION
from emoreason.reasoning.conversation import Capabilities, Manner
from emoreason.reasoning.conversation.pictures import Shown
from emoreason.reasoning.conversation.sound import Heard
from emoreason.reasoning.demonstrations import Demonstration
from emoreason.reasoning.engines import Request
from emoreason.reasoning.explain import explain_cues
from emoreason.records import Clip, Cue, CueSet


def many_cues(number: int) -> CueSet:
    cues = (
        Cue(id=f"face1.AU{1 + at % 28}.{at}", modality="face", code=f"AU{1 + at % 28}", value=at % 5 + 0.5, unit="0-5",
            subject="face1", start_s=float(at), end_s=at + 0.5)
        for at in range(number)
    )  # fmt: skip
    return CueSet(clip=Clip(id="long.mp4"), cues=tuple(cues))


def test_cues_that_have_no_room_are_left_out_and_said() -> None:
    able = Capabilities(structure="opening", context_tokens=6_000, count_tokens=lambda text: len(text) // 3)
    reply, chats = asked(THINK, ANSWER, able=able, request=Request(cueset=many_cues(500)))
    text = "".join(str(message["content"]) for message in chats[0].messages)
    assert len(text) // 3 <= 6_000 - 2_048
    (note,) = reply.notes
    assert "cues were left out of the prompt: less salient than the token budget allows (" in note
    shown = (chats[1].schema or {})["properties"]["labels"]["items"]["properties"]["cues"]["items"]["enum"]
    assert f"{500 - len(shown)} cues were" in note
    for cue_id in shown:
        assert f"[{cue_id}]" in text


def test_the_budget_is_the_smallest_of_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    budgets = []
    real = render.render_messages

    def spy(*args: Any, **options: Any) -> Any:
        budgets.append(options["budget_tokens"])
        return real(*args, **options)

    monkeypatch.setattr("emoreason.reasoning.conversation.prompt.render_messages", spy)
    asked(REPLY, able=Capabilities())
    asked(REPLY, able=Capabilities(), budget_tokens=3_000)
    asked(REPLY, able=Capabilities(context_tokens=131_072))
    asked(REPLY, able=Capabilities(context_tokens=6_000), budget_tokens=100_000)
    assert budgets == [8_192, 3_000, 8_192, 6_000 - 2_048 - 750 - 64]


def test_a_context_without_room_is_refused_with_a_remedy() -> None:
    with pytest.raises(ConfigError, match="lower max_tokens"):
        asked(able=Capabilities(context_tokens=2_048))
    with pytest.raises(ConfigError, match="budget of"):
        asked(able=Capabilities(context_tokens=3_000))


def demonstration(cueset: CueSet = JOY.cueset, answer: str = REPLY) -> Demonstration:
    return Demonstration(cueset=cueset, answer=answer)


def test_demonstrations_come_as_earlier_turns_the_most_similar_last() -> None:
    request = Request(cueset=CUESET, demonstrations=(demonstration(), demonstration(SORROW.cueset)))
    reply, (chat,) = asked(REPLY, able=Capabilities(), request=request, budget_tokens=20_000)
    assert [message["role"] for message in chat.messages] == ["system", *["user", "assistant"] * 2, "user"]
    assert "他走了" in user_text(chat, 1)
    assert "How wonderful" in user_text(chat, 3)
    assert chat.messages[2]["content"] == REPLY
    assert "Oh! You came." in user_text(chat)
    assert reply.notes == ()


def test_the_least_similar_demonstrations_go_first_when_there_is_no_room() -> None:
    request = Request(cueset=CUESET, demonstrations=(demonstration(),) + (demonstration(SORROW.cueset),) * 30)
    reply, (chat,) = asked(REPLY, able=Capabilities(), request=request)
    kept = (len(chat.messages) - 2) // 2
    assert 0 < kept < 31
    assert "How wonderful" in user_text(chat, -3)
    assert reply.notes == (f"{31 - kept} demonstrations, the least similar ones, were left out for length",)


def test_no_demonstration_takes_the_room_of_the_instructions() -> None:
    request = Request(cueset=CUESET, demonstrations=(demonstration(CUESET),))
    reply, (chat,) = asked(REPLY, able=Capabilities(), request=request, budget_tokens=1_350)
    assert len(chat.messages) == 2
    assert "all 1 demonstrations were left out for length" in reply.notes


def test_direct_demonstrations_do_not_think_and_unreadable_ones_are_left_out() -> None:
    shown = (demonstration(), demonstration(answer="joy"))
    request = Request(cueset=CUESET, preset="direct", demonstrations=shown)
    reply, (chat,) = asked(ANSWER, able=Capabilities(), request=request)
    assert json.loads(chat.messages[2]["content"])["labels"] == [{"label": "joyful", "cues": []}]
    assert reply.notes == ("1 demonstrations were left out: their answers cannot be read",)


def test_explain_cues_finds_demonstrations_and_leaves_a_given_engine_open() -> None:
    model = ScriptedModel([REPLY])
    explanation = explain_cues(CUESET, model, demonstrations=lambda cueset: (demonstration(),))
    assert len(model.chats[0].messages) == 4
    assert not model.closed
    assert explanation.labels == ("joyful",)
    assert explanation.generation is not None
    assert explanation.generation["completion_tokens"] == len(REPLY)
    assert explanation.prompt_version == PROMPT_VERSION


def test_an_engine_that_was_loaded_by_its_name_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[ScriptedModel] = []

    def load_engine(name: str) -> ScriptedModel:
        loaded.append(ScriptedModel([REPLY, "no", "no"], name=name))
        return loaded[-1]

    monkeypatch.setattr("emoreason.reasoning.explain.load_engine", load_engine)
    assert explain_cues(CUESET, "mine").engine == "mine"
    monkeypatch.setattr(ScriptedModel, "answer", lambda self, request: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        explain_cues(CUESET, "mine")
    assert [model.closed for model in loaded] == [True, True]


# -- pictures and sound

SOUND = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}


def with_media(monkeypatch: pytest.MonkeyPatch, picture_tokens: int, sound_tokens: int, pictures: int = 2) -> list[int]:
    """Pictures and a sound for every clip; returns what pictures were allowed to cost."""
    allowed: list[int] = []

    def pictures_of(cueset: CueSet, able: Capabilities, manner: Manner) -> Shown:
        allowed.append(manner.frame_tokens)
        shown = tuple(render.Picture(time_s=at, url=f"data:image/jpeg;base64,{at}") for at in range(pictures))
        return Shown(pictures=shown, tokens=picture_tokens, notes=("two moments of nine",))

    def sound_of(cueset: CueSet, able: Capabilities, manner: Manner) -> Heard:
        return Heard(part=SOUND, tokens=sound_tokens, notes=("the first minute",))

    monkeypatch.setattr("emoreason.reasoning.conversation.prompt.pictures_of", pictures_of)
    monkeypatch.setattr("emoreason.reasoning.conversation.prompt.sound_of", sound_of)
    return allowed


def test_sound_comes_first_then_the_pictures_then_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    with_media(monkeypatch, 100, 100)
    reply, (chat,) = asked(REPLY, able=Capabilities())
    parts = chat.messages[-1]["content"]
    assert [part["type"] for part in parts] == ["input_audio", *["text", "image_url"] * 2, "text"]
    assert reply.notes == ("two moments of nine", "the first minute")


def test_sound_stands_beside_a_text_without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    with_media(monkeypatch, 0, 100, pictures=0)
    _, (chat,) = asked(REPLY, able=Capabilities())
    assert [part["type"] for part in chat.messages[-1]["content"]] == ["input_audio", "text"]
    assert user_text(chat).startswith("Clip:")


def test_pictures_and_sound_leave_half_of_the_context_to_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = with_media(monkeypatch, 1_500, 10)
    able = Capabilities(context_tokens=6_200)
    room = 6_200 - 2_048 - 6_200 // 8 - 64
    reply, (chat,) = asked(REPLY, able=able)
    assert allowed == [room // 2]
    assert SOUND in chat.messages[-1]["content"]
    with_media(monkeypatch, 1_500, 1_000)
    reply, (chat,) = asked(REPLY, able=able)
    assert SOUND not in chat.messages[-1]["content"]
    assert "the sound was left out: the model's context has no room for it" in reply.notes
