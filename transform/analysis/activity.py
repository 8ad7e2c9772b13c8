"""Activity: what depends on an independent (varied) and influences a dependent (useful).

Flow-insensitive: one data-flow edge per floating-point operand, over scalars and whole memories alike.
Conservative and linear; what it over-approximates, dead-code removal takes back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from transform.adjoint.rules import RULES, has_partial
from transform.diagnostics import Diagnostic
from transform.ir.build import TEMPORARY
from transform.ir.nodes import (
    Apply,
    Atom,
    Block,
    DeepCopy,
    For,
    If,
    Increment,
    Launch,
    Let,
    Load,
    Output,
    PrefixSum,
    Program,
    Return,
    Store,
    Symbol,
)
from transform.ir.types import Accumulator, Array, Scalar, Type, View
from transform.ir.walk import blocks


@dataclass(frozen=True)
class Activity:
    """``active``: scalars and memories that carry a derivative. ``varied``/``useful``: the two halves."""

    varied: frozenset[Symbol]
    useful: frozenset[Symbol]

    def __contains__(self, atom: Atom) -> bool:
        return atom in self.varied and atom in self.useful


def is_floating(type_: Type) -> bool:
    match type_:
        case Scalar():
            return type_.is_float
        case Array() | View() | Accumulator():
            return type_.element.is_float
        case _:
            return False


def activity(program: Program, independents: Iterable[Symbol], dependents: Iterable[Symbol]) -> Activity:
    """Activity of every symbol; the returned value is a dependent if it is a floating-point scalar and
    ``dependents`` is what else counts (Views)."""
    edges, returned = _edges(program.body)
    forward: dict[Symbol, list[Symbol]] = defaultdict(list)
    backward: dict[Symbol, list[Symbol]] = defaultdict(list)
    for source, target in edges:
        forward[source].append(target)
        backward[target].append(source)
    return Activity(_reach(independents, forward), _reach([*dependents, *returned], backward))


_TO_INTEGER = (
    "round it before if its derivative is 0 (std::floor, std::trunc), compute the integer from inactive "
    "data, or exclude its source with --wrt"
)


def through_integers(program: Program, active: Activity) -> list[Diagnostic]:
    """Active values that are turned into integers: their derivative would be dropped silently."""
    found: list[Diagnostic] = []

    def look(block: Block) -> None:
        for s in block.stmts:
            match s:
                case Let(target=t, op=Apply("cast", (Symbol() as a,)), loc=loc):
                    if not is_floating(t.type) and is_floating(a.type) and a in active.varied:
                        value = "this value" if a.name == TEMPORARY else f"'{a.name}'"
                        message = f"{value} depends on an independent and is turned into an integer here"
                        found.append(Diagnostic(message, loc, _TO_INTEGER))
                case _:
                    for inner in blocks(s):
                        look(inner)

    look(program.body)
    return found


def _reach(start: Iterable[Symbol], graph: dict[Symbol, list[Symbol]]) -> frozenset[Symbol]:
    seen = set(start)
    work = list(seen)
    while work:
        for successor in graph[work.pop()]:
            if successor not in seen:
                seen.add(successor)
                work.append(successor)
    return frozenset(seen)


def _edges(body: Block) -> tuple[list[tuple[Symbol, Symbol]], list[Symbol]]:
    edges: list[tuple[Symbol, Symbol]] = []
    returned: list[Symbol] = []

    def flow(source: Atom, target: Symbol) -> None:
        if isinstance(source, Symbol) and is_floating(source.type) and is_floating(target.type):
            edges.append((source, target))

    def visit(block: Block) -> None:
        for s in block.stmts:
            match s:
                case Let(target=t, op=Apply(fn=fn, args=args)):
                    for i, a in enumerate(args):
                        if fn not in RULES or has_partial(fn, i):  # casts, and functions to be refused
                            flow(a, t)
                case Let(target=t, op=Load(memory=m)):
                    flow(m, t)
                case Store(memory=m, value=v) | Increment(memory=m, value=v):
                    flow(v, m)
                case DeepCopy(target=t, source=source):
                    flow(source, t)
                case PrefixSum(view=view, start=start, total=total):
                    flow(start, view)
                    if total is not None:
                        flow(view, total)
                        flow(start, total)
                case For(carried=carried):
                    for c in carried:
                        flow(c.init, c.inner)
                        flow(c.next, c.inner)
                        flow(c.inner, c.result)
                case If(merges=merges):
                    for merge in merges:
                        flow(merge.then, merge.result)
                        flow(merge.orelse, merge.result)
                case Launch(reductions=reductions):
                    for r in reductions:
                        flow(r.accumulator, r.result)
                case Output(param=param, value=value):
                    flow(value, param)
                case Return(value=Symbol() as v):
                    returned.append(v)
                case _:
                    pass
            for inner in blocks(s):
                visit(inner)

    visit(body)
    return edges, returned
