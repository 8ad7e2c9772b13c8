"""The builder makes a verified installation, once, from any source; Debian's source needs no root."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autotune import debian_source, kokkos
from autotune.debian_source import source_lines
from autotune.installation import RECORD, ToolchainMissing, find
from autotune.toolchain import Toolchain, find_toolchain
from search_spaces.model import architectures
from tests import fake_kokkos_source

HOST = architectures()["host"]
Say = Callable[[str], None]


@pytest.fixture(autouse=True)
def _own_cache(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Kokkos_ROOT", "KOKKOS_ROOT", "Kokkos_DIR", "CMAKE_PREFIX_PATH"):
        monkeypatch.delenv(name, raising=False)


def test_built_verified_and_found(tmp_path: Path, cache_dir: Path) -> None:
    tree = fake_kokkos_source.tree(tmp_path / "kokkos")
    said: list[str] = []
    built = kokkos.build(HOST, tree, said.append)
    assert (built.version, built.backends) == ("4.2.1", ("openmp", "serial"))
    assert built.root.is_relative_to(cache_dir)
    assert "verifying with a small program" in said
    assert find(HOST) == built
    again: list[str] = []
    assert kokkos.build(HOST, tree, again.append) == built
    assert again == [f"already built: {built.describe()}"]


def test_from_a_tarball(tmp_path: Path) -> None:
    tree = fake_kokkos_source.tree(tmp_path / "kokkos")
    archive = fake_kokkos_source.tarball(tree, tmp_path / "kokkos.tar.gz")
    built = kokkos.build(HOST, archive, print)
    assert built.version == "4.2.1"
    assert not list(built.root.parent.glob(".new-*"))


def test_concurrent_builders_build_once(tmp_path: Path) -> None:
    tree = fake_kokkos_source.tree(tmp_path / "kokkos")
    said: list[str] = []
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: kokkos.build(HOST, tree, said.append), range(2))
    assert first == second
    assert said.count("compiling") == 1
    assert "another build of it is running: waiting" in said


def test_a_changed_source_is_another_build(tmp_path: Path) -> None:
    first = kokkos.build(HOST, fake_kokkos_source.tree(tmp_path / "kokkos"), print)
    second = kokkos.build(HOST, fake_kokkos_source.tree(tmp_path / "kokkos", body=";"), print)
    assert first.root != second.root


def test_into_a_prefix(tmp_path: Path) -> None:
    tree = fake_kokkos_source.tree(tmp_path / "kokkos")
    prefix = tmp_path / "prefix"
    built = kokkos.build(HOST, tree, print, prefix=prefix, std="c++20")
    assert built.root == prefix
    assert (prefix / RECORD).is_file()
    said: list[str] = []
    kokkos.build(HOST, tree, said.append, prefix=prefix, std="c++20")
    assert said[0].startswith("already built")
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "thesis.tex").touch()
    with pytest.raises(ToolchainMissing, match="not empty"):
        kokkos.build(HOST, tree, print, prefix=theirs)
    assert (theirs / "thesis.tex").exists()


def test_a_failed_build_shows_its_log_and_leaves_nothing(tmp_path: Path, cache_dir: Path) -> None:
    tree = fake_kokkos_source.tree(tmp_path / "kokkos", body="nonsense;")
    with pytest.raises(ToolchainMissing, match=r"compiling Kokkos 4\.2\.1 for host failed[^$]*nonsense"):
        kokkos.build(HOST, tree, print)
    assert [p.name for p in (cache_dir / "kokkos").iterdir() if not p.name.endswith(".lock")] == []


def test_one_that_does_not_work_is_not_found(tmp_path: Path) -> None:
    tree = fake_kokkos_source.tree(tmp_path / "kokkos", body="std::abort();")
    with pytest.raises(ToolchainMissing, match=r"small program with Kokkos 4\.2\.1 .* fails"):
        kokkos.build(HOST, tree, print)
    found = find(HOST)
    assert found is None or found.version != "4.2.1"
    assert kokkos.build(HOST, fake_kokkos_source.tree(tmp_path / "kokkos"), print).version == "4.2.1"


def test_wrong_sources_are_named(tmp_path: Path) -> None:
    with pytest.raises(ToolchainMissing, match="no such file or directory"):
        kokkos.build(HOST, tmp_path / "none", print)
    with pytest.raises(ToolchainMissing, match="not a Kokkos source tree"):
        kokkos.build(HOST, tmp_path, print)
    (tmp_path / "text.tar").write_text("not an archive")
    with pytest.raises(ToolchainMissing, match=r"text\.tar: not a readable tar archive"):
        kokkos.build(HOST, tmp_path / "text.tar", print)
    with tarfile.open(tmp_path / "other.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("other-1.0/README"))
    with pytest.raises(ToolchainMissing, match=r"other\.tar: no Kokkos source in it"):
        kokkos.build(HOST, tmp_path / "other.tar", print)


def test_members_cannot_leave_the_folder(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as archive:
        for name in ("top/../../escaped", "/top/core/src/Kokkos_Core.hpp", "top/a/../../../escaped"):
            member = tarfile.TarInfo(name)
            member.size = 1
            archive.addfile(member, io.BytesIO(b"x"))
    target = tmp_path / "a/b/target"
    with pytest.raises(ToolchainMissing):
        kokkos._extract(tmp_path / "bad.tar", target, "")
    assert [p for p in tmp_path.rglob("*") if p.is_file() and target not in p.parents] == [
        tmp_path / "bad.tar"
    ]


def test_a_gpu_needs_a_source_that_knows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hipcc = tmp_path / "hipcc"
    hipcc.write_text("#!/bin/sh\necho HIP version 5.2\n")
    hipcc.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(ToolchainMissing, match="kad-tune kokkos build --arch mi250x --source"):
        kokkos.build(architectures()["mi250x"], None, print)
    tree = fake_kokkos_source.tree(tmp_path / "kokkos")
    with pytest.raises(
        ToolchainMissing, match=r"Kokkos 4\.2\.1 does not know mi300x \(Kokkos_ARCH_AMD_GFX942\)"
    ):
        kokkos.build(architectures()["mi300x"], tree, print)


def test_the_cuda_wrapper_defaults_to_the_architecture(tmp_path: Path) -> None:
    wrapper = fake_kokkos_source.tree(tmp_path / "kokkos") / "bin/nvcc_wrapper"
    wrapper.parent.mkdir()
    wrapper.write_text('#!/bin/bash\n#default_arch="sm_80"\ndefault_arch="sm_70"\n')
    copy = kokkos._with_wrapper_for(architectures()["h100"], tmp_path / "kokkos", tmp_path / "copy")
    assert 'default_arch="sm_90"' in (copy / "bin/nvcc_wrapper").read_text().splitlines()
    assert "sm_70" in wrapper.read_text()


SOURCES = """\
# a comment
Types: deb
URIs: http://archive.example/debian http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/archive.gpg

