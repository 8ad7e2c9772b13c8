"""The text of headers: one variant, or the winners for every machine and size behind their conditions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from search_spaces.model import Plan
from transform.adjoint.gradient import Adjoint
from transform.emit import cpp, interface

NAMESPACE = "@NAMESPACE@"
"""Stands for the namespace in the text of a variant."""


@dataclass(frozen=True)
class Variant:
    """One closed gradient: every question answered by ``plan``."""

    plan: Plan
    deterministic: bool
    text: str  # the functions and workspace in namespace NAMESPACE
    parts: tuple[str, ...]  # runtime parts they need
    includes: tuple[str, ...]

    def code(self, namespace: str = "kad") -> str:
        """A complete header text whose functions live in ``namespace``."""
        body = self.text.replace(NAMESPACE, namespace)
        return "\n".join([*cpp.includes(self.includes), "", cpp.runtime(*self.parts), body])


@dataclass(frozen=True)
class Winner:
    """A variant and the size that it was tuned for: the number of elements of all Views of the call."""

    variant: Variant
    elements: int


def gradient_header(adjoint: Adjoint, winners: Mapping[str, Sequence[Winner]], fallback: Variant) -> str:
    """The header to ship: ``winners`` by Kokkos architecture macro, chosen at compile time, and ``fallback``
    for every other machine. Several macros of one architecture are joined by commas; the empty name stands
    for hosts, where no device backend is enabled. Of several winners of one architecture, each call takes
    the one whose size is nearest in proportion."""
    f = adjoint.signature.name
    guard = f"KAD_{f.upper()}_GRAD_HPP"
    served = {m: _ranges(w) for m, w in winners.items()}
    variants = [*(v for ranges in served.values() for v, _ in ranges), fallback]
    needed = dict.fromkeys(p for v in variants for p in v.parts)
    lines = [
        f"// Gradient of {adjoint.program.qualified} ({Path(adjoint.program.file).name}), by kad-tune.",
        f"#ifndef {guard}",
        f"#define {guard}",
        *cpp.includes(adjoint.program.includes),
        "",
        cpp.runtime(*needed),
    ]
    sections = [(_condition(m), r) for m, r in served.items() if [v.text for v, _ in r] != [fallback.text]]
    for k, (condition, ranges) in enumerate(sections):
        lines += [f"{'#elif' if k else '#if'} {condition}", *_sized(adjoint, ranges)]
    lines += ["#else", *_section(fallback), "#endif"] if sections else _section(fallback)
    return "\n".join([*lines, f"#endif  // {guard}", ""])


def _ranges(winners: Sequence[Winner]) -> list[tuple[Variant, int | None]]:
    """Variants with the largest number of elements that each serves; neighbours that are equal are one."""
    ordered = sorted(winners, key=lambda w: w.elements)
    ranges: list[tuple[Variant, int | None]] = []
    for winner, larger in zip(ordered, [*ordered[1:], None], strict=True):
        if larger is None:
            ranges.append((winner.variant, None))
        elif larger.variant.text != winner.variant.text:
            ranges.append((winner.variant, math.isqrt(winner.elements * larger.elements)))
    return ranges


def _sized(adjoint: Adjoint, ranges: Sequence[tuple[Variant, int | None]]) -> list[str]:
    if len(ranges) == 1:
        return _section(ranges[0][0])
    choices = [interface.Sized(f"size_{k}", most) for k, (_, most) in enumerate(ranges, start=1)]
    lines = []
    for choice, (variant, most) in zip(choices, ranges, strict=True):
        lines.append("// larger" if most is None else f"// up to {most} elements in all Views together")
        lines += _section(variant, f"kad::{choice.namespace}")
    return [*lines, interface.by_size(adjoint.signature, choices, "kad")]


_DEVICES = ("KOKKOS_ENABLE_CUDA", "KOKKOS_ENABLE_HIP", "KOKKOS_ENABLE_SYCL")


def _condition(macros: str) -> str:
    if not macros:
        return " && ".join(f"!defined({m})" for m in _DEVICES)
    return " || ".join(f"defined({m})" for m in macros.split(","))


def _section(variant: Variant, namespace: str = "kad") -> list[str]:
    plan = ", ".join(f"{k} = {v}" for k, v in variant.plan.items()) or "no choices: nothing races"
    return [f"// {plan}\n", variant.text.replace(NAMESPACE, namespace)]
