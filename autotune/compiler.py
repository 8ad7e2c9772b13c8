"""From an architecture, a compiler and a Kokkos to command lines."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from pathlib import Path
from typing import assert_never

from autotune.installation import Kokkos, ToolchainMissing, native_target
from autotune.machine import loads
from search_spaces.model import Architecture
from transform.diagnostics import UsageError

# messages in English, as everywhere here; HIP for AMD devices even where the CUDA toolkit is installed
COMPILE_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "HIP_PLATFORM": "amd"}


@dataclass(frozen=True)
class Toolchain:
    """What compiles and links a program. ``flags``: optimisation, architecture, OpenMP, the user's own.

    ``std`` (``c++17``) is not among them. ``compiler`` is a path; ``compiler_version`` its first line.
    """

    arch: str
    compiler: str
    compiler_version: str
    flags: tuple[str, ...]
    kokkos: Kokkos
    std: str


def pick_compiler(arch: Architecture) -> str:
    """The first of the architecture's compilers that is installed; ``$CXX`` first for ``host``.

    Raises ``ToolchainMissing``.
    """
    own = os.environ.get("CXX", "") if arch.backend == "host" else ""
    if own:
        if (found := shutil.which(own.split()[0])) is None:
            raise ToolchainMissing(f"CXX={own}: no such compiler; unset CXX or set it to an installed one")
        return found
    for name in arch.compiler:
        if found := shutil.which(name):
            return found
    where = {
        "host": "install one, on Debian: apt-get install g++",
        "cuda": "install the CUDA toolkit and put its bin directory on PATH",
        "hip": "install ROCm's HIP compiler and put its bin directory on PATH",
        "sycl": "install the oneAPI DPC++ compiler and source its setvars.sh",
    }
    raise ToolchainMissing(
        f"no compiler for {arch.name} ({' or '.join(arch.compiler)}): {where[arch.backend]}"
    )


def toolchain_for(
    arch: Architecture, kokkos: Kokkos, compiler: str, extra_flags: tuple[str, ...]
) -> Toolchain:
    """The toolchain from parts already chosen. Raises ``UsageError`` (too low a ``-std=``) or
    ``ToolchainMissing``."""
    asked = [f.removeprefix("-std=") for f in extra_flags if f.startswith("-std=")]
    std = asked[-1] if asked else kokkos.std
    if _year(std) < _year(kokkos.std):
        raise UsageError(f"-std={std}: {kokkos.describe()} was built as {kokkos.std} and needs at least that")
    flags = ["-O3", *arch.flags]
    if arch.backend == "cuda":
        wrapper = kokkos.root / "bin/nvcc_wrapper"  # makes nvcc take host compilers' options
        if not wrapper.is_file():
            raise ToolchainMissing(f"{kokkos.describe()} has no bin/nvcc_wrapper: install Kokkos completely")
        compiler = str(wrapper)
    if "openmp" in kokkos.backends:
        flags.append("-fopenmp")
    flags += [f for f in extra_flags if not f.startswith("-std=")]
    return Toolchain(arch.name, compiler, compiler_version(compiler), tuple(flags), kokkos, std)


def _year(std: str) -> int:
    """17 for ``c++17``, ``gnu++17`` or ``c++1z``. Raises ``UsageError``."""
    drafts = {"1z": "17", "2a": "20", "2b": "23", "2c": "26"}
    tail = std.removeprefix("gnu++").removeprefix("c++")
    tail = drafts.get(tail, tail)
    if not tail.isdigit():
        raise UsageError(f"-std={std}: not a C++ standard; try -std=c++17")
    return int(tail) if int(tail) < 90 else 0  # C++98


@lru_cache
def compiler_version(compiler: str) -> str:
    """The first line of ``--version``. Raises ``ToolchainMissing`` when it does not run."""
    try:
        shown = subprocess.run(
            [compiler, "--version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            env={**os.environ, **COMPILE_ENVIRONMENT},
        )
    except (OSError, subprocess.SubprocessError) as problem:
        raise ToolchainMissing(f"{compiler} --version does not run: {problem}") from problem
    lines = [s for s in shown.stdout.splitlines() if s.strip()]
    release = [s for s in lines if "release" in s]  # nvcc's first line has no version
    return (release or lines or ["unknown"])[0]


class Product(Enum):
    """What is made of a source. A ``HOST`` is a program that loads ``OBJECT`` s, which find Kokkos in it.

    Hosts and objects are position-independent code that is optimised as a program is: without the second
    option no function that another object might replace would be inlined.
    """

    PROGRAM = auto()
    HOST = auto()
    OBJECT = auto()

    @property
    def flags(self) -> tuple[str, ...]:
        return () if self is Product.PROGRAM else ("-fPIC", "-fno-semantic-interposition")


def has_objects(toolchain: Toolchain) -> bool:
    """Whether variants can be shared objects; compilers of two passes make programs only."""
    return not two_passes(toolchain)


def two_passes(toolchain: Toolchain) -> bool:
    """Whether the compiler reads a source once for the host and once for the device."""
    return Path(toolchain.compiler).name.startswith(("nvcc", "hipcc", "icpx"))


def compile_command(
    toolchain: Toolchain,
    source: Path,
    program: Path,
    include_dirs: tuple[Path, ...],
    *before: str,
    product: Product = Product.PROGRAM,
) -> list[str]:
    """The command that compiles and links ``source`` into ``program``; ``before`` precedes the source."""
    return [
        toolchain.compiler,
        *compile_flags(toolchain),
        *product.flags,
        *(f"-I{d}" for d in include_dirs),
        *before,
        str(source),
        "-o",
        str(program),
        *_link_flags(toolchain, product),
    ]


def compile_flags(toolchain: Toolchain) -> tuple[str, ...]:
    """Everything but sources and libraries. Kokkos' headers are system headers: no warnings from them."""
    include = str(toolchain.kokkos.include)
    # /usr/include as -isystem would come before the compiler's own wrappers of C headers
    own = () if include == "/usr/include" else ("-isystem", include)
    return (f"-std={toolchain.std}", *toolchain.flags, *own)


