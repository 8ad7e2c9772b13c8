"""The toolchain that tests compile with.

A test that needs Kokkos is skipped where there is none; ``KAD_REQUIRE=kokkos`` turns that into a failure.
``Kokkos_ROOT`` chooses an installation.
"""

from __future__ import annotations

import os
from functools import cache

import pytest

from autotune.toolchain import Toolchain, ToolchainMissing, find_toolchain
from search_spaces.model import architectures


@cache
def _find() -> Toolchain | str:
    try:
        return find_toolchain(
            architectures()["host"], None, (), build_missing=False, progress=lambda message: None
        )
    except ToolchainMissing as problem:
        return str(problem)


def toolchain() -> Toolchain:
    """The host's toolchain, or skip."""
    found = _find()
    if isinstance(found, Toolchain):
        return found
    if "kokkos" in os.environ.get("KAD_REQUIRE", ""):
        pytest.fail(f"KAD_REQUIRE asks for Kokkos, but: {found}")
    pytest.skip(found)
