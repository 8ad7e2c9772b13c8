"""Lambdas as values: what they capture, and where a call finds them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

from transform.frontend.clang import (
    Cursor,
    CursorKind,
    TypeKind,
    arguments,
    children,
    initializer,
    key,
    location,
    qualified,
    source_text,
    strip,
    walk,
)
from transform.frontend.cpptypes import is_view, scalar, unreferenced
from transform.frontend.objects import binding_of, duplicate
from transform.frontend.places import memory
from transform.frontend.read_write import place_type, read
from transform.frontend.scope import (
    THIS,
    Alias,
    Binding,
    Broken,
    Closure,
    Memory,
    Object,
    Scope,
    Sum,
    Value,
)
from transform.ir.nodes import Const, Declare, Load, Store
from transform.ir.types import INT, Array

_K = CursorKind
_FORWARDING = ("std::move", "std::forward")
_BY_COPY = ("KOKKOS_LAMBDA", "KOKKOS_CLASS_LAMBDA")
_FIXED = "it is captured by copy: capture it by reference, or return the value"


def closure(scope: Scope, cursor: Cursor, immediate: bool = False) -> Closure:
    """The function object that a lambda expression makes here: captures by copy keep their present values.

    ``immediate``: it is called before a captured variable can change, so nothing needs to be kept.
    """
    copied: dict[int, Binding] = {}
    for name in () if immediate else _copied(scope, cursor):
        copied[name] = _copy(scope, scope.env[name], cursor)
    this = scope.env.get(THIS)
    if this is not None:  # it may be called where another object is `this`
        copied[THIS] = _copy(scope, this, cursor) if not immediate and _copies_this(cursor) else this
    for captured in _init_captures(cursor):
        binding = _init_capture(scope, cursor, captured)
        if binding is None:
            scope.refuse(captured, "this lambda capture is not supported", "capture a variable by its name")
        copied[key(captured)] = binding or Broken()
    return Closure(cursor, tuple(copied.items()))


def find(scope: Scope, cursor: Cursor) -> Closure | None:
    """The lambda that an expression denotes: a lambda expression, a name of one, or a copy of it."""
    cursor = strip(cursor)
    if cursor.kind == _K.LAMBDA_EXPR:
        return closure(scope, cursor)
    if cursor.kind == _K.DECL_REF_EXPR:
        known = scope.env.get(key(cursor.referenced))
        return known if isinstance(known, Closure) else None
    callee = cursor.referenced if cursor.kind == _K.CALL_EXPR else None
    if callee is not None and (callee.kind == _K.CONSTRUCTOR or qualified(callee) in _FORWARDING):
        given = arguments(cursor)
        return find(scope, given[0]) if len(given) == 1 else None
    return None


def function(scope: Scope, cursor: Cursor) -> Cursor | None:
    """The function that a name, its address, or a pointer that was bound to one denotes."""
    cursor = strip(cursor)
    while cursor.kind in (_K.UNARY_OPERATOR, _K.DECL_REF_EXPR, _K.UNEXPOSED_EXPR):
        declared = cursor.referenced
        if declared is not None and declared.kind == _K.FUNCTION_DECL:
            return declared
        if declared is not None:
            known = scope.env.get(key(declared))
            return known.cursor if isinstance(known, Closure) and is_function(known.cursor) else None
        inner = [c for c in children(cursor) if c.kind.is_expression()]
        if len(inner) != 1:  # a template argument is shown as a name without declaration
            return None
        cursor = strip(inner[0])
    return None


def function_binding(scope: Scope, cursor: Cursor) -> Binding | None:
    """What a function pointer stands for that ``cursor`` initialises; ``None`` after a finding."""
    found = function(scope, cursor)
    if found is None:
        scope.refuse(cursor, "the function that this points to is not known here", "name the function")
        return None
    return Closure(found, ())


def is_function(cursor: Cursor) -> bool:
    return bool(cursor.kind == _K.FUNCTION_DECL)


def is_function_pointer(cursor: Cursor) -> bool:
    """Whether an expression or a declaration has the type of a pointer or reference to a function."""
    type_ = unreferenced(cursor.type)
    pointee = type_.get_pointee().get_canonical() if type_.kind == TypeKind.POINTER else type_
    return bool(pointee.kind == TypeKind.FUNCTIONPROTO)


def is_lambda(cursor: Cursor) -> bool:
    """Whether an expression or a declaration has the type of a lambda."""
    return "(lambda at " in str(cursor.type.get_canonical().spelling)


def captures_by_reference(cursor: Cursor) -> bool:
    """Whether a lambda expression captures anything by reference."""
    return any(item.startswith("&") for item in _introducer(cursor) or ())


def _introducer(cursor: Cursor) -> list[str] | None:
    """The captures as written; ``None`` if they come from a macro unknown here."""
    text = source_text(cursor)
    if text.startswith(_BY_COPY):
        return ["="]
    if not text.startswith("["):
        return None
    items, depth, item = [], 0, ""
    for character in text[1:]:
        if character == "]" and depth == 0:
            break
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            items.append(item.strip())
            item = ""
        else:
            item += character
    return [*items, item.strip()] if item.strip() else items


def _copied(scope: Scope, cursor: Cursor) -> Iterator[int]:
    """The variables that the body uses and the lambda captures by copy."""
    items = _introducer(cursor)
    if items is None:  # libclang shows what is captured by copy as operands before the parameters
        shown = [x for c in children(cursor) if c.kind.is_expression() for x in walk(c)]
        names = {key(x.referenced) for x in shown if x.kind == _K.DECL_REF_EXPR}
        yield from (name for name in names if name in scope.env)
        return
    default = "=" in items
    explicit = {re.sub(r"\s", "", i) for i in items}
    for body in (c for c in children(cursor) if c.kind == _K.COMPOUND_STMT):
        used = [x for x in walk(body) if x.kind == _K.DECL_REF_EXPR and x.referenced is not None]
        for name, spelling in dict.fromkeys((key(x.referenced), str(x.spelling)) for x in used):
            by_copy = spelling in explicit or (default and f"&{spelling}" not in explicit)
            if by_copy and name in scope.env:
                yield name


def _copies_this(cursor: Cursor) -> bool:
    """Whether a lambda captures the object itself, not a pointer to it."""
    return source_text(cursor).startswith("KOKKOS_CLASS_LAMBDA") or "*this" in (_introducer(cursor) or ())


def _init_captures(cursor: Cursor) -> Iterator[Cursor]:
    """The variables that captures such as ``[y = 2 * a]`` declare."""
    start, end = cursor.extent.start.offset, cursor.extent.end.offset
    for reference in (c for c in children(cursor) if c.kind == _K.VARIABLE_REF):
        declared = reference.referenced
        if declared.kind == _K.VAR_DECL and start <= declared.location.offset < end:
            yield declared


def _init_capture(scope: Scope, cursor: Cursor, captured: Cursor) -> Binding | None:
    name, type_, init = str(captured.spelling), scalar(captured.type), initializer(captured)
    if init is None or _is_reference_capture(cursor, captured):
        return None
    if is_view(captured.type):
        source = strip(init)
        while source.kind == _K.CALL_EXPR and len(given := arguments(source)) == 1:
            source = strip(given[0])
        view = memory(scope, source)
        return Broken() if view is None else Memory(view)
    if type_ is None:
        return None
    return Value(name, type_, scope.expression(scope, init, name, False), _FIXED)


def _is_reference_capture(cursor: Cursor, captured: Cursor) -> bool:
    name = re.escape(str(captured.spelling))
    return any(re.match(rf"&\s*{name}\b", item) for item in _introducer(cursor) or ("&" + name,))


def _copy(scope: Scope, binding: Binding, cursor: Cursor) -> Binding:
    """What a capture by copy stands for in the lambda's body."""
    match binding:
        case Value(name=name, type=type_, atom=atom):
            return Value(name, type_, atom, _FIXED)
        case Alias(place=place, pointer=False) if not isinstance(place, Sum):
            return Value("captured", place_type(scope, place), read(scope, place, "", cursor), _FIXED)
        case Memory(symbol=symbol, mapping=None) if isinstance(symbol.type, Array):
            copy = scope.fresh.symbol(symbol.name, symbol.type)
            scope.stmts.append(Declare(copy, False, location(cursor)))
            for index in product(*(range(n) for n in symbol.type.extents)):
                atoms = tuple(Const(i, INT) for i in index)
                element = scope.let(Load(symbol, atoms), symbol.type.element, "", cursor)
                scope.stmts.append(Store(copy, atoms, element, location(cursor)))
            return Memory(copy)
        case Object(place=found, pointer=False):
            return binding_of(duplicate(scope, found, cursor)) or binding
        case _:
            return binding
