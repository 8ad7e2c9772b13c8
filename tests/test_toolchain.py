"""Which Kokkos and which compiler are taken, and what is said when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from autotune import compiler, doctor, installation, machine
from autotune import kokkos as kokkos_builder
from autotune.compiler import pick_compiler
from autotune.installation import ToolchainMissing, candidates, find, read_installation, why_not
from autotune.toolchain import Toolchain, compile_command, find_toolchain, identity
from search_spaces.model import Architecture, architectures
from tests import fake_kokkos
from transform.diagnostics import UsageError

HOST = architectures()["host"]
H100 = architectures()["h100"]
MI250X = architectures()["mi250x"]
OPENMP = ("KOKKOS_ENABLE_OPENMP", "KOKKOS_ENABLE_SERIAL")


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache_dir: Path) -> Path:
    """No installation but those that a test makes below the returned folder."""
    for name in ("Kokkos_ROOT", "KOKKOS_ROOT", "Kokkos_DIR", "CMAKE_PREFIX_PATH", "CXX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(installation, "SYSTEM_ROOTS", (tmp_path / "usr",))
    return tmp_path


def toolchain_of(
    root: Path | None, *flags: str, arch: Architecture = HOST, build_missing: bool = False
) -> Toolchain:
    return find_toolchain(arch, root, flags, build_missing=build_missing, progress=lambda _: None)


@pytest.mark.parametrize(
    ("include", "library"),
    [
        ("include", "lib/libkokkoscore.a"),
        ("include", "lib64/libkokkoscore.so"),
        ("include/kokkos", "lib64/libkokkoscore.so"),
        ("include/trilinos", "lib/x86_64-linux-gnu/libtrilinos_kokkoscore.so"),
    ],
)
def test_layouts(tmp_path: Path, include: str, library: str) -> None:
    root = fake_kokkos.install(tmp_path, version=30401, defines=OPENMP, include=include, library=library)
    found = read_installation(root)
    assert found is not None
    assert (found.version, found.backends) == ("3.4.1", ("openmp", "serial"))
    assert found.include == root / include
    assert found.libraries[0] == str(root / library)
    assert found.architectures == ("KOKKOS_ARCH_AVX2",)
    if library.endswith(".so"):
        assert f"-Wl,-rpath,{(root / library).parent}" in found.libraries


def test_by_its_cmake_folder(tmp_path: Path) -> None:
    fake_kokkos.install(tmp_path)
    folder = tmp_path / "lib/cmake/Kokkos"
    folder.mkdir(parents=True)
    found = read_installation(folder)
    assert found is not None
    assert found.root == tmp_path


def test_headers_without_libraries_are_no_installation(tmp_path: Path) -> None:
    (fake_kokkos.install(tmp_path) / "lib/libkokkoscore.a").unlink()
    assert read_installation(tmp_path) is None
    assert read_installation(tmp_path / "nothing") is None


def test_what_the_configuration_adds_to_the_link(tmp_path: Path) -> None:
    defines = (*OPENMP, "KOKKOS_ENABLE_HWLOC", "KOKKOS_ENABLE_LIBDL", "KOKKOS_ENABLE_CXX20")
    found = fake_kokkos.installed(fake_kokkos.install(tmp_path, defines=defines))
    assert found.libraries[1:] == ("-lhwloc", "-ldl")
    assert found.std == "c++20"


def test_the_environment_comes_before_the_cache(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = fake_kokkos.install(nowhere / "cache/kokkos/host-1", defines=OPENMP)
    (cached / installation.RECORD).write_text('{"version": "4.6.0"}')
    system = fake_kokkos.install(nowhere / "usr")
    assert [k.root for k in candidates()] == [cached, system]
    first, second = fake_kokkos.install(nowhere / "a"), fake_kokkos.install(nowhere / "b", defines=OPENMP)
    monkeypatch.setenv("CMAKE_PREFIX_PATH", f"{nowhere / 'no'}:{first}:{second}")
    assert [k.root for k in candidates()] == [first, second, cached, system]
    found = find(HOST)
    assert found is not None
    assert found.root == first  # although Serial: the user chose it
    monkeypatch.setenv("Kokkos_ROOT", str(second))
    assert toolchain_of(None).kokkos.root == second
    assert toolchain_of(first).kokkos.root == first


def test_threads_come_before_serial(nowhere: Path) -> None:
    fake_kokkos.install(nowhere / "usr")
    cached = fake_kokkos.install(nowhere / "cache/kokkos/host-1", version=30401)
    (cached / installation.RECORD).write_text('{"version": "3.4.1"}')
    threads = fake_kokkos.install(nowhere / "cache/kokkos/host-2", version=30400, defines=OPENMP)
    (threads / installation.RECORD).write_text('{"version": "3.4.0"}')
    assert toolchain_of(None).kokkos.root == threads


def test_installations_are_told_apart_by_backend(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = fake_kokkos.install(
        nowhere / "cuda",
        defines=("KOKKOS_ENABLE_CUDA", *OPENMP, "KOKKOS_ARCH_HOPPER90", "KOKKOS_ARCH_HOPPER"),
    )
    host = fake_kokkos.install(nowhere / "host", defines=OPENMP)
    hip = fake_kokkos.install(
        nowhere / "hip", version=30700, defines=("KOKKOS_ENABLE_HIP", "KOKKOS_ARCH_VEGA90A")
    )
    monkeypatch.setenv("CMAKE_PREFIX_PATH", f"{cuda}:{host}:{hip}")
    assert {a.name: k.root for a in (HOST, H100, MI250X) if (k := find(a))} == {
        "host": host,
        "h100": cuda,
        "mi250x": hip,
    }
    installed = fake_kokkos.installed(cuda)
    assert installed.device == "cuda"
    assert "-lcuda" in installed.libraries
    assert why_not(installed, HOST) == "its default execution space is cuda"
    assert (
        why_not(installed, architectures()["a100"]) == "it was not configured for a100 (Kokkos_ARCH_AMPERE80)"
    )
    assert why_not(installed, MI250X) == "it has no hip backend"


def test_a_cached_build_for_another_cpu_is_left_alone(nowhere: Path) -> None:
    cached = fake_kokkos.install(nowhere / "cache/kokkos/host-1", defines=OPENMP)
    (cached / installation.RECORD).write_text('{"version": "4.6.0", "target": "another"}')
    assert find(HOST) is None


def test_a_named_root_is_taken_or_refused(nowhere: Path) -> None:
    with pytest.raises(ToolchainMissing, match=r"--kokkos-root .*: no Kokkos there"):
        toolchain_of(nowhere)
    cuda = fake_kokkos.install(nowhere / "cuda", defines=("KOKKOS_ENABLE_CUDA",))
    with pytest.raises(ToolchainMissing, match="cannot serve host: its default execution space is cuda"):
        toolchain_of(cuda)


def test_none_found_says_how_to_get_one(nowhere: Path) -> None:
    with pytest.raises(ToolchainMissing, match="kad-tune kokkos build --arch host, or"):
        toolchain_of(None)
    fake_kokkos.install(nowhere / "usr", defines=("KOKKOS_ENABLE_CUDA",))
    with pytest.raises(
        ToolchainMissing, match=r"not usable:\n  Kokkos 4.6.0 \(cuda\) .*execution space is cuda"
    ):
        toolchain_of(None)


def test_a_missing_one_is_built(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = fake_kokkos.installed(fake_kokkos.install(nowhere / "built", defines=OPENMP))
    monkeypatch.setattr(kokkos_builder, "build", lambda *_: built)
    assert toolchain_of(None, build_missing=True).kokkos == built
    fake_kokkos.install(nowhere / "usr")  # Debian's Serial package does not keep it from being built
    assert toolchain_of(None, build_missing=True).kokkos == built
    monkeypatch.setenv("Kokkos_ROOT", str(nowhere / "usr"))
    assert toolchain_of(None, build_missing=True).kokkos.root == nowhere / "usr"


def test_serial_is_the_fallback_and_says_so(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ToolchainMissing("no network")

    monkeypatch.setattr(kokkos_builder, "build", fail)
    with pytest.raises(ToolchainMissing, match="no network"):
        toolchain_of(None, build_missing=True)
    serial = fake_kokkos.install(nowhere / "usr")
    said: list[str] = []
    found = find_toolchain(HOST, None, (), build_missing=True, progress=said.append)
    assert found.kokkos.root == serial
    assert "no network" in said[-1]
    assert "falling back to Kokkos 4.6.0 (serial)" in said[-1]


def test_flags(nowhere: Path) -> None:
    root = fake_kokkos.install(nowhere / "a", defines=(*OPENMP, "KOKKOS_ENABLE_CXX17"))
    found = toolchain_of(root, "-Iinclude", "-DN=3", "-std=c++20")
    assert found.flags == ("-O3", "-march=native", "-fopenmp", "-Iinclude", "-DN=3")
    assert found.std == "c++20"
    command = compile_command(found, Path("a.cpp"), Path("a"), (Path("user"),), "-MMD")
    assert command[:2] == [found.compiler, "-std=c++20"]
    assert command[command.index("-isystem") + 1] == str(root / "include")
    assert command[command.index("-MMD") :] == ["-MMD", "a.cpp", "-o", "a", *found.kokkos.libraries]
    serial = toolchain_of(fake_kokkos.install(nowhere / "b"))
    assert "-fopenmp" not in serial.flags
    assert serial.std == "c++17"
    assert len({identity(found), identity(serial), identity(toolchain_of(root))}) == 3


def test_a_kokkos_that_vanished(nowhere: Path) -> None:
    found = toolchain_of(fake_kokkos.install(nowhere / "a"))
    (nowhere / "a/lib/libkokkoscore.a").unlink()
    with pytest.raises(ToolchainMissing, match=r"libkokkoscore\.a: gone since"):
        identity(found)


@pytest.mark.parametrize(
    ("asked", "fine"), [("c++14", False), ("c++1z", False), ("gnu++2a", True), ("c++98", False)]
)
def test_the_standard_is_at_least_kokkos_own(nowhere: Path, asked: str, fine: bool) -> None:
    root = fake_kokkos.install(nowhere / "a", defines=(*OPENMP, "KOKKOS_ENABLE_CXX20"))
    if fine:
        assert toolchain_of(root, f"-std={asked}").std == asked
    else:
        with pytest.raises(UsageError, match="needs at least that"):
            toolchain_of(root, f"-std={asked}")


def test_a_nonsensical_standard(nowhere: Path) -> None:
    with pytest.raises(UsageError, match="-std=fortran: not a C"):
        toolchain_of(fake_kokkos.install(nowhere / "a"), "-std=fortran")


def test_cuda_compiles_with_the_installations_wrapper(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "pick_compiler", lambda _: "/cuda/bin/nvcc")
    monkeypatch.setattr("autotune.toolchain.pick_compiler", lambda _: "/cuda/bin/nvcc")
    root = fake_kokkos.install(nowhere / "a", defines=("KOKKOS_ENABLE_CUDA", "KOKKOS_ARCH_HOPPER90"))
    with pytest.raises(ToolchainMissing, match="no bin/nvcc_wrapper"):
        toolchain_of(root, arch=H100)
    wrapper = root / "bin/nvcc_wrapper"
    wrapper.parent.mkdir()
    wrapper.write_text("#!/bin/sh\necho 'nvcc_wrapper: release 13.0'\n")
    wrapper.chmod(0o755)
    found = toolchain_of(root, arch=H100)
    assert (found.compiler, found.compiler_version) == (str(wrapper), "nvcc_wrapper: release 13.0")
    assert "-arch=sm_90" in found.flags


def test_cxx_names_the_hosts_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "my-compiler"
    own.write_text("#!/bin/sh\necho my compiler 1.0\n")
    own.chmod(0o755)
    monkeypatch.setenv("CXX", str(own))
    assert pick_compiler(HOST) == str(own)
    monkeypatch.setenv("CXX", str(tmp_path / "none"))
    with pytest.raises(ToolchainMissing, match="no such compiler; unset CXX"):
        pick_compiler(HOST)


def test_no_compiler_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    for arch, remedy in ((HOST, r"apt-get install g\+\+"), (H100, "CUDA toolkit"), (MI250X, "ROCm")):
        with pytest.raises(ToolchainMissing, match=remedy):
            pick_compiler(arch)


def test_every_architecture_has_a_status(nowhere: Path) -> None:
    statuses = {s.arch: s for s in doctor.archs()}
    assert statuses.keys() == architectures().keys()
    assert statuses["host"].runs
    assert not statuses["host"].compiles
    assert "kad-tune kokkos build --arch host" in statuses["host"].why_no_compile
    assert statuses["host"].why_no_compile in doctor.render_archs(list(statuses.values()))
    fake_kokkos.install(nowhere / "usr", defines=OPENMP)
    assert doctor.arch_status(HOST).compiles


def test_the_doctor_reports_and_advises(nowhere: Path) -> None:
    checks = doctor.report()
    assert not doctor.healthy(checks)
    text = doctor.render(checks)
    assert "MISSING Kokkos" in text
    assert "kad-tune kokkos build --arch host" in text
    fake_kokkos.install(nowhere / "usr", defines=OPENMP)
    checks = doctor.report()
    assert doctor.healthy(checks), doctor.render(checks)
    assert doctor.to_json(checks)["ready"] is True


def test_this_machine() -> None:
    facts = machine.this_machine()
    assert facts.cpu
    assert facts.cores >= 1
    assert facts.threads >= 1
    assert facts.memory > 2**20
    assert facts.fingerprint == machine.this_machine().fingerprint
    assert machine.can_run(HOST) is None
