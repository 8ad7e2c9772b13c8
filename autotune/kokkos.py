"""Building Kokkos for an architecture, into the user's cache."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from autotune import debian_source
from autotune.compiler import COMPILE_ENVIRONMENT, compile_command, pick_compiler, toolchain_for
from autotune.installation import (
    RECORD,
    Kokkos,
    ToolchainMissing,
    arch_options,
    candidates,
    find,
    native_target,
    read_installation,
    record,
    why_not,
)
from autotune.machine import can_run
from autotune.store import cache_dir, discard, guarded, locked, staging
from search_spaces.model import Architecture

__all__ = ["Kokkos", "ToolchainMissing", "build", "candidates", "find", "pick_compiler", "why_not"]

Progress = Callable[[str], None]

_PROBE = """\
#include <Kokkos_Core.hpp>
int main(int argc, char* argv[]) {
  Kokkos::initialize(argc, argv);
  int wrong = 1;
  {
    const int n = 1000;
    Kokkos::View<double*> x("x", n);
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(const int i) { x(i) = i; });
    double sum = 0;
    Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(const int i, double& s) { s += x(i); }, sum);
    wrong = sum == 0.5 * n * (n - 1) ? 0 : 1;
  }
  Kokkos::finalize();
  return wrong;
}
"""


def build(
    arch: Architecture,
    source: Path | None,
    progress: Progress,
    *,
    std: str | None = None,
    prefix: Path | None = None,
) -> Kokkos:
    """Build Kokkos for ``arch`` into the cache (or ``prefix``) and verify it with a small program.

    ``source``: a source tree or release tarball of any version; None: for ``host``, Debian's source
    package. ``std``: the C++ standard (``c++20``); default: the lowest that this version takes, at least
    C++17. Returns at once when the same build is there; concurrent builders of one wait for each other.
    Raises ``ToolchainMissing`` (no compiler, no source, a failed build with its log) or ``CacheError``.
    """
    compiler = pick_compiler(arch)
    if source is None and arch.backend != "host":
        raise ToolchainMissing(
            f"Kokkos for {arch.name} is built from a source tree or release tarball that you have: "
            f"kad-tune kokkos build --arch {arch.name} --source DIR|TARBALL"
        )
    origin = debian_source.origin() if source is None else _digest_source(source)
    identity = [
        origin,
        arch.name,
        arch.backend,
        arch.kokkos_arch,
        *arch.flags,
        compiler,
        _version_line(compiler),
    ]
    identity += [std or "", native_target() if arch.backend == "host" else ""]
    key = hashlib.sha256("\0".join(identity).encode()).hexdigest()[:16]
    final = prefix.absolute() if prefix else cache_dir() / "kokkos" / f"{arch.name}-{key}"
    with locked(
        cache_dir() / "kokkos" / f"{arch.name}-{key}.lock",
        lambda: progress("another build of it is running: waiting"),
    ):
        if record(final).get("key") == key and (there := read_installation(final)):
            progress(f"already built: {there.describe()}")
            return there
        with staging(cache_dir() / "kokkos") as work:
            tree = _source_tree(source, work, progress)
            if arch.backend == "cuda":
                tree = _with_wrapper_for(arch, tree, work / "cuda")
            _build_tree(tree, arch, compiler, std, final, work, progress)
            staged = work / "image" / final.relative_to("/")
            version = _source_version(tree)
            note = {"key": key, "arch": arch.name, "version": version, "origin": origin, "compiler": compiler}
            if arch.backend == "host":
                note["target"] = native_target()
            (staged / RECORD).write_text(json.dumps(note, indent=1) + "\n")
            _put(staged, final, prefix is not None)
        kokkos = read_installation(final)
        if kokkos is None:
            raise ToolchainMissing(f"the build of Kokkos left no usable installation at {final}")
        try:
            _verify(kokkos, arch, compiler, progress)
        except ToolchainMissing:
            (final / RECORD).unlink(missing_ok=True)  # the next build starts afresh, nobody finds this one
            raise
    progress(f"built {kokkos.describe()}")
    return kokkos


def _version_line(compiler: str) -> str:
    shown = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False)
    return shown.stdout.strip()


def _digest_source(source: Path) -> str:
    source = source.absolute()
    if not source.exists():
        raise ToolchainMissing(f"--source {source}: no such file or directory")
    digest = hashlib.sha256()
    if source.is_file():
        with source.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    if not (source / "core/src/Kokkos_Core.hpp").is_file():
        raise ToolchainMissing(f"--source {source}: not a Kokkos source tree (no core/src/Kokkos_Core.hpp)")
    for folder in ("cmake", "core", "containers", "algorithms", "simd", "bin", "CMakeLists.txt"):
        top = source / folder
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file():
                digest.update(f"{path.relative_to(source)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _source_tree(source: Path | None, work: Path, progress: Progress) -> Path:
    if source is None:
        tarball = debian_source.download(work / "debian", progress)
        progress("extracting Kokkos")
        return _extract(tarball, work / "source", "packages/kokkos/")
    if source.is_dir():
        return source.absolute()
    progress(f"extracting {source}")
    return _extract(source, work / "source", "")


def _with_wrapper_for(arch: Architecture, tree: Path, copy: Path) -> Path:
    """A copy of the tree whose nvcc_wrapper compiles for ``arch`` by default.

    CMake tries the compiler without any flags, and a newer CUDA may have dropped the wrapper's own default.
    """
    shutil.copytree(tree, copy, ignore=shutil.ignore_patterns(".git"), symlinks=True)
    wrapper = copy / "bin/nvcc_wrapper"
    default = next((f.removeprefix("-arch=") for f in arch.flags if f.startswith("-arch=")), "")
    if default and wrapper.is_file():
        text = re.sub(
            r'^default_arch="sm_\d+"', f'default_arch="{default}"', wrapper.read_text(), flags=re.MULTILINE
        )
        wrapper.write_text(text)
    return copy


def _extract(tarball: Path, target: Path, below: str) -> Path:
    """Extract what lies under ``below`` inside the archive's top directory. Streaming: no full unpacking."""
    try:
        with tarfile.open(tarball, "r|*") as archive:
            for member in archive:
                _, _, inner = member.name.removeprefix("./").partition("/")
                name = PurePosixPath(inner.removeprefix(below))
                if not inner.startswith(below) or not member.isfile() or ".." in name.parts:
                    continue
                path = target / name
                path.parent.mkdir(parents=True, exist_ok=True)
                content = archive.extractfile(member)
                assert content is not None  # a regular file has content
                with path.open("wb") as out:
                    shutil.copyfileobj(content, out)
                path.chmod(0o755 if member.mode & 0o100 else 0o644)
    except (tarfile.TarError, EOFError) as problem:
        raise ToolchainMissing(f"{tarball}: not a readable tar archive: {problem}") from problem
    if not (target / "core/src/Kokkos_Core.hpp").is_file():
        raise ToolchainMissing(f"{tarball}: no Kokkos source in it (core/src/Kokkos_Core.hpp)")
    return target


