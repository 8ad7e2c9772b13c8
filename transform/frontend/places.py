"""Lvalues: variables, elements of Views and arrays, accumulators; reading and writing them."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from transform.frontend import fence
from transform.frontend.arith import apply, constant
from transform.frontend.clang import (
    Cursor,
    CursorKind,
    Unary,
    arguments,
    evaluate,
    expressions,
    has_global_storage,
    is_written,
    key,
    location,
    strip,
    unary_kind,
)
from transform.frontend.cpptypes import array, is_view, scalar
from transform.frontend.host_access import host_increment, host_load, host_store
from transform.frontend.local_arrays import constant_array
from transform.frontend.scope import (
    Alias,
    Broken,
    Element,
    Memory,
    Place,
    Scope,
    Sum,
    Value,
    Variable,
)
from transform.frontend.shape import element_index, rank
from transform.frontend.views import named_memory, view_of
from transform.ir.build import scalar as atom_type
from transform.ir.nodes import Atom, Const, How, Increment, Load, Store, Symbol
from transform.ir.types import INT, Array, Scalar, View

_SUM_READ = (
    "the accumulator of a parallel_reduce is read",
    "only add to it (sum += ...): its value inside the kernel depends on the schedule",
)
_SUM_WRITTEN = ("the accumulator of a parallel_reduce is overwritten", "only add to it (sum += ...)")
# ---- memory ----


def memory(scope: Scope, cursor: Cursor) -> Symbol | None:
    """The View or whole array that an expression names; ``None`` after a finding."""
    cursor = strip(cursor)
    declaration = cursor.referenced if cursor.kind == CursorKind.DECL_REF_EXPR else None
    if (
        declaration is not None
        and key(declaration) not in scope.env
        and array(declaration.type) is not None
        and has_global_storage(declaration)
    ):
        return constant_array(scope, declaration, cursor)
    found = view_of(scope, cursor) if is_view(cursor.type) else named_memory(scope, cursor)
    if found is not None and found.mapping is not None:
        hint = "use the whole View here, or copy the part into a View of its own"
        scope.refuse(cursor, "a part of a View is not supported here", hint)
        return None
    return None if found is None else found.symbol


# ---- places ----


def place(scope: Scope, cursor: Cursor) -> Place | None:
    """What an lvalue denotes; ``None`` after a finding. Index expressions are evaluated here."""
    cursor = strip(cursor)
    kind = cursor.kind
    if kind == CursorKind.DECL_REF_EXPR:
        return _named(scope, cursor)
    if kind == CursorKind.CALL_EXPR and is_view_access(cursor):
        return _view_element(scope, cursor)
    if kind == CursorKind.ARRAY_SUBSCRIPT_EXPR:
        return _array_element(scope, cursor)
    if kind == CursorKind.UNARY_OPERATOR and unary_kind(cursor) is Unary.DEREF:
        return _pointee(scope, cursor)
    if kind == CursorKind.CALL_EXPR and cursor.referenced is not None:
        scope.refuse(cursor, *fence.function(cursor.referenced))
    elif kind == CursorKind.UNARY_OPERATOR or kind == CursorKind.BINARY_OPERATOR:
        scope.refuse(
            cursor, "an assignment inside an expression is not supported", "give it its own statement"
        )
    elif not (kind == CursorKind.MEMBER_REF_EXPR and is_broken(scope, cursor)):
        scope.refuse(cursor, *fence.construct(cursor))
    return None


def is_broken(scope: Scope, cursor: Cursor | None) -> bool:
    """Whether an expression is an object, or a member of one, that was refused where it is declared: it needs
    no finding of its own."""
    while cursor is not None:
        cursor = strip(cursor)
        if cursor.kind == CursorKind.DECL_REF_EXPR:
            return isinstance(scope.env.get(key(cursor.referenced)), Broken)
        base = expressions(cursor) if cursor.kind == CursorKind.MEMBER_REF_EXPR else []
        cursor = base[0] if base else None
    return False


def _named(scope: Scope, cursor: Cursor) -> Place | None:
    match scope.env.get(key(cursor.referenced)):
        case Value():
            return Variable(key(cursor.referenced))
        case Alias(place=target, pointer=False):
            return target
        case Broken():
            return None
        case _:
            scope.refuse(
                cursor,
                f"'{cursor.spelling}' is not a scalar variable of the function",
                "pass it as a parameter; global variables must be constants",
            )
            return None


def is_view_access(cursor: Cursor) -> bool:
    """Whether a call is ``v(i, ...)``, ``v[i]`` or ``v.access(i, ...)`` of a Kokkos View."""
    if cursor.spelling in ("operator()", "operator[]"):
        given = arguments(cursor)
        return bool(given) and is_view(strip(given[0]).type)  # Kokkos >= 4.6 converts to a base
    return cursor.spelling == "access" and (base := member_base(cursor)) is not None and is_view(base.type)


def member_base(call: Cursor) -> Cursor | None:
    """The object of a member-function call."""
    inner = expressions(call)
    if not inner or inner[0].kind != CursorKind.MEMBER_REF_EXPR:
        return None
    base = expressions(inner[0])
    return strip(base[0]) if base else None


def _view_element(scope: Scope, cursor: Cursor) -> Place | None:
    given = [a for a in arguments(cursor) if is_written(a)]
    base = given.pop(0) if cursor.spelling != "access" else member_base(cursor)
    assert base is not None
    view = view_of(scope, base)
    index = _indices(scope, given)
    if view is None or index is None:
        return None
    if len(index) != rank(view):
        message = f"a View of rank {rank(view)} is accessed with {len(index)} index(es)"
        scope.refuse(cursor, message, "give exactly one index per dimension")
        return None
    return Element(view.symbol, element_index(scope, view, index, cursor))


def _array_element(scope: Scope, cursor: Cursor) -> Place | None:
    subscripts: list[Cursor] = []
    base = cursor
    while base.kind == CursorKind.ARRAY_SUBSCRIPT_EXPR:
        operands = expressions(base)
        if len(operands) != 2 or scalar(operands[1].type) is None:
            scope.refuse(base, "this subscript is not supported", "write array[index]")
            return None
        subscripts.insert(0, operands[1])
        base = strip(operands[0])
    target = memory(scope, base)
    index = _indices(scope, subscripts)
    if target is None or index is None:
        return None
    if not isinstance(target.type, Array) or len(index) != len(target.type.extents):
        scope.refuse(cursor, "this is not an element of a local array", "index every dimension of the array")
        return None
    return Element(target, index)


def _pointee(scope: Scope, cursor: Cursor) -> Place | None:
    inner = strip(expressions(cursor)[0])
    if inner.kind == CursorKind.DECL_REF_EXPR:
        match scope.env.get(key(inner.referenced)):
            case Alias(place=target, pointer=True):
                return target
            case Memory(symbol=symbol) if isinstance(symbol.type, Array) and len(symbol.type.extents) == 1:
                return Element(symbol, (Const(0, INT),))
            case Broken():
                return None
            case _:
                pass
    scope.refuse(cursor, "dereferencing this pointer is not supported", "use a reference or array[index]")
    return None


def _indices(scope: Scope, cursors: list[Cursor]) -> tuple[Atom, ...] | None:
    index: list[Atom] = []
    for cursor in cursors:
        atom = scope.expression(scope, cursor, "", False)
        if not atom_type(atom).is_integer:
            scope.refuse(cursor, "an index must be an integer", "convert it explicitly")
            return None
        index.append(atom)
    return tuple(index)


# ---- reading and writing ----


def read(scope: Scope, source: Place, name: str, cursor: Cursor) -> Atom:
    """The value at a place."""
    match source:
        case Variable(key=variable):
            binding = scope.env[variable]
            assert isinstance(binding, Value)
            if binding.sum:
                scope.refuse(cursor, *_SUM_READ)
                return scope.dummy(cursor)
            if binding.atom is None:
                scope.refuse(
                    cursor,
                    f"'{binding.name}' may be used uninitialised",
                    "initialise it where it is declared",
                )
                return scope.dummy(cursor)
            return binding.atom
        case Element(memory=symbol, index=index):
            if _on_host(scope, symbol):
                return host_load(scope, Element(symbol, index), name, cursor)
            return scope.let(Load(symbol, index), _element(symbol), name, cursor)
        case Sum():
            scope.refuse(cursor, *_SUM_READ)
            return scope.dummy(cursor)
        case _:
            assert_never(source)


def write(scope: Scope, target: Place, value: Atom, cursor: Cursor) -> None:
    """Assign ``value``, which already has the place's type."""
    match target:
        case Variable(key=variable):
            binding = scope.env[variable]
            assert isinstance(binding, Value)
            if binding.fixed:
                scope.refuse(cursor, f"'{binding.name}' is modified here", binding.fixed)
                return
            if binding.sum:
                scope.refuse(cursor, *_SUM_WRITTEN)
                return
            scope.env[variable] = replace(binding, atom=value)
        case Element(memory=symbol, index=index):
            if _on_host(scope, symbol):
                host_store(scope, target, value, cursor)
            else:
                scope.stmts.append(Store(symbol, index, value, location(cursor)))
        case Sum():
            scope.refuse(cursor, *_SUM_WRITTEN)
        case _:
            assert_never(target)


