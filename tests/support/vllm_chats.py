"""Chats with pictures and sound for a vLLM engine, and what it reads of them, log probabilities included."""

import base64
import io
import wave
from typing import Any, Final

import numpy as np

from emoreason.reasoning.conversation import Chat, Sampling
from emoreason.reasoning.engines.vllm import VLLMEngine
from emoreason.torch_imports import import_heavy

#: Options of an engine with a tiny checkpoint.
OPTIONS: Final[dict[str, Any]] = {"eager": True, "dtype": "float32", "max_model_len": 8192}
SHORT: Final = Sampling(max_tokens=16)
#: Text of a reply, and the log probability of each of its tokens.
Read = tuple[str, list[float]]


def picture(seed: int) -> dict[str, Any]:
    """Part of a message: noise, 96 pixels wide."""
    image = import_heavy("PIL.Image")
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (96, 96, 3), dtype=np.uint8)
    image.fromarray(pixels).save(file, "PNG")
    return {
        "type": "image_url",
        "image_url": {"url": f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"},
    }


def sound(pitch_hz: float) -> dict[str, Any]:
    """Part of a message: a second of a tone."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        tone = np.sin(np.arange(16_000) / 16_000 * 2 * np.pi * pitch_hz)
        out.writeframes((8_000 * tone).astype("<i2").tobytes())
    return {"type": "input_audio", "input_audio": {"data": base64.b64encode(file.getvalue()).decode(), "format": "wav"}}


def says(*parts: str | dict[str, Any]) -> Chat:
    """A chat with one message."""
    listed = [{"type": "text", "text": part} if isinstance(part, str) else part for part in parts]
    content = parts[0] if len(parts) == 1 and isinstance(parts[0], str) else listed
    return Chat(messages=({"role": "user", "content": content},), sampling=SHORT)


def memory(process: int) -> str:
    psutil = import_heavy("psutil")
    family = [psutil.Process(process), *psutil.Process(process).children(recursive=True)]
    return f"{sum(one.memory_info().rss for one in family) / 2**30:.1f} GiB in {len(family)} processes"


def loaded(engine: VLLMEngine) -> Any:
    return engine._desk._engine


def inside(engine: VLLMEngine, chats: list[Chat], adapters: list[bool]) -> list[Read]:
    """The same in process, all in one batch, past the engine's own thread (which waits)."""
    outputs = loaded(engine).llm.chat(
        [list(chat.messages) for chat in chats],
        import_heavy("vllm").SamplingParams(temperature=0, max_tokens=SHORT.max_tokens, logprobs=0),
        lora_request=[loaded(engine).lora if adapter else None for adapter in adapters],
        use_tqdm=False,
    )
    return [
        (one.text, [one.logprobs[at][token].logprob for at, token in enumerate(one.token_ids)])
        for one in (output.outputs[0] for output in outputs)
    ]
