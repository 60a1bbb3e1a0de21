"""Annotations of data sets as cues."""

import math

import pytest

from emoreason.cues.emotion_words import emotion_words_in, without_emotion_words
from emoreason.cues.imports.annotations import MASK, facs_cues, peak_cues, prose_cues, said_cue


def test_peak_cues_know_the_floor_and_leave_out_what_was_not_measured() -> None:
    cues = peak_cues({"AU01": 0.79, "AU12_r": 0.8, "AU45": math.nan, "junk": 3.0, "AU25": 9.0}, 1.5)
    assert [(cue.code, cue.state, cue.value) for cue in cues] == [
        ("AU1", "absent", None),
        ("AU12", "present", 0.8),
        ("AU25", "present", 5.0),
    ]
    assert all(cue.start_s == cue.end_s == 1.5 for cue in cues)


def test_coders_codes_keep_sides_and_intensities_and_say_nothing_of_the_rest() -> None:
    cues = facs_cues("4E+L14+R14+25 x")
    assert [(cue.id, cue.side, cue.value) for cue in cues] == [
        ("face1.AU4.1", None, 5.0),
        ("face1.AU14.1", "left", None),
        ("face1.AU14.2", "right", None),
        ("face1.AU25.1", None, None),
    ]
    assert not facs_cues("")


def test_prose_loses_its_emotion_words_and_they_are_counted() -> None:
    prose = prose_cues(
        "She sits at a table. Happy and excited! Her voice is happy, with a high pitch.", "voice", "merr"
    )
    assert [cue.text for cue in prose.cues] == ["She sits at a table.", f"Her voice is {MASK}, with a high pitch."]
    assert prose.masked == {"happy": 2, "excited": 1}
    assert not any(emotion_words_in(cue.text or "") for cue in prose.cues)


def test_chinese_prose_is_masked_too() -> None:
    text, words = without_emotion_words("她看起来很高兴，声音很大。")
    assert words == ["高兴"]
    assert "高兴" not in text


def test_what_is_said_stays() -> None:
    assert said_cue("I am so happy").text == "I am so happy"


def test_a_word_within_another_stays() -> None:
    assert without_emotion_words("A saddle and a joystick, HAPPY")[0] == "A saddle and a joystick, ___"


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, I can't help with that.",
        "I’m sorry, but I cannot assist with identifying people.",
        "Sorry, I am not able to view this video.",
        "As an AI language model, I do not have the ability to listen to audio. Please provide a transcript.",
        "I'm just an AI assistant and can't see faces!",
        "Unfortunately, I am unable to determine who is in the image. If you tell me more, I can help.",
        "Based on the information provided, I cannot confidently determine the emotion being conveyed.",
        '"I can\'t describe the people in this image."',
        "抱歉，我无法识别图片中的人物。",
        "很抱歉，我不能帮助您完成这个请求。请提供更多信息。",
        "作为一个人工智能语言模型，我没有能力听取音频。",
        "作為AI助手，我無法查看這段影片。",
        "对不起，无法提供该图片的描述。",
    ],
)
def test_a_text_in_which_a_model_refused_is_no_cue(text: str) -> None:
    assert prose_cues(text, "scene", "bundle") == ((), {}, True)


@pytest.mark.parametrize(
    "text",
    [
        "She says \"I'm sorry, I can't help you with that\" and turns away from him.",
        '"I can\'t do it," he tells the woman at the counter.',
        "\"I'm sorry. I can't help it,\" she says with a low voice.",
        "A man who cannot identify the sound looks at his assistant.",
        "An AI assistant is shown on the screen behind the two speakers.",
        "女人对他说抱歉，然后转身离开了房间。",
        "男人无法看清门外的人，于是走近窗户。",
    ],
)
def test_people_who_are_sorry_are_no_refusal(text: str) -> None:
    prose = prose_cues(text, "scene", "bundle")
    assert not prose.refused
    assert prose.cues[-1].text == text or text.endswith(prose.cues[-1].text or "?")


def test_what_a_refusal_describes_nevertheless_stays() -> None:
    text = "I'm unable to identify the person. However, I can describe the scene:\n\nA woman stands in a bright hall."
    assert [cue.text for cue in prose_cues(text, "scene", "x").cues] == ["A woman stands in a bright hall."]
    text = "I cannot determine the emotion, but the woman in the car leans back. Her hands lie on the wheel."
    assert [cue.text for cue in prose_cues(text, "scene", "x").cues] == [
        "the woman in the car leans back.",
        "Her hands lie on the wheel.",
    ]
    text = "抱歉，我无法识别图中的人物。图中一名女子坐在桌边看书。"
    assert [cue.text for cue in prose_cues(text, "scene", "x").cues] == ["图中一名女子坐在桌边看书。"]


def test_the_words_of_its_own_labels_are_masked_whether_they_are_on_the_list_or_not() -> None:
    own = ("sheepish", "in two minds", "open", "c++", "五味杂陈")
    text = "He grins sheepishly, in  two minds, with Open arms, and opens an in-two-minds letter. "
    prose = prose_cues(text + "\n他五味杂陈地看着窗外。", "scene", "bundle", own=own)
    assert [cue.text for cue in prose.cues] == [
        f"He grins {MASK}, {MASK}, with {MASK} arms, and opens an {MASK} letter.",
        f"他{MASK}地看着窗外。",
    ]
    assert prose.masked == {
        "sheepishly": 1, "in  two minds": 1, "open": 1, "in-two-minds": 1, "五味杂陈": 1
    }  # fmt: skip
    assert not prose_cues(text, "scene", "bundle").masked


def test_a_label_of_emotion_words_counts_once() -> None:
    prose = prose_cues(
        "The man is deeply hurt and happy, sitting at the long table.", "scene", "x", own=("deeply hurt",)
    )
    assert prose.masked == {"deeply hurt": 1, "happy": 1}
    assert prose_cues("A man sits at the long table.", "scene", "x", own=("", " ", "_")).masked == {}
