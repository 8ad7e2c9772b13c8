"""Kokkos::parallel_scan: two ordinary launches around a sum of prefixes.

tmp(i) = what iteration i adds to `update`
tmp    = for each i the sum of the elements before it
the body once more, with `final` true and `update` = tmp(i)
"""

from __future__ import annotations

from transform.frontend.arith import apply, convert
from transform.frontend.clang import Cursor, key, location, strip
from transform.frontend.contributions import only_joins
from transform.frontend.cpptypes import is_mutable_reference, scalar
from transform.frontend.lower_launch import Call, kernel_body, launch_arguments, parallel_range
from transform.frontend.reducers import deliver_to, result_target
from transform.frontend.scope import Broken, Scope, Value, zero
from transform.ir.build import scalar as atom_scalar
from transform.ir.nodes import (
    Allocate,
    Atom,
    Block,
    Combiner,
    Const,
    Increment,
    Launch,
    Let,
    Load,
    PrefixSum,
    Range,
    Return,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.simplify import simplify
from transform.ir.types import BOOL, SIZE, Array, Scalar, View
from transform.ir.walk import substitute, walk

_FORM = "take an index, a reference to the partial sum and a bool: (int i, double& sum, bool final)"
_JOIN = "the body of a parallel_scan does more with its partial sum than to add to it"


def scan(scope: Scope, cursor: Cursor) -> None:
    """A call of parallel_scan."""
    call = launch_arguments(scope, cursor)
    if call is None:
        return
    parameters = call.body.parameters
    if len(call.policy.bounds) != 1 or len(parameters) != 3 or len(call.results) > 1:
        scope.refuse(cursor, "this form of parallel_scan is not supported", _FORM)
        return
    type_ = scalar(parameters[1].type)
    if type_ is None or type_ == BOOL or not is_mutable_reference(parameters[1].type):
        scope.refuse(parameters[1], "this partial sum is not supported", _FORM)
        return
    target = result_target(scope, strip(call.results[0]), call.results[0]) if call.results else None
    range_ = parallel_range(scope, parameters[0], call.policy.bounds[0], cursor)
    partial = _view(type_, call.policy.space)
    sums = scope.fresh.symbol(f"{parameters[1].spelling or 'sum'}_before", partial)
    first = _pass(scope, cursor, call, range_, type_, sums, last=False)
    again = Range(scope.fresh.like(range_.index), range_.lo, range_.hi)
    second = _pass(scope, cursor, call, again, type_, sums, last=True)
    if first is None or second is None:
        return
    total = scope.fresh.symbol(f"{parameters[1].spelling or 'sum'}_total", type_)
    scope.stmts.append(Allocate(sums, (_length(scope, range_, cursor),), location(cursor), zeroed=False))
    scope.stmts += [first, PrefixSum(sums, zero(type_), total, False, location(cursor)), second]
    if target is not None:
        deliver_to(scope, target, total, cursor)


def _view(type_: Scalar, space: str) -> View:
    where = "" if space == "Kokkos::DefaultExecutionSpace" else f", {space}"
    return View(type_, (None,), False, f"Kokkos::View<{type_.name}*{where}>")


def _length(scope: Scope, range_: Range, cursor: Cursor) -> Atom:
    """The number of iterations."""
    runs = apply(scope, "lt", (range_.lo, range_.hi), "", cursor)
    length = range_.hi
    if not (isinstance(range_.lo, Const) and range_.lo.value == 0):
        length = apply(scope, "sub", (range_.hi, range_.lo), "", cursor)
    count = apply(scope, "select", (runs, length, zero(atom_scalar(length))), "", cursor)
    return convert(scope, count, SIZE, "", cursor)


def _pass(
    scope: Scope, cursor: Cursor, call: Call, range_: Range, type_: Scalar, sums: Symbol, *, last: bool
) -> Launch | None:
    """The launch that finds what each iteration adds, or the ``last``, which has the sums; ``None`` after a
    finding."""
    index, update, final = call.body.parameters
    start = scope.fresh.symbol(str(update.spelling) or "sum", type_)
    inside = call.body.enter(scope.env)
    inside[key(index)] = Value(range_.index.name, atom_scalar(range_.index), range_.index)
    inside[key(update)] = Value(start.name, type_, start)
    inside[key(final)] = Value(str(final.spelling), BOOL, Const(last, BOOL), "it tells which pass it is")
    before, scope.env = scope.env, inside
    findings = len(scope.findings)
    body, after = kernel_body(scope, call.body.statements)
    scope.env = before
    end = after[key(update)]
    if len(scope.findings) > findings or isinstance(end, Broken):
        return None
    assert isinstance(end, Value) and end.atom is not None
    numbered = simplify(Block((*body.stmts, Return(end.atom))), scope.fresh).stmts
    result = numbered[-1]
    assert isinstance(result, Return)
    if not only_joins(Block(numbered[:-1]), {start: Combiner.SUM}, (), {start: result.value}, visible=last):
        hint = "add to it (sum += v), and use its value only where final is true"
        scope.refuse(cursor, _JOIN, hint)
        return None
    with scope.collect() as at:
        offset: Atom = range_.index
        if not (isinstance(range_.lo, Const) and range_.lo.value == 0):
            offset = apply(scope, "sub", (range_.index, range_.lo), "", cursor)
    if last:
        stmts: tuple[Stmt, ...] = (*at, Let(start, Load(sums, (offset,)), location(update)), *body.stmts)
    else:
        added = substitute(Block((*body.stmts, *at, Store(sums, (offset,), end.atom))), {start: zero(type_)})
        stmts = added.stmts
        for s in walk(body):
            if isinstance(s, Increment) and not isinstance(s.memory.type, Array):
                message = "an increment in both passes of a parallel_scan is carried out twice"
                scope.refuse_at(s.loc, message, "increment only where final is true")
                return None
    return Launch(call.label, call.policy.space, (range_,), Block(stmts), (), loc=location(cursor))