def _link_flags(toolchain: Toolchain, product: Product) -> Iterator[str]:
    match product:
        case Product.OBJECT:
            # its own functions come first, as compiled with its flags; data are shared with the host
            yield from ("-shared", "-Wl,-Bsymbolic-functions")
            return
        case Product.HOST:
            # objects find in it what it does not use itself; some linkers would drop libraries, too
            archives = [lib for lib in toolchain.kokkos.libraries if lib.endswith(".a")]
            others = [lib for lib in toolchain.kokkos.libraries if not lib.endswith(".a")]
            yield from ("-rdynamic", "-Wl,--whole-archive", *archives, "-Wl,--no-whole-archive")
            yield from ("-Wl,--no-as-needed", *others, "-ldl")
        case Product.PROGRAM:
            yield from toolchain.kokkos.libraries
        case _:
            assert_never(product)
    if "cuda" in toolchain.kokkos.backends and not loads("libcuda.so.1"):
        nvcc = shutil.which("nvcc")
        if nvcc is not None:  # without a driver: link against the toolkit's stub
            yield f"-L{Path(nvcc).resolve().parent.parent / 'lib64/stubs'}"


def identity(toolchain: Toolchain) -> str:
    """A digest of everything that decides what the toolchain makes of a source, this CPU included.

    Raises ``ToolchainMissing`` if its Kokkos has been removed.
    """
    installed = [toolchain.kokkos.include / "KokkosCore_config.h"]
    installed += [Path(p) for p in toolchain.kokkos.libraries if p.startswith("/")]
    parts = [toolchain.compiler, toolchain.compiler_version, toolchain.std, *toolchain.flags]
    parts += [str(toolchain.kokkos.include), toolchain.kokkos.version, *toolchain.kokkos.libraries]
    for path in installed:
        try:
            stat = path.stat()
        except OSError as problem:
            raise ToolchainMissing(
                f"{path}: gone since this Kokkos was found: {problem.strerror}"
            ) from problem
        parts.append(f"{stat.st_size}:{stat.st_mtime_ns}")
    if "-march=native" in toolchain.flags:
        parts.append(native_target())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