def is_sum(scope: Scope, target: Place) -> bool:
    """Whether a place is the accumulator of a reduction, which is only added to."""
    binding = scope.env[target.key] if isinstance(target, Variable) else None
    return isinstance(target, Sum) or (isinstance(binding, Value) and binding.sum)


def increment(scope: Scope, target: Place, value: Atom, how: How, cursor: Cursor) -> None:
    """``target += value``; ``value`` already has the place's type."""
    match target:
        case Variable(key=variable):
            binding = scope.env[variable]
            assert isinstance(binding, Value) and binding.atom is not None
            total = apply(scope, "add", (binding.atom, value), binding.name, cursor)
            scope.env[variable] = replace(binding, atom=total)
        case Sum(accumulator=accumulator):
            scope.stmts.append(Increment(accumulator, (), value, How.REDUCE, location(cursor)))
        case Element(memory=symbol, index=index):
            if _on_host(scope, symbol):
                host_increment(scope, target, value, how, cursor)
            else:
                scope.stmts.append(Increment(symbol, index, value, how, location(cursor)))
        case _:
            assert_never(target)


def place_type(scope: Scope, target: Place) -> Scalar:
    match target:
        case Variable(key=variable):
            binding = scope.env[variable]
            assert isinstance(binding, Value)
            return binding.type
        case Element(memory=symbol):
            return _element(symbol)
        case Sum(accumulator=accumulator):
            type_ = accumulator.type
            assert not isinstance(type_, Scalar) and hasattr(type_, "element")
            element = type_.element
            assert isinstance(element, Scalar)
            return element
        case _:
            assert_never(target)


def _element(symbol: Symbol) -> Scalar:
    assert isinstance(symbol.type, View | Array)
    return symbol.type.element


def _on_host(scope: Scope, symbol: Symbol) -> bool:
    return isinstance(symbol.type, View) and not scope.in_kernel


def constant_value(declaration: Cursor) -> Const | None:
    """The value of a ``constexpr`` or ``const`` variable or an enumerator known at compile time."""
    type_ = scalar(declaration.type)
    if type_ is None:
        return None
    if declaration.kind == CursorKind.ENUM_CONSTANT_DECL:
        return constant(int(declaration.enum_value), type_)
    if declaration.kind != CursorKind.VAR_DECL or not declaration.type.get_canonical().is_const_qualified():
        return None
    value = evaluate(declaration)
    return None if value is None else constant(value, type_)
