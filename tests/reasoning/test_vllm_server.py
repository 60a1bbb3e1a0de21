"""The fixture that starts a vLLM server: what it says when there is no server, and that it leaves nothing behind."""

from pathlib import Path

import pytest
from vllm_server import METADATA, needs_vllm, serving

pytestmark = [pytest.mark.slow, needs_vllm, pytest.mark.timeout(300)]


def test_a_server_that_does_not_come_up_shows_its_log(tmp_path: Path) -> None:
    nothing = tmp_path / "no-checkpoint"
    nothing.mkdir()
    with (
        pytest.raises(pytest.fail.Exception, match=r"vllm serve ended with 1:(.|\n)*no-checkpoint"),
        serving(nothing, log=tmp_path / "server.log"),
    ):
        pass


def test_the_metadata_are_not_part_of_this_environment() -> None:
    """Installed, they would hide the real package."""
    from importlib.metadata import distributions

    found = [one for one in distributions(name="vllm") if METADATA in Path(str(one.locate_file(""))).parents]
    assert found == []
    assert [one.version for one in distributions(name="vllm", path=[str(METADATA)])] == ["0.32.0+cpu"]