def _source_version(tree: Path) -> str:
    text = (tree / "CMakeLists.txt").read_text(errors="replace")
    parts = dict(
        re.findall(r"set\s*\(\s*Kokkos_VERSION_(MAJOR|MINOR|PATCH)\s+(\d+)\s*\)", text, re.IGNORECASE)
    )
    if len(parts) != 3:
        raise ToolchainMissing(f"{tree}/CMakeLists.txt does not state a Kokkos version")
    return ".".join(str(int(parts[p])) for p in ("MAJOR", "MINOR", "PATCH"))


def _build_tree(
    tree: Path,
    arch: Architecture,
    compiler: str,
    std: str | None,
    final: Path,
    work: Path,
    progress: Progress,
) -> None:
    """Configure, compile and install below ``work/image`` as if at ``final``."""
    cmake = shutil.which("cmake")
    if cmake is None or shutil.which("make") is None:
        raise ToolchainMissing("building Kokkos needs cmake and make, on Debian: apt-get install cmake make")
    version = _source_version(tree)
    year = (std or ("c++20" if int(version.split(".")[0]) >= 5 else "c++17")).removeprefix("c++")
    options = [*_backend_options(tree, arch, compiler), f"-DCMAKE_CXX_STANDARD={year}"]
    environment = {
        **os.environ,
        "NVCC_WRAPPER_DEFAULT_COMPILER": shutil.which("g++") or "",
        "HIP_PLATFORM": "amd",
    }
    jobs = str(len(os.sched_getaffinity(0)))
    progress(f"building Kokkos {version} for {arch.name} with {compiler}, C++{year}")
    log = work / "log"
    for what, command in (
        (
            "configuring",
            [cmake, "-S", str(tree), "-B", str(work / "build"), f"-DCMAKE_INSTALL_PREFIX={final}", *options],
        ),
        ("compiling", [cmake, "--build", str(work / "build"), "--parallel", jobs]),
        ("installing", [cmake, "--build", str(work / "build"), "--target", "install"]),
    ):
        progress(what)
        with log.open("w") as out:
            done = subprocess.run(
                command,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=environment | {"DESTDIR": str(work / "image")},
                check=False,
            )
        if done.returncode:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-40:])
            raise ToolchainMissing(
                f"{what} Kokkos {version} for {arch.name} failed ({' '.join(command)}):\n{tail}"
            )


