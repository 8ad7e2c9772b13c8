"""How to read the user's file: options, and the compiler flags made from them."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from transform.diagnostics import UsageError
from transform.frontend.rules import Rule

_HEADERS = (".h", ".hh", ".hpp", ".hxx", ".cuh")


class HeadersMissing(Exception):
    """Headers that the user's code includes cannot be found; the message says how to get them."""


class KokkosHeadersMissing(HeadersMissing):
    """No ``Kokkos_Core.hpp`` was found."""


@dataclass(frozen=True)
class ParseOptions:
    """How to read the user's file, as for a compiler.

    ``compile_commands`` is a build directory or a ``compile_commands.json``; the file's own entry adds its
    ``-I``, ``-isystem``, ``-D``, ``-U`` and ``-std``. ``kokkos_include`` is where ``Kokkos_Core.hpp`` lies;
    ``derivatives`` are those that the user gives beside the source, by function.
    """

    include_dirs: tuple[Path, ...] = ()
    defines: tuple[str, ...] = ()
    std: str = "c++17"
    compile_commands: Path | None = None
    kokkos_include: Path | None = None
    derivatives: tuple[tuple[str, Rule], ...] = ()


def compiler_flags(path: Path, options: ParseOptions) -> list[str]:
    """The clang command-line flags for ``path``. Raises ``KokkosHeadersMissing`` and ``UsageError``."""
    own, std = _compile_command(path, options.compile_commands)
    if options.std != ParseOptions.std or std is None:
        std = options.std
    kokkos = _kokkos_include(options.kokkos_include, _include_dirs(options, own))
    config_file = kokkos / "KokkosCore_config.h"
    config = config_file.read_text() if config_file.is_file() else ""
    flags = ["-x", "c++", f"-std={_at_least(std, config)}", "-Wno-everything"]
    flags += [f"-I{d}" for d in options.include_dirs] + own
    flags += [f"-D{d}" for d in options.defines]
    if re.search(r"^\s*#define KOKKOS_ENABLE_OPENMP\b", config, re.M):
        # Kokkos insists on an OpenMP compiler; pragmas stay unread, so cursors do not depend on the backend.
        flags.append("-D_OPENMP=201511")
    flags += ["-isystem", str(kokkos)]
    for directory in compiler_include_dirs():
        flags += ["-isystem", directory]
    return flags


def kokkos_headers(path: Path, options: ParseOptions) -> Path:
    """Where the ``Kokkos_Core.hpp`` that ``path`` is read with lies. Raises as ``compiler_flags`` does."""
    own, _ = _compile_command(path, options.compile_commands)
    return _kokkos_include(options.kokkos_include, _include_dirs(options, own))


def _include_dirs(options: ParseOptions, own: list[str]) -> list[Path]:
    return [*options.include_dirs, *(Path(f[2:]) for f in own if f.startswith("-I"))]


def _at_least(std: str, config: str) -> str:
    """``std``, or the C++ standard that Kokkos was built with if that is later: its headers need it."""
    required = re.search(r"^\s*#define KOKKOS_ENABLE_CXX(\d\d)\b", config, re.M)
    own = re.fullmatch(r"(?:c|gnu)\+\+(\d\d)", std)
    return f"c++{required[1]}" if required and own and int(own[1]) < int(required[1]) else std


def _kokkos_include(given: Path | None, include_dirs: list[Path]) -> Path:
    roots = [os.environ.get("Kokkos_ROOT", "")]  # noqa: SIM112  (the name that CMake uses)
    roots += re.split(r"[;:]", os.environ.get("CMAKE_PREFIX_PATH", ""))
    roots += ["/usr", "/usr/local"]
    candidates = list(include_dirs)
    for root in filter(None, roots):
        candidates += [Path(root, "include"), Path(root, "include/trilinos"), Path(root, "include/kokkos")]
    for candidate in [given] if given is not None else candidates:
        if (candidate / "Kokkos_Core.hpp").is_file():
            return candidate
    where = f"in {given}" if given is not None else "anywhere"
    raise KokkosHeadersMissing(
        f"Kokkos_Core.hpp was not found {where}: give --kokkos-root DIR, set Kokkos_ROOT, install Debian's "
        "libtrilinos-kokkos-dev, or let `kad-tune kokkos build --arch host` build one"
    )


@lru_cache(maxsize=1)
def compiler_include_dirs() -> tuple[str, ...]:
    """The system include folders of the first C++ compiler found: libclang brings no headers of its own."""
    for name in (os.environ.get("CXX", ""), "g++", "c++", "clang++"):
        argv = shlex.split(name)
        if not argv or shutil.which(argv[0]) is None:
            continue
        probe = subprocess.run(
            [*argv, "-E", "-x", "c++", "-v", os.devnull],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
        listed = re.search(
            r"#include <\.\.\.> search starts here:\n(.*?)End of search list", probe.stderr, re.S
        )
        if probe.returncode == 0 and listed:
            return tuple(line.strip() for line in listed[1].splitlines() if line.strip())
    return ()


def _compile_command(path: Path, database: Path | None) -> tuple[list[str], str | None]:
    """The include, macro and standard flags of ``path`` in a compilation database; for a header, those of the
    file that lies nearest."""
    if database is None:
        return [], None
    wanted = path.resolve()
    entries = {(Path(e.get("directory", ".")) / e["file"]).resolve(): e for e in _database(database)}
    entry = entries.get(wanted)
    if entry is None and entries and wanted.suffix in _HEADERS:
        entry = entries[max(entries, key=lambda file: _shared(file, wanted))]
    if entry is None:
        raise UsageError(f"{database}: no entry for {path}")
    words = entry.get("arguments") or shlex.split(entry["command"])
    return _relevant_flags([str(w) for w in words], Path(entry.get("directory", ".")))


def _shared(a: Path, b: Path) -> int:
    """How many folders two files have in common."""
    return sum(x == y for x, y in zip(a.parents[::-1], b.parents[::-1], strict=False))


def listed_files(database: Path) -> frozenset[Path]:
    """The files of a compilation database, resolved. Raises ``UsageError``."""
    return frozenset((Path(e.get("directory", ".")) / e["file"]).resolve() for e in _database(database))


def _database(database: Path) -> list[dict[str, Any]]:
    file = database / "compile_commands.json" if database.is_dir() else database
    try:
        entries: list[dict[str, Any]] = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: not a readable compilation database: {error}") from error
    return entries


def _relevant_flags(words: list[str], folder: Path) -> tuple[list[str], str | None]:
    flags: list[str] = []
    std: str | None = None
    rest = iter(words[1:])
    for word in rest:
        if word.startswith("-std="):
            std = word.removeprefix("-std=").replace("gnu++", "c++")
            continue
        for option in ("-isystem", "-include", "-I", "-D", "-U"):
            if word.startswith(option):
                value = word[len(option) :] or next(rest, "")
                if option in ("-isystem", "-I"):
                    flags.append(f"-I{folder / value}")
                else:
                    flags += ["-include", value] if option == "-include" else [option + value]
                break
    return flags, std
