"""``kad-tune grad``: one variant as a header, without tuning and without a toolchain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autotune.options import Request
from autotune.problem import architecture, derive, portable, space_of
from autotune.tuned import header_path, write_atomically
from search_spaces.model import Plan
from transform import pipeline


@dataclass(frozen=True)
class Emitted:
    """The header and the plan that it holds for each architecture. ``notes``: see ``Derivation``."""

    header: Path
    plans: tuple[tuple[str, Plan, bool], ...]  # architecture, plan, deterministic
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "header": str(self.header),
            "variants": [
                {"arch": arch, "knobs": dict(plan), "deterministic": deterministic}
                for arch, plan, deterministic in self.plans
            ],
            "notes": list(self.notes),
        }


def emit(request: Request) -> Emitted:
    """Write ``OUT/f_grad.hpp`` with each architecture's default plan, as changed by ``--set``.

    Raises ``Refused``, ``UsageError`` or ``KokkosHeadersMissing``.
    """
    archs = [architecture(name) for name in request.archs]
    derivation = derive(request, archs[0])
    plans = [(a, space_of(request, derivation, a).default) for a in archs]
    if len(plans) == 1:  # asked for by name: every machine gets it
        text = pipeline.gradient_header(derivation.adjoint, {}, derivation.variant(plans[0][1]))
    else:
        winners = {a.macro: [pipeline.Winner(derivation.variant(plan), 0)] for a, plan in plans}
        text = pipeline.gradient_header(derivation.adjoint, winners, portable(derivation))
    path = header_path(request.out, derivation.signature.name)
    write_atomically(path, text)
    made = tuple((a.name, plan, derivation.variant(plan).deterministic) for a, plan in plans)
    return Emitted(path, made, derivation.notes)
