"""The architecture's rules: who may import whom, and how big a file may grow."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("autotune", "transform", "search_spaces")
FILES = sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py"))


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def _users(module: str) -> set[str]:
    return {
        str(p.relative_to(ROOT))
        for p in FILES
        if any(name == module or name.startswith(f"{module}.") for name in _imports(p))
    }


def test_dependencies_point_one_way() -> None:
    for path in FILES:
        package = path.relative_to(ROOT).parts[0]
        tops = {name.split(".")[0] for name in _imports(path)}
        if package == "transform":
            assert not tops & {"autotune", "optuna", "ray"}, path
        if package == "search_spaces":
            assert not tops & {"autotune", "transform", "optuna", "ray"}, path


@pytest.mark.parametrize(
    ("module", "only"),
    [
        ("clang", {"transform/frontend/clang.py"}),
        ("optuna", {"autotune/storage.py", "autotune/study.py"}),
        ("ray", {"autotune/workers.py"}),
    ],
)
def test_who_imports_which_library(module: str, only: set[str]) -> None:
    assert _users(module) == only


def test_no_file_grows_beyond_500_lines() -> None:
    long = {str(p): n for p in FILES if (n := len(p.read_text().splitlines())) > 500}
    assert not long
