"""Plug-ins: registered names, modules, files, and what is said when there is none."""

from pathlib import Path

import pytest

from emoreason.errors import ConfigError
from emoreason.plugin import load_plugin
from emoreason.reasoning.engines import load_engine


def test_by_name_module_and_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("class Thing:\n    pass\n", encoding="utf-8")
    assert load_plugin("loads", {"loads": "json:loads"}, "reader").__name__ == "loads"
    assert load_plugin("json:dumps", {}, "reader").__name__ == "dumps"
    thing = load_plugin(f"{path}:Thing", {}, "reader")
    assert thing.__name__ == "Thing"
    assert load_plugin(f"{path}:Thing", {}, "reader") is thing


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nosuch", "no reader is called 'nosuch'; there are loads"),
        ("json:nosuch", "json has no nosuch"),
        ("no_such_module:x", "ModuleNotFoundError"),
        ("nowhere.py:x", "there is no file nowhere.py"),
        (":x", "no reader is called"),
        ("json:", "no reader is called"),
    ],
)
def test_what_is_wrong_is_said(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_plugin(name, {"loads": "json:loads"}, "reader")


def test_a_file_that_breaks_is_said_and_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("raise RuntimeError('not today')\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="RuntimeError: not today"):
        load_plugin(f"{path}:x", {}, "reader")
    path.write_text("x = 1  # mended\n", encoding="utf-8")
    assert load_plugin(f"{path}:x", {}, "reader") == 1


def test_an_engine_must_be_one_and_take_its_options(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("class Mute:\n    pass\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="has no method answer"):
        load_engine(f"{path}:Mute")
    with pytest.raises(ConfigError, match=r"cannot be made with the options .*weights"):
        load_engine(f"{path}:Mute", weights="fitted")
