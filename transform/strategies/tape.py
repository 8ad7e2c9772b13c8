"""Who has a tape for the loops of a kernel: each of its iterations, or each thread.

A thread runs a contiguous part of the iterations one after the other, so that its tape stays in its cache and
takes no more memory than one iteration needs; a tape for each iteration leaves the launch as it is, and gives
neighbouring threads of a device neighbouring addresses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from search_spaces.model import Architecture, Constraint, Parameter, Plan
from transform.adjoint.states import questions
from transform.ir.build import Fresh
from transform.ir.nodes import Block, Chunked, Declare, Flat, Launch, Rows, Stmt, Symbol
from transform.ir.types import Scalar
from transform.ir.walk import walk
from transform.strategies.base import open_views

_ORDERED = ("privatization", "coloring")
"""Answers for racing increments that say themselves how a kernel's iterations are dealt out."""


def parameters(body: Block, arch: Architecture) -> tuple[Parameter, ...]:
    """The question, where ``arch`` asks it and states of some loop may be stored."""
    stored = tuple((f"intermediates.{q}", ("store",)) for q in questions(body))
    if not stored or "tape" not in arch.knobs:
        return ()
    meaning = "stored states of a kernel's loops: a tape for each thread, or for each iteration"
    return (Parameter("tape", tuple(arch.knobs["tape"]), meaning, stored),)


def constraints(
    launches: Sequence[Launch], names: Mapping[Symbol, str], arch: Architecture
) -> tuple[Constraint, ...]:
    """Where every kernel with tapes is dealt out by how its increments combine, one answer says it all."""
    asked = [[names[v] for v in open_views(s)] for s in launches if questions(s.body)]
    if not asked or "tape" not in arch.knobs:
        return ()
    first = arch.knobs["tape"][0]

    def matters(plan: Plan) -> bool:
        dealt = all(any(plan.get(name) in _ORDERED for name in group) for group in asked)
        return not dealt or plan.get("tape", first) == first

    reads = ("tape", *dict.fromkeys(name for group in asked for name in group))
    return (Constraint("private chunks and colors decide whose the tapes are", matters, reads),)


def dealt(s: Stmt, plan: Plan, fresh: Fresh) -> Stmt:
    """``s`` in contiguous parts, one per thread, if the plan gives threads their tapes and ``s`` has any."""
    if plan.get("tape") != "thread" or not isinstance(s, Launch) or not isinstance(s.schedule, Flat | Rows):
        return s
    if not any(isinstance(x, Declare) and x.extents for x in walk(s.body)):
        return s
    return replace(s, schedule=Chunked(fresh.symbol("thread", Scalar("int"))))
