"""Assignments, increments and atomic updates as statements."""

from __future__ import annotations

from transform.frontend import fence, kokkos
from transform.frontend.arith import apply, constant, convert
from transform.frontend.clang import (
    Binary,
    Cursor,
    CursorKind,
    Unary,
    arguments,
    binary_kind,
    evaluate,
    expressions,
    is_written,
    key,
    qualified,
    strip,
    unary_kind,
)
from transform.frontend.cpptypes import scalar
from transform.frontend.lower_expr import expression
from transform.frontend.places import is_view_access, place
from transform.frontend.read_write import increment, is_sum, place_type, read, write
from transform.frontend.scope import Alias, Element, Place, Scope, Sum, Value, Variable
from transform.ir.build import scalar as atom_type
from transform.ir.nodes import Atom, How
from transform.ir.types import View

_K = CursorKind
_COMPOUND = {
    Binary.MUL_ASSIGN: "mul",
    Binary.DIV_ASSIGN: "div",
    Binary.REM_ASSIGN: "mod",
    Binary.ADD_ASSIGN: "add",
    Binary.SUB_ASSIGN: "sub",
    Binary.SHL_ASSIGN: "shl",
    Binary.SHR_ASSIGN: "shr",
    Binary.AND_ASSIGN: "bitand",
    Binary.XOR_ASSIGN: "bitxor",
    Binary.OR_ASSIGN: "bitor",
}
_STEPS = {Unary.PRE_INC: 1, Unary.POST_INC: 1, Unary.PRE_DEC: -1, Unary.POST_DEC: -1}


def is_step(cursor: Cursor) -> bool:
    """Whether an expression is ``++x``, ``x++``, ``--x`` or ``x--``."""
    return cursor.kind == _K.UNARY_OPERATOR and unary_kind(cursor) in _STEPS


def assignment(scope: Scope, cursor: Cursor) -> None:
    """``place = expression;``"""
    left, right = expressions(cursor)
    added = _self_increment(scope, left, right)
    if added is not None:
        fn, operand = added
        value = expression(scope, operand)
        _update(scope, left, fn, value, cursor)
        return
    value = expression(scope, right, _name(left), True)
    target = place(scope, left)
    if target is not None:
        type_ = place_type(scope, target)
        write(scope, target, convert(scope, value, type_, _name(left), cursor), cursor)


def _name(left: Cursor) -> str:
    left = strip(left)
    return str(left.spelling) if left.kind == _K.DECL_REF_EXPR else ""


def _self_increment(scope: Scope, left: Cursor, right: Cursor) -> tuple[str, Cursor] | None:
    """``e`` of ``v(i) = v(i) + e``, ``e + v(i)`` or ``v(i) - e``, where both sides spell the same element, or
    the same accumulator of a reduction."""
    target, right = strip(left), strip(right)
    if target.kind == _K.DECL_REF_EXPR:
        binding = scope.env.get(key(target.referenced))
        summed = isinstance(binding, Alias) and is_sum(scope, binding.place)
        memory = summed or (isinstance(binding, Value) and binding.sum)
    else:
        memory = target.kind in (_K.CALL_EXPR, _K.ARRAY_SUBSCRIPT_EXPR)
    if not memory or right.kind != _K.BINARY_OPERATOR:
        return None
    operator = binary_kind(right)
    if operator not in (Binary.ADD, Binary.SUB) or scalar(right.type) != scalar(left.type):
        return None
    first, second = expressions(right)
    if _same(target, first):
        return ("add" if operator is Binary.ADD else "sub"), second
    if operator is Binary.ADD and _same(target, second):
        return "add", first
    return None


