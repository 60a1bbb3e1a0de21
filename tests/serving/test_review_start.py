"""What a look with fresh eyes found in how the command starts, with the real command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="pip install 'emoreason[serve]'")

ENCRYPTED = (
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-passout",
    "pass:secret",
    "-days",
    "2",
    "-subj",
    "/CN=a",
)


def refused(*options: str, **environment: str) -> str:
    """What is said where the command does not start."""
    command = (
        sys.executable,
        "-m",
        "emoreason",
        "serve",
        "--offline",
        "--purpose",
        "research",
        "--port",
        "0",
        *options,
    )
    ran = subprocess.run(
        command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode in (2, 3), ran.stderr
    assert not ran.stdout
    return ran.stderr


def test_a_state_folder_that_cannot_be_made_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "the folder of files and batches cannot be written" in refused("--state", str(tmp_path / "file" / "state"))


def test_what_is_wrong_with_the_upstream_names_the_options_of_this_command() -> None:
    said = refused("--upstream", "http://me:word@127.0.0.1:1/v1")
    assert "--upstream holds a name, a password" in said
    assert "OPENAI_API_KEY or --upstream-key-file" in said
    assert "me:word" not in said


def test_a_key_of_tls_with_a_pass_phrase_is_refused_and_not_asked_for(tmp_path: Path) -> None:
    certificate, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    try:
        subprocess.run([*ENCRYPTED, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    assert "asks for a pass phrase" in refused("--tls-cert", certificate, "--tls-key", key)
