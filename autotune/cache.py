"""Content-addressed programs: what has been compiled once is never compiled again.

    cache_dir()/build/<request>/<content>/{program, program.sha256, inputs.json, <name>.cpp}

A *request* digests what is known before compiling: source text, flags, compiler, Kokkos. Which files the
source includes is known only afterwards, so a request has one entry per state of those files (system
headers excluded: the compiler's version and Kokkos stand for them). Entries are published complete, checked
against their digest when used, and evicted least recently used first.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autotune.compiler import (
    COMPILE_ENVIRONMENT,
    Product,
    Toolchain,
    compile_command,
    compile_flags,
    identity,
    two_passes,
)
from autotune.outcome import CompileFailed, Crashed, TimedOut
from autotune.run import Finished, run_isolated
from autotune.store import (
    CacheError,
    cache_dir,
    cache_error,
    discard,
    evict,
    guarded,
    locked,
    publish,
    size_limit,
    staging,
    touch,
)

__all__ = ["CacheError", "cache_dir", "compile_cached"]

_FORMAT = "1"  # part of every request: raise it when the meaning of an entry changes
_ATTEMPTS = 3
_PCH_TIMEOUT = 300.0  # seconds
_CLOCK_TICK = 0.05  # seconds; file systems note times to a few milliseconds
_PCH = """\
#pragma once
#include <Kokkos_Core.hpp>
#include <Kokkos_ScatterView.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>
"""


def compile_cached(
    toolchain: Toolchain,
    source: str,
    *,
    include_dirs: tuple[Path, ...],
    name: str,
    timeout: float,
    product: Product = Product.PROGRAM,
) -> Path | CompileFailed:
    """The ``product`` made from ``source`` (C++), compiled now or before.

    ``name`` names the source file in messages; ``timeout`` in seconds. Safe for any number of concurrent
    callers. A failure, a hang included, is a ``CompileFailed`` with the compiler's words and is not cached.
    Raises ``CacheError``.
    """
    request = cache_dir() / "build" / _request(toolchain, source, include_dirs, product)
    if (program := _look_up(request)) is not None:
        return program
    header = _precompiled(toolchain, product)
    with staging(cache_dir() / "build" / "staging") as stage:
        (stage / f"{name}.cpp").write_text(source)
        built = _compile(_Compiler(toolchain, product, include_dirs), stage, name, header, timeout)
        if isinstance(built, CompileFailed):
            return built
        (stage / name).rename(stage / "program")
        (stage / "program.sha256").write_text(_digest(stage / "program"))
        (stage / "inputs.json").write_text(json.dumps(built, indent=0))
        (stage / "inputs.d").unlink(missing_ok=True)
        entry = request / hashlib.sha256(json.dumps(built, sort_keys=True).encode()).hexdigest()[:24]
        publish(stage, entry)
    evict(_entries(), size_limit())
    found = _checked(entry)
    if found is None:
        raise CacheError(f"the entry {entry} vanished or changed while it was written: is the disk sound?")
    return found


def _request(toolchain: Toolchain, source: str, include_dirs: tuple[Path, ...], product: Product) -> str:
    parts = [_FORMAT, identity(toolchain), product.name, _PCH, source, *(str(d) for d in include_dirs)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _look_up(request: Path) -> Path | None:
    if not request.is_dir():
        return None
    for entry in sorted(request.glob("[!.]*")):
        try:
            inputs = json.loads((entry / "inputs.json").read_text())
        except (OSError, ValueError):
            continue  # damaged: it will be replaced
        if all(_digest_or_none(Path(path)) == digest for path, digest in inputs.items()):
            program = _checked(entry)
            if program is not None:
                touch(entry)
                return program
    return None


def _checked(entry: Path) -> Path | None:
    """The entry's program if it is what was published; else the entry is removed."""
    program = entry / "program"
    try:
        if (entry / "program.sha256").read_text() == _digest(program):
            return program
    except OSError:
        pass
    discard(entry)
    return None


@dataclass(frozen=True)
class _Compiler:
    toolchain: Toolchain
    product: Product
    include_dirs: tuple[Path, ...]

    def command(self, source: Path, output: Path, *options: str) -> list[str]:
        return compile_command(
            self.toolchain, source, output, self.include_dirs, *options, product=self.product
        )


