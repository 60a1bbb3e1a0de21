"""Declared purpose: accepted, refused with the reason, unknown, silent."""

import pytest

from emoreason.errors import ConfigError, PurposeError
from emoreason.reasoning.purpose import ACCEPTED, REFUSED, declared_purpose


@pytest.mark.parametrize("purpose", ACCEPTED)
def test_accepted(purpose: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert declared_purpose(f" {purpose.upper()} ") == purpose
    monkeypatch.setenv("EMOREASON_PURPOSE", purpose)
    assert declared_purpose() == purpose


@pytest.mark.parametrize("purpose", REFUSED)
def test_refused_with_the_reason(purpose: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PurposeError, match=r"is refused .* Art\. 5\(1\)\(f\)"):
        declared_purpose(purpose)
    monkeypatch.setenv("EMOREASON_PURPOSE", purpose)
    with pytest.raises(PurposeError):
        declared_purpose()
    assert declared_purpose("research") == "research"  # what the command says goes before the environment


@pytest.mark.parametrize("purpose", ["", "hiring", "work place"])
def test_unknown(purpose: str) -> None:
    with pytest.raises(ConfigError, match=r"unknown purpose .*; expected one of research, media"):
        declared_purpose(purpose)


def test_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMOREASON_PURPOSE", raising=False)
    assert declared_purpose() is None
    monkeypatch.setenv("EMOREASON_PURPOSE", "  ")
    assert declared_purpose() is None
