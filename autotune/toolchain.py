"""The compiler, the flags and the Kokkos that make programs for an architecture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from autotune import kokkos as kokkos_builder
from autotune.compiler import (
    Toolchain,
    compile_command,
    compile_flags,
    identity,
    pick_compiler,
    toolchain_for,
)
from autotune.installation import (
    Kokkos,
    ToolchainMissing,
    candidates,
    chosen_by_user,
    find,
    read_installation,
    why_not,
)
from autotune.machine import can_run
from search_spaces.model import Architecture

__all__ = [
    "Kokkos",
    "Toolchain",
    "ToolchainMissing",
    "can_run",
    "compile_command",
    "compile_flags",
    "find_toolchain",
    "identity",
    "toolchain_for",
]


def find_toolchain(
    arch: Architecture,
    kokkos_root: Path | None,
    extra_flags: tuple[str, ...],
    *,
    build_missing: bool,
    progress: Callable[[str], None],
) -> Toolchain:
    """The toolchain for ``arch``; ``extra_flags`` are the user's ``-I``, ``-D``, ``-std=``.

    ``build_missing``: on ``host``, build an OpenMP Kokkos into the cache when none is found, and fall back
    to a Serial one of the system if that fails. ``progress`` hears what was chosen and why. Raises
    ``ToolchainMissing`` (says how to get it) or ``UsageError`` (a C++ standard that this Kokkos refuses).
    """
    compiler = pick_compiler(arch)
    return toolchain_for(
        arch, _choose_kokkos(arch, kokkos_root, build_missing, progress), compiler, extra_flags
    )


def _choose_kokkos(
    arch: Architecture, root: Path | None, build_missing: bool, progress: Callable[[str], None]
) -> Kokkos:
    if root is not None:
        named = read_installation(root)
        if named is None:
            raise ToolchainMissing(
                f"--kokkos-root {root}: no Kokkos there (no KokkosCore_config.h with libraries)"
            )
        if (reason := why_not(named, arch)) is not None:
            raise ToolchainMissing(
                f"--kokkos-root {root}: {named.describe()} cannot serve {arch.name}: {reason}"
            )
        return named
    found = find(arch)
    better = build_missing and arch.backend == "host"  # than a Serial one that nobody asked for
    if found is not None and not (better and found.backends == ("serial",) and not chosen_by_user(found)):
        progress(f"using {found.describe()}")
        return found
    if better:
        try:
            progress("no Kokkos with threads was found: building one with OpenMP, once")
            return kokkos_builder.build(arch, None, progress)
        except ToolchainMissing as problem:
            if found is None:
                raise
            progress(f"{problem}\nfalling back to {found.describe()}: it runs on one thread")
            return found
    raise ToolchainMissing(_how_to_get_kokkos(arch))


def _how_to_get_kokkos(arch: Architecture) -> str:
    reasons = [f"  {k.describe()}: {why_not(k, arch)}" for k in candidates()]
    seen = "\nfound, but not usable:\n" + "\n".join(reasons) if reasons else ""
    source = "" if arch.backend == "host" else " --source DIR|TARBALL"
    return (
        f"no Kokkos for {arch.name} was found; build one with "
        f"kad-tune kokkos build --arch {arch.name}{source}, or name one with --kokkos-root{seen}"
    )
