"""The version of the prompts: a number that people raise, and a hash that cannot be forgotten."""

import hashlib
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

#: Raised by hand: major when the contract changes, minor for a new preset or rule, patch for wording.
SEMANTIC_VERSION: Final = "1.1.0"

_PACKAGE = (__package__ or "").rpartition(".")[0]


def _content_hash() -> str:
    """Hash every file that shapes a prompt: the templates and the wording of cues (names and contents)."""
    templates = resources.files(__package__) / "templates"
    wording = resources.files(f"{_PACKAGE}.cues") / "data"
    files: dict[str, Traversable] = {
        f"{folder.name}/{file.name}": file
        for folder in templates.iterdir()
        if folder.is_dir()
        for file in folder.iterdir()
        if file.name.endswith(".jinja")
    }
    files |= {file.name: file for file in wording.iterdir() if file.name.startswith(("wording_", "au_names"))}
    digest = hashlib.sha256()
    for name in sorted(files):
        # Line endings are the checkout's, not the prompt's.
        content = files[name].read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:12]


#: Recorded in every Explanation: ``1.1.0+3f2a…``.
PROMPT_VERSION: Final = f"{SEMANTIC_VERSION}+{_content_hash()}"
