"""LiteLLM, which needs an environment of its own (it holds ``openai`` to another version), against the real command.

``python -m venv DIR && DIR/bin/pip install litellm``, then ``EMOREASON_LITELLM=DIR/bin/python``.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="pip install 'emoreason[serve]'")

from gateway import gateway

pytestmark = pytest.mark.slow

CLIP = Path(__file__).parents[2] / "examples" / "clip.mp4"
PYTHON = os.environ.get("EMOREASON_LITELLM", sys.executable)
ASK = """
import base64, json, sys
import litellm

base, key, clip = sys.argv[1:]
url = "data:video/mp4;base64," + base64.b64encode(open(clip, "rb").read()).decode()
question = [{"type": "text", "text": "What is expressed?"}, {"type": "video_url", "video_url": {"url": url}}]
asked = {
    "model": "openai/evidence", "api_base": base, "api_key": key,
    "messages": [{"role": "user", "content": question}], "extra_body": {"emoreason": {"evidence": True}},
}
message = litellm.completion(**asked).choices[0].message
deltas = [chunk.choices[0].delta for chunk in litellm.completion(stream=True, **asked)]
print(json.dumps({
    "content": message.content, "thought": message.reasoning_content,
    "counts": message.provider_specific_fields["evidence"]["counts"],
    "streamed": "".join(delta.content or "" for delta in deltas),
    "thought_streamed": "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas),
}))
"""


@pytest.fixture(scope="module")
def said() -> dict[str, Any]:
    if subprocess.run([PYTHON, "-c", "import litellm"], capture_output=True).returncode:
        pytest.skip("litellm is not installed; EMOREASON_LITELLM may name the Python of an environment that has it")
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}  # else it looks for prices on the internet
    with gateway(key="a-key-of-this-test") as server:
        command = (PYTHON, "-c", ASK, server.v1, "a-key-of-this-test", str(CLIP))
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return answer


def test_a_clip_is_explained_with_evidence(said: dict[str, Any]) -> None:
    assert said["counts"]["supported"] > 10
    assert "AU12" in said["thought"]
    assert "happy" in {label["label"] for label in json.loads(said["content"])["labels"]}


def test_a_stream_says_the_same(said: dict[str, Any]) -> None:
    assert json.loads(said["streamed"]) == json.loads(said["content"])
    assert said["thought_streamed"].strip() == said["thought"].strip()
