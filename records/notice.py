"""What is said with every result that a person reads."""

from typing import Final

NOTICE: Final = (
    "This is what was expressed, not what anyone felt. People whose face or voice is analysed must be informed of it."
)

#: The same in Chinese.
NOTICE_ZH: Final = "这里说的是所表达的情绪，而不是任何人的内心感受。面部或声音被分析的人必须被告知。"
