"""Where a value that the reverse sweep needs comes from: stored by the forward sweep, or recomputed.

Three questions arise, each answered for itself:

* values that one iteration of a kernel computes: recomputed by the adjoint kernel, or stored by the primal
  kernel in one array per value (``values.py``);
* Views that a host loop overwrites: a copy per step, or checkpoints from which the steps run again
  (``checkpoint.py``);
* Views that a later kernel overwrites: a copy, or running again the kernels that filled them (``rerun.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from transform.ir.build import Fresh
from transform.ir.nodes import Block, Symbol
from transform.strategies import checkpoint, rerun, values

Origin = dict[Symbol, Symbol]


@dataclass(frozen=True)
class Choice:
    """One question about ``name``. ``values``: the legal answers, the one that the open gradient already has
    first; ``refused``: the others with reasons. ``split_only``: asked only where forward and reverse sweep
    of the last kernel are apart. ``apply`` gives the other answer."""

    name: str
    values: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]
    meaning: str
    split_only: bool
    apply: Callable[[Block, Fresh], Block]


def choices(body: Block, origin: Origin) -> tuple[Choice, ...]:
    """The questions that ``body`` leaves, in a fixed order with distinct names. ``origin`` maps symbols of
    adjoint kernels to the primal symbols that they recompute."""
    found: list[Choice] = []
    for pair in values.pairs(body, origin):
        found.append(
            Choice(
                pair.name,
                ("recompute", "store"),
                (),
                f"{len(pair.cut)} values per iteration of '{pair.name}': recomputed, or stored before",
                pair.last,
                lambda b, fresh, name=pair.name: values.store(b, name, origin, fresh),  # type: ignore[misc]
            )
        )
    for loop in checkpoint.loops(body):
        found.append(
            Choice(
                loop.name,
                ("store",) if loop.why_not else ("store", "recompute"),
                (("recompute", loop.why_not),) if loop.why_not else (),
                f"'{loop.name}' in the loop at line {loop.line}: a copy per step, or checkpoints",
                False,
                lambda b, fresh, name=loop.name: checkpoint.recompute(b, name, fresh),  # type: ignore[misc]
            )
        )
    for saved in rerun.saved(body):
        found.append(
            Choice(
                saved.name,
                ("store",) if saved.why_not else ("store", "recompute"),
                (("recompute", saved.why_not),) if saved.why_not else (),
                f"'{saved.name}' before it is overwritten: a copy, or computed again",
                False,
                lambda b, fresh, name=saved.name: rerun.recompute(b, name, fresh),  # type: ignore[misc]
            )
        )
    return tuple(found)