Types: deb
Enabled: no
URIs: http://disabled.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main
"""


def test_source_lines_from_deb822(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d/debian.sources").write_text(SOURCES)
    (tmp_path / "sources.list.d/vendor.list").write_text("deb https://vendor.example/apt stable main\n")
    signed = "[signed-by=/usr/share/keyrings/archive.gpg]"
    assert list(source_lines(tmp_path, "bookworm")) == [
        f"deb-src {signed} http://archive.example/debian bookworm main contrib",
        f"deb-src {signed} http://mirror.example/debian bookworm main contrib",
    ]


def test_source_lines_from_sources_list(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(
        "#deb http://old.example/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://archive.example/debian bookworm main universe # theirs\n"
        "deb-src http://archive.example/debian bookworm main universe\n"
        "deb http://flat.example/debian ./\n"
        "deb http://archive.example/debian bookworm-backports main\n"
    )
    assert list(source_lines(tmp_path, "bookworm")) == [
        "deb-src [signed-by=/k.gpg] http://archive.example/debian bookworm main universe",
        "deb-src http://archive.example/debian bookworm main universe",
    ]


def test_source_lines_of_a_rolling_release(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://archive.example/debian unstable main\n")
    assert list(source_lines(tmp_path, "forky")) == ["deb-src http://archive.example/debian unstable main"]


@pytest.fixture
def fake_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An apt-get on PATH that notes its arguments and 'downloads' a Trilinos with the fake Kokkos."""
    tree = fake_kokkos_source.tree(tmp_path / "tree")
    archive = fake_kokkos_source.tarball(tree, tmp_path / "orig.tar.gz", below="packages/kokkos")
    apt = tmp_path / "bin/apt-get"
    apt.parent.mkdir()
    apt.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/arguments\n'
        f'case "$*" in *source*) cp {archive} trilinos_1.0.orig.tar.gz\n'
        "touch trilinos_1.0.orig.tar.gz.asc;; esac\n"
    )
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", str(apt.parent), prepend=":")
    monkeypatch.setattr(debian_source, "release", lambda: {"ID": "debian", "VERSION_CODENAME": "bookworm"})
    monkeypatch.setattr(
        debian_source, "source_lines", lambda *_: iter(["deb-src http://archive.example x main"])
    )
    return apt


def test_from_debians_source(fake_apt: Path, tmp_path: Path, cache_dir: Path) -> None:
    built = kokkos.build(HOST, None, print)
    assert built.version == "4.2.1"
    update, source = (tmp_path / "arguments").read_text().splitlines()
    assert update.endswith("update")
    assert source.endswith("source --download-only trilinos")
    for private in ("Dir::State=", "Dir::Cache=", "Dir::Etc::sourcelist="):
        assert f"{private}{cache_dir}" in update
    said: list[str] = []
    kokkos.build(HOST, None, said.append)  # needs neither network nor apt again
    assert said == [f"already built: {built.describe()}"]
    assert len((tmp_path / "arguments").read_text().splitlines()) == 2


def test_apts_words_are_passed_on(fake_apt: Path) -> None:
    fake_apt.write_text("#!/bin/sh\necho 'E: Failed to fetch http://archive.example' >&2\nexit 100\n")
    with pytest.raises(ToolchainMissing, match="no Kokkos source:\n  E: Failed to fetch"):
        kokkos.build(HOST, None, print)


def test_elsewhere_than_on_debian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian_source, "release", lambda: {"ID": "fedora"})
    with pytest.raises(ToolchainMissing, match="kad-tune kokkos build --arch host --source"):
        kokkos.build(HOST, None, print)


@pytest.mark.kokkos
def test_the_hosts_kokkos_serves(toolchain: Toolchain) -> None:
    named = find_toolchain(HOST, toolchain.kokkos.root, (), build_missing=False, progress=print)
    assert named == toolchain
    kokkos._verify(named.kokkos, HOST, named.compiler, print)
