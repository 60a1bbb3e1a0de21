"""``emoreason doctor``: findings, remedies, exit code."""

import json
from pathlib import Path

import pytest
from upstream import upstream

from emoreason.cli.checks import Check, run_checks

ONLINE = {"EMOREASON_OFFLINE": "0"}  # downloads allowed; doctor makes none


def by_name(stdout: str) -> dict[str, dict[str, str]]:
    return {check["name"]: check for check in json.loads(stdout)["checks"]}


def test_every_finding_that_is_not_ok_has_a_remedy_and_the_exit_code_follows(run) -> None:
    done = run("doctor", "--json", env=ONLINE)
    checks = by_name(done.stdout)
    assert all(check["remedy"] for check in checks.values() if check["verdict"] == "note")
    failed = any(check["verdict"] == "fail" for check in checks.values())
    assert done.returncode == (1 if failed else 0)
    for name in ("python", "packages", "decoders", "face_landmark", "silero_vad", "cache", "purpose", "machine"):
        assert name in checks
    assert checks["purpose"]["verdict"] == "note"


def test_missing_models_fail_only_when_downloads_are_off(run) -> None:
    assert by_name(run("doctor", "--json", env=ONLINE).stdout)["face_landmark"]["verdict"] == "note"
    done = run("doctor", "--json", "--offline", env=ONLINE)
    assert by_name(done.stdout)["face_landmark"]["verdict"] == "fail"
    assert done.returncode == 1


def test_a_wrong_model_file_a_refused_purpose_and_a_closed_cache_fail(run, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "face_landmark.tflite").write_bytes(b"not it")
    (tmp_path / "cache").write_bytes(b"a file where the folder should be")
    env = {"EMOREASON_MODELS": str(tmp_path / "models"), "EMOREASON_PURPOSE": "workplace"}
    checks = by_name(run("doctor", "--json", env=env).stdout)
    assert checks["face_landmark"]["verdict"] == "fail"
    assert "does not have sha256" in checks["face_landmark"]["found"]
    assert "wrong sha256: copy it again from `emoreason models fetch --to`" in checks["face_landmark"]["remedy"]
    assert checks["face mesh"]["found"] == "not tried: its model file has the wrong sha256"
    assert checks["purpose"]["verdict"] == "fail"
    assert checks["cache"]["verdict"] == "fail"


def test_the_table_says_how_to_mend(run) -> None:
    done = run("doctor", "--offline")
    assert "→ `emoreason models fetch`" in done.stdout
    assert "to mend" in done.stdout


def test_a_check_that_breaks_is_a_failed_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emoreason.cli.checks.cache_folder", lambda: 1 / 0)
    failed = [check for check in run_checks() if "ZeroDivisionError" in check.found]
    assert failed
    assert all(isinstance(check, Check) and check.verdict == "fail" for check in failed)


def test_the_server_of_a_language_model_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with upstream() as server:
        monkeypatch.setenv("EMOREASON_BASE_URL", server.url)
        (found,) = [check for check in run_checks() if check.name == "engine openai"]
        assert (found.verdict, found.found.split()[1]) == ("ok", "takes")
    (found,) = [check for check in run_checks() if check.name == "engine openai"]
    assert found.verdict == "fail"
    assert "no connection" in found.found
