"""Which loops and local arrays are left in gradients (that they are right is tested with all kernels)."""

from __future__ import annotations

import pytest

from tests.cases import cases
from tests.gradient_support import primal
from transform import pipeline
from transform.ir.nodes import Declare, For, Launch
from transform.ir.walk import walk


def left(function: str, note: str = "") -> tuple[int, int]:
    """Loops and local arrays in the kernels of a case's fused gradient."""
    (case,) = (c for c in cases() if c.function == function and c.note == note)
    adjoint = pipeline.differentiate(primal(case.path, case.function), case.wrt, case.of)
    sweep = adjoint.gradients.get("fused", adjoint.gradients["split"])
    inside = [s for k in walk(sweep.body) if isinstance(k, Launch) for s in walk(k.body)]
    return sum(isinstance(s, For) for s in inside), sum(isinstance(s, Declare) for s in inside)


@pytest.mark.parametrize(
    ("function", "note", "loops", "arrays"),
    [
        ("backwards", "", 0, 0),
        ("joined", "", 1, 0),
        ("joined", "vectors", 1, 0),
        ("kept_apart", "", 2, 0),
    ],
)
def test_what_is_left(function: str, note: str, loops: int, arrays: int) -> None:
    assert left(function, note) == (loops, arrays)
