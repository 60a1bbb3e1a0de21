"""Pictures and sound as they stand in messages to a model: data URLs and base64."""

import base64
import io
import wave


def picture(colour: str, size: tuple[int, int] = (64, 64), form: str = "PNG") -> str:
    """Data URL of a picture of one colour."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, form)
    return f"data:image/{form.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def wav(seconds: float, rate: int = 8_000, *, channels: int = 1, width: int = 2) -> str:
    """Base64 of a WAV whose 16-bit samples are all at half of full scale."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(b"\0\x40" * (int(seconds * rate) * channels * width // 2))
    return base64.b64encode(buffer.getvalue()).decode()