def _compile(
    compiler: _Compiler, stage: Path, name: str, header: Path | None, timeout: float
) -> dict[str, str] | CompileFailed:
    """Compile into ``stage/name``; the digests of the included files. Again if one was edited meanwhile."""
    deadline = time.monotonic() + timeout
    before: dict[str, str] = {}
    for _ in range(_ATTEMPTS):
        started = time.time()
        failure = _run_compiler(compiler, stage, name, header, deadline - time.monotonic())
        if failure is not None and header is not None and ".gch" in failure.log:
            header = None  # a damaged or incompatible precompiled header must not cost more than time
            failure = _run_compiler(compiler, stage, name, None, deadline - time.monotonic())
        if failure is not None:
            return failure
        paths = _inputs(stage / "inputs.d", stage)
        inputs = {str(p): d for p in paths if (d := _digest_or_none(p)) is not None}
        # an edit shows as a recent time of change; compiled twice over equal contents, it does not matter
        if inputs == before or all(p.stat().st_mtime < started - _CLOCK_TICK for p in paths if p.exists()):
            return inputs
        before = inputs
    return CompileFailed(f"an included file keeps changing while it is compiled: {', '.join(before)}")


def _run_compiler(
    compiler: _Compiler, stage: Path, name: str, header: Path | None, left: float
) -> CompileFailed | None:
    options = ["-MMD", "-MF", str(stage / "inputs.d"), *(("-include", str(header)) if header else ())]
    command = compiler.command(stage / f"{name}.cpp", stage / name, *options)
    done = run_isolated(command, timeout=max(left, 0.0), env=COMPILE_ENVIRONMENT, cwd=stage)
    if isinstance(done, Finished):
        return None
    if isinstance(done, TimedOut):
        return CompileFailed(f"the compiler did not finish in time and was stopped\n{done.log}")
    if "No space left on device" in done.log:
        raise cache_error(stage, "the disk (or the temporary directory's) is full")
    ending = done.signal if isinstance(done, Crashed) else "out of memory"
    return CompileFailed(done.log or f"the compiler ended with {ending} and said nothing")


def _precompiled(toolchain: Toolchain, product: Product) -> Path | None:
    """A header to ``-include`` with its precompiled form beside it; None where that does not work.

    It halves the time per program. Made in place, because clang notes its path, under a lock.
    """
    if two_passes(toolchain):
        return None  # such compilers take no precompiled header
    flags = (*compile_flags(toolchain), *product.flags)
    digest = hashlib.sha256("\0".join((_PCH, identity(toolchain), *flags)).encode()).hexdigest()[:24]
    folder = cache_dir() / "pch" / digest
    header, compiled, verdict = (folder / n for n in ("kokkos.hpp", "kokkos.hpp.gch", "verdict.json"))
    with locked(cache_dir() / "pch" / f"{digest}.lock"), guarded(folder):
        known = _read_json(verdict)
        if known.get("size") == (compiled.stat().st_size if compiled.exists() else 0):
            touch(folder)
            return header if compiled.exists() else None
        folder.mkdir(parents=True, exist_ok=True)
        header.write_text(_PCH)
        command = [toolchain.compiler, *flags, "-x", "c++-header", str(header), "-o", str(compiled)]
        done = run_isolated(command, timeout=_PCH_TIMEOUT, env=COMPILE_ENVIRONMENT, cwd=folder)
        if not isinstance(done, Finished):
            compiled.unlink(missing_ok=True)
        verdict.write_text(json.dumps({"size": compiled.stat().st_size if compiled.exists() else 0}))
        return header if compiled.exists() else None


def _read_json(path: Path) -> Mapping[str, object]:
    try:
        known = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _inputs(rule: Path, stage: Path) -> list[Path]:
    """The prerequisites of a make rule written by the compiler, less what the cache itself provides."""
    text = rule.read_text().replace("\\\n", " ")
    _, _, prerequisites = text.partition(": ")
    names = re.findall(r"(?:\\.|\S)+", prerequisites)
    paths = [stage / re.sub(r"\\(.)", r"\1", n).replace("$$", "$") for n in names]
    return [p for p in paths if not p.is_relative_to(stage) and not p.is_relative_to(cache_dir() / "pch")]


def _entries() -> Iterator[Path]:
    yield from (e for e in (cache_dir() / "build").glob("*/[!.]*") if e.is_dir())
    yield from (p for p in (cache_dir() / "pch").glob("*") if p.is_dir())


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _digest_or_none(path: Path) -> str | None:
    try:
        return _digest(path)
    except OSError:
        return None
