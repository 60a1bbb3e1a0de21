"""What a look with fresh eyes found in the parts of the server, each by itself."""

import asyncio
import errno
import shutil
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi", reason="pip install 'emoreason[serve]'")

from served_app import served_app

from emoreason.errors import ConfigError
from emoreason.records import Clip, Cue, CueSet
from emoreason.serving.access import bodies
from emoreason.serving.access.bodies import Bodies
from emoreason.serving.access.errors import api_error
from emoreason.serving.chat.evidence import Basis, evidence_of
from emoreason.serving.chat.preparing import forwarded
from emoreason.serving.media.folder import PrivateFolder
from emoreason.serving.media.store import Store
from emoreason.serving.refusals import ApiError
from emoreason.serving.settings import MediaLimits, ServeSettings

FORM = {
    "type": "http",
    "headers": [(b"content-type", b"multipart/form-data; boundary=b"), (b"transfer-encoding", b"chunked")],
}
Receive = Callable[[], Coroutine[Any, Any, dict[str, Any]]]


def test_forms_of_all_requests_together_have_so_much_room_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_FORMS_HELD", 5 << 20)

    async def arrived(scope: Any, receive: Receive, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        await asyncio.sleep(0.05)

    async def piece() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x" * (3 << 20), "more_body": False}

    async def ask() -> list[Any]:
        app = Bodies(arrived, MediaLimits(upload_bytes=4 << 20))
        asked = [app(dict(FORM), piece, None) for _ in range(2)]
        first = await asyncio.gather(*asked, return_exceptions=True)
        return [*first, await app(dict(FORM), piece, None)]  # what was let go of has room again

    done, refused, after = asyncio.run(ask())
    assert done is after is None
    assert isinstance(refused, ApiError)
    assert (refused.status, refused.code) == (429, "too_many_large_requests")


def test_the_weights_of_the_engine_are_chosen_for_all_routes() -> None:
    cues = {"clip": "a", "cues": [{"code": "AU12", "value": 3.0, "unit": "0-5"}]}
    asked = {"messages": [{"role": "user", "content": "?"}], "emoreason": {"evidence": True, "cues": cues}}
    said = {}
    for weights in ("fitted", "literature"):
        with served_app(ServeSettings(weights=weights)) as url:
            assert weights in httpx.get(f"{url}/v1/models").json()["data"][0]["description"][:20].lower()
            explained = httpx.post(f"{url}/v1/explain", json={"cues": cues}).json()
            chatted = httpx.post(f"{url}/v1/chat/completions", json=asked).json()
            emotions = chatted["choices"][0]["message"]["evidence"]["emotions"]
            said[weights] = emotions
            assert explained["evidence"]["emotions"] == emotions
            assert weights in explained["explanation"]["model"]
    assert said["fitted"] != said["literature"]


def test_where_a_client_comes_from_is_not_passed_on() -> None:
    names = ("X-Forwarded-For", "X-Forwarded-Port", "X-Real-IP", "True-Client-IP", "Via", "HTTP2-Settings", "X-Mine")
    assert forwarded([(name.lower().encode(), b"1") for name in names]) == {"x-mine": "1"}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"drain_s": float("nan")}, "drain is nan s"),
        ({"drain_s": float("inf")}, "drain is inf s"),
        ({"limits": MediaLimits(fetch_timeout_s=float("nan"))}, "fetch timeout is nan s"),
        ({"host": ""}, "the host to listen on is empty"),
    ],
)
def test_settings_that_could_only_fail_later_are_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        ServeSettings(**wrong)


def test_a_folder_of_media_that_was_cleaned_up_is_made_anew() -> None:
    folder = PrivateFolder()
    store = Store(folder)
    shutil.rmtree(folder.path)
    path, file = store.new()
    file.close()
    assert path.exists()
    store.close()
    assert not path.parent.exists()


def test_a_full_disk_is_no_bug() -> None:
    refusal = api_error(OSError(errno.ENOSPC, "No space left on device"))
    assert (refusal.status, refusal.code, refusal.retry_after_s) == (503, "no_room", 30)
    assert api_error(OSError(errno.EIO, "Input/output error")).status == 500


def test_a_claim_is_about_the_cue_that_its_remark_cites() -> None:
    first, second = (
        Cue(id=f"face1.AU25.{number}", modality="face", code="AU25", value=1.0, start_s=number, end_s=number + 0.9)
        for number in (1, 2)
    )
    basis = Basis(cueset=CueSet(clip=Clip(id="a"), cues=(first, second)))
    text = "Lips part, 1.5-2.5 s; while speaking, so it may be articulation [face1.AU25.2]."
    (claim,) = evidence_of(text, basis)["claims"]
    assert (claim["verdict"], claim["cue_ids"], claim["start_s"]) == ("supported", ["face1.AU25.2"], 2.0)
    assert claim["why"].startswith("face1.AU25.2")


def test_claims_beside_many_cues_are_checked_in_bounded_time() -> None:
    cue = Cue(id="face1.AU12.1", modality="face", code="AU12", value=3.0)
    cues = tuple(replace(cue, id=f"face1.AU12.{number}") for number in range(10_000))
    found = evidence_of("She smiles. " * 200, Basis(cueset=CueSet(clip=Clip(id="a"), cues=cues)))
    assert len(found["claims"]) == 100
    assert "only the first 100 of 200 claims were checked" in found["notes"]
