"""``emoreason models``: list, verify, fetch offline, copy for a closed network."""

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from emoreason.cli.main import emoreason
from emoreason.cues import models


@pytest.fixture(autouse=True)
def _own_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")
    monkeypatch.setattr(models, "find_spec", lambda _: None)
    monkeypatch.delenv("EMOREASON_MODELS", raising=False)
    monkeypatch.setenv("EMOREASON_OFFLINE", "1")


def test_list_and_verify_say_what_is_missing() -> None:
    listed = CliRunner().invoke(emoreason, ["models", "list", "--json"])
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    assert {row["status"] for row in rows} == {"missing"}
    assert {row["name"] for row in rows} == set(models.MODELS)
    verified = CliRunner().invoke(emoreason, ["models", "verify"])
    assert verified.exit_code == 1
    assert verified.stderr.count("`emoreason models fetch` mends it") == len(models.MODELS)


def test_fetch_without_a_network_says_the_remedy_once_per_wheel() -> None:
    result = CliRunner().invoke(emoreason, ["models", "fetch"])
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.count("downloads are off") == 2
    assert "set EMOREASON_MODELS" in result.stderr


def test_an_unknown_model_is_a_usage_error() -> None:
    result = CliRunner().invoke(emoreason, ["models", "fetch", "nose"])
    assert result.exit_code == 2
    assert "there are face_detection_full_range" in result.stderr


def test_files_copied_for_a_closed_network_serve_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"network"
    model = models.ModelFile(
        name="tiny",
        package="p",
        version="1",
        member="p/tiny.onnx",
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        licence="MIT",
        purpose="test",
    )
    for module in ("emoreason.cues.models", "emoreason.cli.models"):
        monkeypatch.setattr(f"{module}.MODELS", {"tiny": model})
    cached = tmp_path / "cache" / "models" / "p-1" / "tiny.onnx"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(content)
    result = CliRunner().invoke(emoreason, ["models", "fetch", "--to", str(tmp_path / "stick")])
    assert result.exit_code == 0
    cached.unlink()
    monkeypatch.setenv("EMOREASON_MODELS", str(tmp_path / "stick"))
    assert CliRunner().invoke(emoreason, ["models", "verify"]).exit_code == 0
    assert models.model_path("tiny") == tmp_path / "stick" / "tiny.onnx"