def _backend_options(tree: Path, arch: Architecture, compiler: str) -> list[str]:
    common = {
        "CMAKE_BUILD_TYPE": "Release",
        "CMAKE_POSITION_INDEPENDENT_CODE": "ON",  # archives may go into shared objects
        "BUILD_SHARED_LIBS": "OFF",
        "CMAKE_CXX_EXTENSIONS": "OFF",
        "Kokkos_ENABLE_TESTS": "OFF",
        "Kokkos_ENABLE_EXAMPLES": "OFF",
        "Kokkos_ENABLE_SERIAL": "ON",
    }
    if arch.backend == "host":
        own = {
            "Kokkos_ENABLE_OPENMP": "ON",
            "CMAKE_CXX_FLAGS": " ".join(arch.flags),
            "CMAKE_CXX_COMPILER": compiler,
        }
    else:
        known = (tree / "cmake/kokkos_arch.cmake").read_text(errors="replace")
        names = arch_options(arch)
        name = next((n for n in names if re.search(rf"\b{n}\b", known)), None)
        if name is None:
            raise ToolchainMissing(
                f"Kokkos {_source_version(tree)} does not know {arch.name} "
                f"(Kokkos_ARCH_{' or '.join(names)}): take a newer Kokkos with --source"
            )
        own = {f"Kokkos_ARCH_{name}": "ON", f"Kokkos_ENABLE_{arch.backend.upper()}": "ON"}
        own["CMAKE_CXX_COMPILER"] = str(tree / "bin/nvcc_wrapper") if arch.backend == "cuda" else compiler
        if arch.backend == "cuda":
            own["Kokkos_ENABLE_CUDA_LAMBDA"] = "ON"
        if arch.backend == "hip":
            own["Kokkos_ENABLE_ROCTHRUST"] = "OFF"  # only its sort needs it, and many systems lack it
    return [f"-D{name}={value}" for name, value in (common | own).items()]


def _put(staged: Path, final: Path, users_prefix: bool) -> None:
    """Move the staged installation to ``final``, replacing an incomplete or outdated one of ours."""
    if users_prefix and final.exists() and any(final.iterdir()) and not (final / RECORD).exists():
        raise ToolchainMissing(f"{final} is not empty and was not made by this tool: choose another prefix")
    with guarded(final):
        final.parent.mkdir(parents=True, exist_ok=True)
        if final.exists():
            discard(final)
        shutil.move(staged, final)  # a rename within the cache's file system


def _verify(kokkos: Kokkos, arch: Architecture, compiler: str, progress: Progress) -> None:
    """Compile a small program against the installation and, where the device is here, run it."""
    progress("verifying with a small program")
    with _scratch() as folder:
        (folder / "probe.cpp").write_text(_PROBE)
        toolchain = toolchain_for(arch, kokkos, compiler, ())
        command = compile_command(toolchain, folder / "probe.cpp", folder / "probe", ())
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env={**os.environ, **COMPILE_ENVIRONMENT},
        )
        if done.returncode:
            raise ToolchainMissing(
                f"{kokkos.describe()} does not compile a small program:\n{done.stderr[-4000:]}"
            )
        if can_run(arch) is None:
            environment = {**os.environ, "OMP_NUM_THREADS": "2", "OMP_PROC_BIND": "false"}
            ran = subprocess.run(
                [str(folder / "probe")],
                capture_output=True,
                text=True,
                check=False,
                env=environment,
                timeout=60,
            )
            if ran.returncode:
                raise ToolchainMissing(
                    f"a small program with {kokkos.describe()} fails:\n{ran.stderr[-4000:]}"
                )


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="kad-tune-") as name:
        yield Path(name)
