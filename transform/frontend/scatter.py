"""Kokkos' ScatterView: sums that any iteration may add to, kept apart until they are contributed to a View.

Whether Kokkos keeps them in copies or updates the View at once depends on the execution space; programs that
could tell are not portable. Here they are a View of their own, zeroed when it is made or reset.
"""

from __future__ import annotations

import re

from transform.frontend.arith import apply, constant, convert
from transform.frontend.bindings import Binding, Broken, Memory, Scatter
from transform.frontend.clang import (
    Cursor,
    CursorKind,
    arguments,
    expressions,
    is_written,
    location,
    strip,
)
from transform.frontend.classes import SCATTER_VIEW
from transform.frontend.cpptypes import class_name, is_view
from transform.frontend.places import binding, indices, member_base
from transform.frontend.scope import Scope, zero
from transform.frontend.shape import element_index, extent, rank
from transform.frontend.views import view_of
from transform.ir.nodes import (
    Allocate,
    Atom,
    Block,
    Const,
    DeepCopy,
    How,
    Increment,
    Launch,
    Let,
    Load,
    Range,
)
from transform.ir.types import SIZE, View

_K = CursorKind
_VIEW, _ACCESS = SCATTER_VIEW, "Kokkos::Experimental::ScatterAccess"
UPDATES = ("operator+=", "operator-=", "operator++", "operator--", "update")


def is_scatter(cursor: Cursor) -> bool:
    """Whether a variable is a ScatterView or an access to one."""
    return class_name(cursor.type) in (_VIEW, _ACCESS)


def scatter_variable(scope: Scope, cursor: Cursor, init: Cursor | None) -> Binding:
    """``ScatterView<double*> s(v);``, ``auto s = create_scatter_view(v);`` or ``auto a = s.access();``"""
    if class_name(cursor.type) == _ACCESS and init is not None:
        return _scatter(scope, init) or Broken()
    made_from = _made_from(init) if init is not None else None
    if made_from is None:
        hint = "make it from the View that it contributes to: create_scatter_view(v)"
        scope.refuse(cursor, "this ScatterView is not supported", hint)
        return Broken()
    if re.search(r"Scatter(Prod|Min|Max)\b", str(cursor.type.get_canonical().spelling)):
        scope.refuse(cursor, "only ScatterViews of sums are supported", "reduce with a parallel_reduce")
        return Broken()
    view = view_of(scope, made_from)
    if view is None:
        return Broken()
    assert isinstance(view.symbol.type, View)
    type_ = view.symbol.type.writable
    if type_.objects or scope.in_kernel or view.mapping is not None:
        scope.refuse(cursor, "a ScatterView of this View is not supported", "use Kokkos::atomic_add")
        return Broken()
    sums = scope.fresh.symbol(f"{cursor.spelling}_sums", type_)
    extents = tuple(extent(scope, view, d, cursor) for d in range(rank(view)))
    scope.stmts.append(Allocate(sums, extents, location(cursor)))
    return Scatter(sums)


def _made_from(init: Cursor) -> Cursor | None:
    """The View among the arguments of a constructor or of ``create_scatter_view``."""
    source = strip(init)
    if is_view(source.type):
        return source
    given = [a for a in arguments(source) if is_written(a)] if source.kind == _K.CALL_EXPR else []
    if source.kind == _K.CXX_FUNCTIONAL_CAST_EXPR:
        given = expressions(source)
    views = [found for a in given if (found := _made_from(a)) is not None]
    return views[0] if len(views) == 1 else None


def scatter_argument(scope: Scope, argument: Cursor) -> Binding | None:
    """A ScatterView or an access that a function is given; copies share the sums."""
    return _scatter(scope, argument)


