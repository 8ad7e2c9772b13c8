"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autotune.toolchain import Toolchain, ToolchainMissing, find_toolchain
from search_spaces.model import architectures

Needs = Callable[[str], None]


def _needs(backend: str) -> None:
    if backend in os.environ.get("KAD_REQUIRE", "").split(","):
        return
    try:
        toolchain = _host_toolchain()
    except ToolchainMissing as problem:
        pytest.skip(f"no Kokkos: {problem}")
    if backend not in toolchain.kokkos.backends:
        pytest.skip(f"{toolchain.kokkos.describe()} has no {backend} backend")


def _host_toolchain() -> Toolchain:
    # a toolchain of another Kokkos can be tested by naming it in Kokkos_ROOT
    return find_toolchain(architectures()["host"], None, (), build_missing=False, progress=print)


@pytest.fixture(scope="session", autouse=True)
def locks(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tests wait for nobody else on this machine."""
    os.environ["KAD_LOCK_DIR"] = str(tmp_path_factory.mktemp("locks"))


@pytest.fixture(scope="session")
def needs() -> Needs:
    """``needs("openmp")`` skips the test where that backend is missing; never if KAD_REQUIRE lists it."""
    return _needs


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    """The host's toolchain, with OpenMP. Skips without one, fails instead if KAD_REQUIRE lists openmp."""
    _needs("openmp")
    found = _host_toolchain()
    assert "openmp" in found.kokkos.backends, (
        f"KAD_REQUIRE asks for openmp; {found.kokkos.describe()} lacks it"
    )
    return found


@pytest.fixture
def cache_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache of the test's own."""
    monkeypatch.setenv("KAD_CACHE_DIR", str(tmp_path / "cache"))
    yield tmp_path / "cache"
