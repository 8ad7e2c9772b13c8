"""What differentiation produces: gradients whose questions strategies answer."""

from __future__ import annotations

from dataclasses import dataclass

from transform.analysis.activity import Activity
from transform.analysis.races import Verdict
from transform.ir.nodes import Atom, Block, Program, Symbol
from transform.signature import Signature


@dataclass(frozen=True)
class Gradient:
    """One arrangement of sweeps (``split`` or ``fused``).

    ``body``: forward, then reverse; it may leave questions open until a plan closes it. ``origin`` maps
    symbols of adjoint kernels to the primal symbols that they recompute.
    """

    body: Block
    seed: Symbol | None
    adjoints: dict[Symbol, Symbol]
    scalar_bars: dict[Symbol, Atom]
    returned: Atom | None
    outputs: dict[Symbol, Atom]
    origin: dict[Symbol, Symbol]


@dataclass(frozen=True)
class Adjoint:
    """The derivative of ``program``: open gradients by sweep, the race verdicts, what is active."""

    program: Program
    signature: Signature
    active: Activity
    gradients: dict[str, Gradient]
    verdicts: tuple[tuple[str, Verdict], ...]
    with_adjoint: frozenset[Symbol]