def _same(a: Cursor, b: Cursor) -> bool:
    """Whether two expressions without side effects are the same one written twice."""
    a, b = strip(a), strip(b)
    if a.kind != b.kind:
        return False
    if a.kind == _K.DECL_REF_EXPR:
        return key(a.referenced) == key(b.referenced)
    if a.kind == _K.INTEGER_LITERAL:
        return evaluate(a) == evaluate(b)
    if a.kind == _K.BINARY_OPERATOR and binary_kind(a) != binary_kind(b):
        return False
    if a.kind == _K.CALL_EXPR and not (is_view_access(a) and is_view_access(b)):
        return False
    if a.kind not in (_K.BINARY_OPERATOR, _K.CALL_EXPR, _K.ARRAY_SUBSCRIPT_EXPR):
        return False
    ours, theirs = expressions(a), expressions(b)
    return len(ours) == len(theirs) and all(_same(x, y) for x, y in zip(ours, theirs, strict=True))


def compound(scope: Scope, cursor: Cursor) -> None:
    """``place op= expression;``"""
    operator = binary_kind(cursor)
    left, right = expressions(cursor)
    fn = _COMPOUND.get(operator) if operator is not None else None
    if fn is None:
        scope.refuse(cursor, *fence.construct(cursor))
        return
    _update(scope, left, fn, expression(scope, right, "", True), cursor)


def step(scope: Scope, cursor: Cursor) -> None:
    """``++place;`` and the like."""
    operator = unary_kind(cursor)
    assert operator is not None
    operand = expressions(cursor)[0]
    type_ = scalar(operand.type)
    if type_ is None:
        scope.refuse(cursor, *fence.construct(cursor))
        return
    _update(scope, operand, "add", constant(_STEPS[operator], type_), cursor)


def _update(scope: Scope, left: Cursor, fn: str, value: Atom, cursor: Cursor) -> None:
    """``left = left fn value``, computed in the type of ``value``: clang converted it already."""
    target = place(scope, left)
    if target is None:
        return
    type_ = place_type(scope, target)
    exact = atom_type(value) == type_
    if fn in ("add", "sub") and (is_sum(scope, target) or (isinstance(target, Element) and exact)):
        amount = convert(scope, value, type_, "", cursor)
        if fn == "sub":
            amount = apply(scope, "neg", (amount,), "", cursor)
        increment(scope, target, amount, How.PLAIN, cursor)
        return
    if isinstance(target, Sum):
        write(scope, target, value, cursor)  # refused
        return
    name = _target_name(scope, target)
    old = read(scope, target, "", left)
    if fn in ("shl", "shr"):
        result = apply(scope, fn, (old, convert(scope, value, type_, "", cursor)), name, cursor)
    else:
        common = convert(scope, old, atom_type(value), "", cursor)
        result = apply(scope, fn, (common, value), name if exact else "", cursor)
    write(scope, target, convert(scope, result, type_, name, cursor), cursor)


def _target_name(scope: Scope, target: Place) -> str:
    if isinstance(target, Variable):
        binding = scope.env[target.key]
        assert isinstance(binding, Value)
        return binding.name
    return ""


def atomic_update(scope: Scope, cursor: Cursor) -> None:
    """``Kokkos::atomic_add(&v(i), e);`` and its relatives, their value unused."""
    sign = kokkos.ATOMIC_UPDATES[qualified(cursor.referenced)]
    given = [a for a in arguments(cursor) if is_written(a)]
    address = strip(given[0])
    if address.kind != _K.UNARY_OPERATOR or unary_kind(address) is not Unary.ADDRESS:
        scope.refuse(given[0], "this atomic update is not of a View element", "write &v(i)")
        return
    value = expression(scope, given[1], "", False) if len(given) > 1 else None
    target = place(scope, expressions(address)[0])
    if target is None:
        return
    if not isinstance(target, Element) or not isinstance(target.memory.type, View):
        scope.refuse(given[0], "this atomic update is not of a View element", "use += for local variables")
        return
    type_ = place_type(scope, target)
    amount = convert(scope, constant(1, type_) if value is None else value, type_, "", cursor)
    if sign < 0:
        amount = apply(scope, "neg", (amount,), "", cursor)
    increment(scope, target, amount, How.ATOMIC, cursor)
