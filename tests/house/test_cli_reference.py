"""docs/cli.md says what the commands say."""

import importlib.util
from pathlib import Path

from emoreason.cli.main import VERBS

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_commands_say() -> None:
    path = ROOT / "docs" / "make_cli_reference.py"
    spec = importlib.util.spec_from_file_location("make_cli_reference", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    fresh = module.reference()
    assert fresh == module.PAGE.read_text(encoding="utf-8"), "docs/cli.md is out of date: run `make docs` and commit it"
    assert [verb for verb in VERBS if f"\n## emoreason {verb}\n" not in fresh] == []
    assert "\n### emoreason models verify\n" in fresh
