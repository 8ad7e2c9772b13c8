"""Is a gradient right? Tolerances by precision, and the verdict on what the harness found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autotune.outcome import Accuracy
from transform.ir.types import View
from transform.signature import Signature


@dataclass(frozen=True)
class Tolerances:
    """Largest relative errors that rounding explains. ``exact``: against the tangent, the reference variant,
    repeated calls and the primal's outputs; ``differences``: against finite differences."""

    exact: float
    differences: float


DOUBLE = Tolerances(exact=1e-10, differences=1e-6)
FLOAT = Tolerances(exact=1e-4, differences=1e-2)


@dataclass(frozen=True)
class Verdict:
    """``reason`` says what is wrong with the gradient; empty if nothing is."""

    accuracy: Accuracy
    reproducible: bool
    reason: str


def tolerances(signature: Signature) -> Tolerances:
    """By the least precise floating-point type among the active parameters and the value."""
    types = [
        a.type.element if isinstance(a.type, View) else a.type for a in signature.arguments if a.has_adjoint
    ]
    types += [signature.returns] if signature.returns is not None else []
    return FLOAT if any(t.name == "float" for t in types) else DOUBLE


def judge(found: Mapping[str, Any], signature: Signature) -> Verdict:
    """The verdict on the harness's ``verify`` report."""
    limit = tolerances(signature)
    accuracy = Accuracy(
        inner_product=float(found["inner_product"]),
        finite_differences=float(found["finite_differences"]),
        agreement=float(found["agreement"]),
        primal_unchanged=_within(float(found["primal"]), limit.exact),
    )
    return Verdict(accuracy, bool(found["reproducible"]), _reason(found, accuracy, limit))


def _reason(found: Mapping[str, Any], accuracy: Accuracy, limit: Tolerances) -> str:
    if not found["finite"]:
        return "f itself gives infinity or NaN for this workload; choose other inputs with --workload"
    if not accuracy.primal_unchanged:
        return f"f_grad leaves other primal outputs than f: relative difference {found['primal']:.1e}"
    checks = (
        (
            "repeat",
            limit.exact,
            "a second call with the same workspace gives another gradient: relative difference",
        ),
        ("inner_product", limit.exact, "disagrees with the tangent: relative error of the inner product"),
        (
            "accumulate",
            limit.exact,
            "does not accumulate into adjoints that are not zero: relative difference",
        ),
        ("agreement", limit.exact, "disagrees with the default variant: relative difference"),
        (
            "finite_differences",
            limit.differences,
            "the tangent disagrees with finite differences: relative error",
        ),
    )
    for name, tolerance, what in checks:
        if not _within(float(found[name]), tolerance):
            why = f"{what} {float(found[name]):.1e} (tolerance {tolerance:.0e})"
            return f"{why}; {_JUMPS}" if name == "finite_differences" else why
    return ""


_JUMPS = (
    "if f jumps or bends at these inputs (it may compare a parameter for equality), choose others with "
    "--workload, or leave that parameter out of --wrt"
)


def _within(error: float, tolerance: float) -> bool:
    return math.isfinite(error) and error <= tolerance
