"""The files of a code base: sources, headers, who includes whom."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

_SOURCES = frozenset({".cpp", ".cc", ".cxx", ".c++", ".C"})
_HEADERS = frozenset({".hpp", ".hh", ".hxx", ".h", ".H", ".tpp", ".ipp"})
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+)[>"]', re.M)
_LAUNCH = re.compile(r"\bparallel_(?:for|reduce|scan)\b")


class Files:
    """The C++ files below folders, or named files (then headers beside them count too)."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._roots = tuple(p.resolve() if p.is_dir() else p.resolve().parent for p in paths)
        found: dict[Path, None] = {}
        for path in paths:
            inside = sorted(path.rglob("*")) if path.is_dir() else [path]
            found |= dict.fromkeys(p for p in inside if p.is_file() and p.suffix in _SOURCES | _HEADERS)
            if not path.is_dir():
                found[path] = None
        named = {p for p in paths if not p.is_dir()}
        self.sources = tuple(p for p in found if p in named or p.suffix in _SOURCES)
        self.headers = tuple(p for p in found if p not in named and p.suffix in _HEADERS)
        self._texts: dict[Path, str] = {}
        self._answers: dict[Path, bool] = {}
        self._inside: dict[str, bool] = {}

    def inside(self, file: str) -> bool:
        """Whether ``file``, as clang names it, lies below a scanned folder."""
        if file not in self._inside:
            path = Path(file).resolve()
            self._inside[file] = any(path.is_relative_to(root) for root in self._roots)
        return self._inside[file]

    def launches(self, path: Path) -> bool:
        """Whether a file names a parallel construct itself."""
        return _LAUNCH.search(self._text(path)) is not None

    def may_launch(self, path: Path) -> bool:
        """Whether a file, or one of ours that it may include, names a parallel construct."""
        path = path.resolve()
        if path not in self._answers:
            self._answers[path] = False  # ends cycles of includes
            included = (h for name in _INCLUDE.findall(self._text(path)) for h in self._called(name))
            self._answers[path] = self.launches(path) or any(self.may_launch(h) for h in included)
        return self._answers[path]

    def folder_of(self, header: str, includer: Path) -> Path | None:
        """The include folder that makes ``header`` found, the nearest to ``includer`` of several."""

        def common(folder: Path) -> int:
            return sum(a == b for a, b in zip(folder.parts, includer.resolve().parts, strict=False))

        depth = len(Path(header).parts)
        folders = [p.parents[depth - 1] for p in self._called(header)]
        return max(folders, key=common, default=None)

    def _called(self, header: str) -> list[Path]:
        """The files below the scanned folders that ``#include "header"`` may mean."""
        parts = Path(header).parts
        return [p for p in self._by_name[parts[-1]] if p.parts[-len(parts) :] == parts] if parts else []

    @cached_property
    def _by_name(self) -> dict[str, list[Path]]:
        names: dict[str, list[Path]] = defaultdict(list)
        for root in dict.fromkeys(self._roots):
            for path in sorted(root.rglob("*")):
                names[path.name].append(path)
        return names

    def _text(self, path: Path) -> str:
        if path not in self._texts:
            self._texts[path] = path.read_text(errors="replace")
        return self._texts[path]
