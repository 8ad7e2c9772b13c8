"""The open gradient: everything differentiation decides, with the questions it leaves."""

from __future__ import annotations

from dataclasses import dataclass

from transform.analysis.activity import Activity
from transform.analysis.races import Verdict
from transform.ir.nodes import Atom, Block, Program, Symbol
from transform.signature import Signature


@dataclass(frozen=True)
class OpenGradient:
    """One arrangement of sweeps (``split`` or ``fused``), cleaned up. ``body``: forward, then reverse."""

    body: Block
    seed: Symbol | None
    adjoints: dict[Symbol, Symbol]
    scalar_bars: dict[Symbol, Atom]
    returned: Atom | None


@dataclass(frozen=True)
class Adjoint:
    """The derivative of ``program``: open gradients by sweep, the race verdicts, what is active."""

    program: Program
    signature: Signature
    active: Activity
    gradients: dict[str, OpenGradient]
    verdicts: tuple[tuple[str, Verdict], ...]
    with_adjoint: frozenset[Symbol]
