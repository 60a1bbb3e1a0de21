"""The package list, the import order and the names: what keeps the house in shape."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Folders that hold no part of the installed package.
OUTSIDE = {"tests", "bench", "docs", "examples", "configs", "build", "dist", "out"}
#: A folder imports only from those before it; the command line may import everything.
ORDER = [
    "__version__",
    "errors",
    "plugin",
    "torch_imports",
    "records",
    "formats",
    "cues",
    "prompts",
    "rewards",
    "reasoning",
    "report",
    "eval",
    "training",
    "data_synth",
    "serving",
]


def package_files() -> list[Path]:
    return [
        path
        for path in sorted(ROOT.rglob("*.py"))
        if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
        and path.relative_to(ROOT).parts[0] not in OUTSIDE
    ]


def test_package_list_equals_the_folders_on_disk() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {path.parent.relative_to(ROOT) for path in package_files()}
    expected = sorted(".".join(("emoreason", *folder.parts)) for folder in folders)
    assert sorted(listed) == expected


def test_every_data_file_is_package_data() -> None:
    from fnmatch import fnmatch

    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    globs = [
        "/".join(filter(None, ("/".join(package.split(".")[1:]), glob)))
        for package, many in patterns.items()
        for glob in many
    ]
    tops = {path.relative_to(ROOT).parts[0] for path in package_files() if path.parent != ROOT}
    data = [
        path.relative_to(ROOT).as_posix()
        for top in sorted(tops)
        for path in sorted((ROOT / top).rglob("*"))
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    ]
    assert [name for name in data if not any(fnmatch(name, glob) for glob in globs)] == []


def imports_of(path: Path) -> set[str]:
    """Top-level stages a module imports from the package, relative imports resolved."""
    package = path.relative_to(ROOT).parts[:-1]
    stages = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - (node.level - 1)]
            target = (*base, *(node.module or "").split(".")) if node.module else base
            stages |= {target[0]} if target and target[0] else {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "emoreason":
            pytest.fail(f"{path}: absolute import of the package inside the package")
    return stages


def test_folders_import_only_from_folders_above() -> None:
    wrong = []
    for path in package_files():
        stage = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if stage in ("cli", "__init__", "__main__"):
            continue
        allowed = set(ORDER[: ORDER.index(stage) + 1])
        wrong += [f"{path.relative_to(ROOT)} imports {used}" for used in imports_of(path) - allowed]
    assert wrong == []


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = "{'numpy', 'pandas', 'cv2', 'av', 'scipy', 'jsonschema', 'rich', 'torch', 'onnxruntime', 'jinja2'}"
    code = f"import sys, emoreason; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_no_catch_all_modules() -> None:
    assert [p for p in package_files() if p.stem in {"utils", "util", "common", "helpers", "misc"}] == []
