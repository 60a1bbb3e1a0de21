"""Rendered prompts, byte for byte. After a wanted change: ``EMOREASON_UPDATE_SNAPSHOTS=1 pytest tests/prompts``.

Raise ``prompts.version.SEMANTIC_VERSION`` with it and read the difference that git shows.
"""

import os
from pathlib import Path

import pytest

from emoreason.cues.wording import LANGUAGES
from emoreason.prompts.presets import PRESETS
from emoreason.prompts.render import Picture, Rendered, render_messages
from emoreason.records import CueSet

SNAPSHOTS = Path(__file__).parent / "snapshots"


def as_text(rendered: Rendered) -> str:
    parts = []
    for message in rendered.messages:
        content = message["content"]
        parts.append(f"=== {message['role']}")
        pieces = [content] if isinstance(content, str) else [piece.get("text", "<image>") for piece in content]
        parts += pieces
    parts.append("=== dropped")
    parts += [f"{item.cue_id}: {item.reason}" for item in rendered.dropped]
    return "\n".join(parts) + "\n"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("preset", PRESETS)
def test_prompts_are_as_committed(preset: str, language: str, full: CueSet) -> None:
    frames = [Picture(time_s=1.8, cue_id="scene.shot.1")] if preset == "tree" else []
    text = as_text(render_messages(full, preset=preset, language=language, frames=frames))
    path = SNAPSHOTS / f"{preset}.{language}.txt"
    if os.environ.get("EMOREASON_UPDATE_SNAPSHOTS") == "1":
        path.write_text(text, encoding="utf-8", newline="\n")
    assert path.is_file(), f"{path} is missing; EMOREASON_UPDATE_SNAPSHOTS=1 pytest tests/prompts writes it"
    assert text == path.read_text(encoding="utf-8")


def test_no_snapshot_is_left_over() -> None:
    expected = {f"{preset}.{language}.txt" for preset in PRESETS for language in LANGUAGES}
    assert {path.name for path in SNAPSHOTS.iterdir()} == expected
