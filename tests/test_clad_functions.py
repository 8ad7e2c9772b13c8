"""The experiment ``clad_functions``: every gradient is right, and only what races is refused."""

from __future__ import annotations

import pytest

from experiments.clad_functions.__main__ import FUNCTIONS, rows
from tests.kokkos_support import toolchain


@pytest.mark.kokkos
def test_every_function_is_as_it_should_be() -> None:
    table, good = rows(toolchain())
    assert good, "\n".join(" | ".join(row) for row in table)
    assert len(table) == len(FUNCTIONS)
