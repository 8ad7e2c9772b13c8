"""Installations that only look like Kokkos: a configuration header, and an archive with nothing in it."""

from __future__ import annotations

from pathlib import Path

from autotune.compiler import Toolchain, pick_compiler, toolchain_for
from autotune.installation import Kokkos, read_installation
from search_spaces.model import architectures

EMPTY_ARCHIVE = b"!<arch>\n"


def install(
    root: Path,
    *,
    version: int = 40600,
    defines: tuple[str, ...] = ("KOKKOS_ENABLE_SERIAL",),
    include: str = "include",
    library: str = "lib/libkokkoscore.a",
) -> Path:
    """Lay out an installation below ``root``, which is returned."""
    headers = root / include
    headers.mkdir(parents=True, exist_ok=True)
    lines = [f"#define KOKKOS_VERSION {version}", *(f"#define {d}" for d in defines)]
    lines += ["/* #undef KOKKOS_ENABLE_HPX */", "# define KOKKOS_ARCH_AVX2"]
    (headers / "KokkosCore_config.h").write_text("\n".join(lines) + "\n")
    for name in ("Kokkos_Core.hpp", "Kokkos_ScatterView.hpp"):
        (headers / name).write_text("#pragma once\n")
    archive = root / library
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.write_bytes(EMPTY_ARCHIVE)
    return root


def installed(root: Path) -> Kokkos:
    found = read_installation(root)
    assert found is not None
    return found


def toolchain(root: Path, *flags: str) -> Toolchain:
    """A working host toolchain whose Kokkos has empty headers: its programs compile at once."""
    arch = architectures()["host"]
    kokkos = installed(install(root))
    return toolchain_for(arch, kokkos, pick_compiler(arch), flags)
