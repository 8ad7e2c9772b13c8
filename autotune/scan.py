"""``kad-tune scan``: which functions of a code base can be differentiated, and what blocks the others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autotune.options import Request
from autotune.problem import architecture, parse_options
from autotune.progress import LiveProgress, PlainProgress
from autotune.scan_files import Files
from search_spaces.model import Architecture
from transform.diagnostics import UsageError
from transform.frontend.flags import ParseOptions, listed_files
from transform.scan import Blocked, Differentiable, Entry, Unit, scan

_MISSING = re.compile(r"^'(.+)' file not found\b")
_GUESSES = 20  # include folders that are tried for one file


@dataclass(frozen=True)
class Inventory:
    """``units``: every file that was parsed. ``entries``: the functions with parallel regions, each once.
    ``guessed``: include folders found by looking for missing headers below the scanned folders."""

    units: tuple[Unit, ...]
    entries: tuple[Entry, ...]
    guessed: tuple[Path, ...]

    @property
    def failed(self) -> tuple[Unit, ...]:
        return tuple(u for u in self.units if u.errors)

    @property
    def differentiable(self) -> tuple[Entry, ...]:
        return tuple(e for e in self.entries if isinstance(e.verdict, Differentiable))

    @property
    def blocked(self) -> tuple[Entry, ...]:
        return tuple(e for e in self.entries if isinstance(e.verdict, Blocked))


def inventory(request: Request, paths: Sequence[Path], progress: PlainProgress | LiveProgress) -> Inventory:
    """Scan files and folders: every source file that may hold parallel regions, then the headers with
    parallel regions that none of them included.

    A file that does not compile is part of the result. Raises ``UsageError``, ``KokkosHeadersMissing``.
    """
    arch = architecture(request.archs[0])
    files = Files(paths)
    database = listed_files(request.compile_commands) if request.compile_commands else frozenset()
    run = _Run(parse_options(request, arch), arch, files, database)
    sources = [p for p in files.sources if p.resolve() in database or files.may_launch(p)]
    for number, path in enumerate(sources, 1):
        progress.stage(f"{number}/{len(sources)} {path}")
        run.read(path)
    headers = [p for p in files.headers if files.launches(p)]
    for path in headers:
        if str(path.resolve()) not in run.seen:
            progress.stage(f"header {path}")
            run.read(path)
    return Inventory(tuple(run.units), _once(run.entries), tuple(run.guessed))


@dataclass
class _Run:
    """The state of one scan. ``seen``: files in which functions were found."""

    options: ParseOptions
    arch: Architecture
    files: Files
    database: frozenset[Path]
    units: list[Unit] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    guessed: list[Path] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def read(self, path: Path) -> None:
        unit = self._parse(path)
        self.units.append(unit)
        self.entries += unit.entries
        self.seen |= {str(Path(e.loc.file).resolve()) for e in unit.entries}

    def _parse(self, path: Path) -> Unit:
        """Parse one file; headers that are not found are looked for below the scanned folders."""
        options = self.options
        if path.resolve() not in self.database:
            options = replace(options, compile_commands=None)
        for _ in range(_GUESSES):
            dirs = (*options.include_dirs, *self.guessed)
            unit = scan(path, replace(options, include_dirs=dirs), self.files.inside, self.arch)
            found = [_MISSING.match(e.message) for e in unit.errors]
            folders = [f for m in found if m and (f := self.files.folder_of(m[1], path)) is not None]
            new = [f for f in folders if f not in dirs]
            if not new:
                break
            self.guessed += new
        return unit


def _once(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Each function once, though several files may include it: where it can be differentiated, if anywhere.

    A template is left out where an instance of it was found.
    """
    best: dict[tuple[str, int, int, str], Entry] = {}
    for e in entries:
        place = (e.loc.file, e.loc.line, e.loc.column, e.function)
        if place not in best or not isinstance(best[place].verdict, Differentiable):
            best[place] = e
    concrete = {e.loc for e in best.values() if e.concrete}
    listed = [e for e in best.values() if e.concrete or e.loc not in concrete]
    return tuple(sorted(listed, key=lambda e: (e.loc.file, e.loc.line, e.function)))


def existing(paths: Sequence[Path]) -> tuple[Path, ...]:
    """``paths``, which must exist. Raises ``UsageError``."""
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder")
    return tuple(paths)