def _scatter(scope: Scope, cursor: Cursor) -> Scatter | None:
    """The ScatterView behind a name or ``s.access()``; ``None`` after a finding."""
    source = strip(cursor)
    callee = source.referenced if source.kind == _K.CALL_EXPR else None
    if callee is not None and callee.kind != _K.FUNCTION_DECL:
        base, given = member_base(source), arguments(source)
        if callee.spelling == "access" and base is not None:
            return _scatter(scope, base)
        if len(given) == 1 and class_name(given[0].type) in (_VIEW, _ACCESS):  # a copy
            return _scatter(scope, given[0])
    known = binding(scope, source)
    if isinstance(known, Scatter):
        return known
    if not isinstance(known, Broken):
        hint = "declare it in the function, from the View that it contributes to"
        scope.refuse(cursor, "this ScatterView is not known here", hint)
    return None


def scatter_update(scope: Scope, cursor: Cursor) -> None:
    """``a(i) += e;`` and its relatives on an access."""
    operator = str(cursor.spelling)
    if operator == "update":
        target, given = member_base(cursor), arguments(cursor)
    else:
        target, *given = arguments(cursor)
    element = None if target is None else strip(target)
    if element is None or element.spelling != "operator()":
        scope.refuse(cursor, "this use of a ScatterView is not supported", "write a(i) += e")
        return
    access, *subscripts = [a for a in arguments(element) if is_written(a)]
    found = _scatter(scope, access)
    index = indices(scope, subscripts)
    if found is None or index is None:
        return
    assert isinstance(found.sums.type, View)
    type_ = found.sums.type.element
    step = operator in ("operator++", "operator--")
    value: Atom = constant(1, type_)
    if not step:
        value = convert(scope, scope.expression(scope, given[0], "", True), type_, "", cursor)
    if operator in ("operator-=", "operator--"):
        value = apply(scope, "neg", (value,), "", cursor)
    scope.stmts.append(Increment(found.sums, index, value, How.ATOMIC, location(cursor)))


def contribute(scope: Scope, cursor: Cursor) -> None:
    """``contribute(v, s);``: add the sums to the View."""
    *_, to, source = [a for a in arguments(cursor) if is_written(a)]
    view, found = view_of(scope, to), _scatter(scope, source)
    if view is None or found is None:
        return
    _add(scope, view, found, cursor)


def _add(scope: Scope, view: Memory, found: Scatter, cursor: Cursor) -> None:
    assert isinstance(found.sums.type, View)
    type_ = found.sums.type
    ranges = tuple(
        Range(scope.fresh.symbol("ijklmnop"[d], SIZE), Const(0, SIZE), extent(scope, view, d, cursor))
        for d in range(type_.rank)
    )
    if not ranges:
        ranges = (Range(scope.fresh.symbol("once", SIZE), Const(0, SIZE), Const(1, SIZE)),)
    index = tuple(r.index for r in ranges[: type_.rank])
    with scope.collect() as body:
        term = scope.fresh.symbol("term", type_.element)
        body.append(Let(term, Load(found.sums, index), location(cursor)))
        at = element_index(scope, view, index, cursor)
        body.append(Increment(view.symbol, at, term, How.PLAIN, location(cursor)))
    space = type_.execution_space
    scope.stmts.append(Launch("contribute", space, ranges, Block(tuple(body)), (), loc=location(cursor)))


def scatter_method(scope: Scope, cursor: Cursor) -> None:
    """``s.reset_except(v);`` or ``s.contribute_into(v);``"""
    base, method = member_base(cursor), str(cursor.spelling)
    if method == "reset":
        hint = "use reset_except(v) with the View that it was made from"
        scope.refuse(cursor, "reset also sets the View to zero where Kokkos updates it at once", hint)
        return
    if method not in ("reset_except", "contribute_into"):
        hint = "make a ScatterView for each use, from the View that it contributes to"
        scope.refuse(cursor, f"the member function ScatterView::{method} is not supported", hint)
        return
    found = None if base is None else _scatter(scope, base)
    if found is None:
        return
    if method == "contribute_into":
        view = view_of(scope, [a for a in arguments(cursor) if is_written(a)][-1])
        if view is not None:
            _add(scope, view, found, cursor)
        return
    assert isinstance(found.sums.type, View)
    scope.stmts.append(DeepCopy(found.sums, zero(found.sums.type.element), location(cursor)))
