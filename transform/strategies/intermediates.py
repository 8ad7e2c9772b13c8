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
from dataclasses import dataclass, replace
from functools import partial

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
    apply: Callable[..., Block]  # (body, fresh=...)


def choices(body: Block, origin: Origin) -> tuple[Choice, ...]:
    """The questions that ``body`` leaves, in a fixed order with distinct names. ``origin`` maps symbols of
    adjoint kernels to the primal symbols that they recompute."""
    found: list[Choice] = []
    for pair in values.pairs(body, origin):
        meaning = f"{len(pair.cut)} values per iteration of '{pair.name}': recomputed, or stored before"
        apply = partial(_store, pair=pair, origin=origin)
        found.append(Choice(pair.name, ("recompute", "store"), (), meaning, pair.last, apply))
    for loop in checkpoint.loops(body):
        meaning = f"'{loop.name}' in the loop at line {loop.line}: a copy per step, or checkpoints"
        found.append(_recall(loop.name, meaning, loop.why_not, partial(checkpoint.recompute, name=loop.name)))
    for saved in rerun.saved(body):
        meaning = f"'{saved.name}' before it is overwritten: a copy, or computed again"
        found.append(_recall(saved.name, meaning, saved.why_not, partial(rerun.recompute, name=saved.name)))
    taken: set[str] = set()
    for i, choice in enumerate(found):
        name, n = choice.name, 1
        while name in taken:
            n += 1
            name = f"{choice.name}_{n}"
        taken.add(name)
        found[i] = replace(choice, name=name)
    return tuple(found)


def _recall(name: str, meaning: str, why_not: str, apply: Callable[..., Block]) -> Choice:
    if why_not:
        return Choice(name, ("store",), (("recompute", why_not),), meaning, False, apply)
    return Choice(name, ("store", "recompute"), (), meaning, False, apply)


def _store(body: Block, *, fresh: Fresh, pair: values.Pair, origin: Origin) -> Block:
    return values.store(body, pair, origin, fresh)
