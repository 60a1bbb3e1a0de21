"""What is said with every result that a person reads."""

from typing import Final

NOTICE: Final = (
    "This is what was expressed, not what anyone felt. People whose face or voice is analysed must be informed of it."
)
