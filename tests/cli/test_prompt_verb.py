"""``emoreason prompt``: the same text a model gets, and what was dropped."""

import json

from emoreason.prompts.render import render_messages
from emoreason.records import CueSet
from emoreason.records.convert import from_json

PURPOSE = ("--purpose", "research")


def test_the_text_is_what_the_renderer_makes(run, cue_line, tmp_path) -> None:
    row = cue_line("clip.mp4")
    done = run("prompt", "--cues", "-", "--preset", "tree", "--language", "zh", *PURPOSE, stdin=row)
    rendered = render_messages(from_json(json.loads(row), CueSet), preset="tree", language="zh")
    assert done.returncode == 0
    for message in rendered.messages:
        assert f"── {message['role']} ──\n{message['content']}\n" in done.stdout
    assert "clip.mp4: about" in done.stderr


def test_json_has_the_messages_byte_for_byte(run, cue_line) -> None:
    row = cue_line("clip.mp4")
    done = run("prompt", "--cues", "-", "--json", *PURPOSE, stdin=f"{row}\n{row}")
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert first == second
    assert first["messages"] == list(render_messages(from_json(json.loads(row), CueSet)).messages)
    assert first["dropped"] == []
    assert first["shown"] == ["face1.AU12.1", "face.AU4.1"]


def test_a_small_budget_names_what_was_dropped(run, cue_line) -> None:
    row = cue_line("clip.mp4")
    whole = json.loads(run("prompt", "--cues", "-", "--json", *PURPOSE, stdin=row).stdout)
    done = run("prompt", "--cues", "-", "--budget", str(whole["tokens"] - 1), *PURPOSE, stdin=row)
    assert done.returncode == 0
    assert done.stderr.count("clip.mp4: dropped ") >= 1
    unlimited = json.loads(run("prompt", "--cues", "-", "--json", "--budget", "0", *PURPOSE, stdin=row).stdout)
    assert unlimited["messages"] == whole["messages"]
    impossible = run("prompt", "--cues", "-", "--budget", "5", *PURPOSE, stdin=row)
    assert impossible.returncode == 3
    assert "does not hold the instructions" in impossible.stderr


def test_a_bad_line_does_not_stop_the_rest(run, cue_line) -> None:
    done = run("prompt", "--cues", "-", "--json", *PURPOSE, stdin=f"{cue_line('a')}\nbad\n{cue_line('c')}")
    assert done.returncode == 1
    assert [json.loads(line)["clip"] for line in done.stdout.splitlines()] == ["a", "c"]
    assert "error: stdin:2: " in done.stderr


def test_words_from_the_clip_cannot_command_the_terminal(run) -> None:
    cue = {"modality": "speech", "code": "utterance", "text": "\x1b[2Jhello\x07"}
    done = run("prompt", "--cues", "-", *PURPOSE, stdin=json.dumps({"clip": "\x1b]0;x\x07", "cues": [cue]}))
    assert "hello" in done.stdout
    assert not set(done.stdout + done.stderr) & set("\x1b\x07")


def test_neither_clip_nor_cues_is_a_usage_error(run) -> None:
    assert run("prompt").returncode == 2
