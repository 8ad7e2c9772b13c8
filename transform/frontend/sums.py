"""Classes of the user's that Kokkos sums: proved from their ``operator+=`` and their default constructor."""

from __future__ import annotations

from transform.frontend.clang import (
    ClangType,
    Cursor,
    CursorKind,
    arguments,
    children,
    key,
    source_text,
    template_of,
    walk,
)
from transform.frontend.classes import Record, shape
from transform.frontend.cpptypes import plain_spelling, unreferenced
from transform.frontend.inline import inlined_place
from transform.frontend.objects import allocate, binding_of
from transform.frontend.scope import Broken, Group, Lvalue, Object, Scope, Value, Variable
from transform.ir.nodes import Apply, Atom, Const, Let, Stmt, Symbol
from transform.ir.types import Scalar

_K = CursorKind


def adds_members(scope: Scope, type_: ClangType, cursor: Cursor, wrapped: bool) -> bool | None:
    """Whether ``a += b`` of a class adds number by number, and a new object is zero: Kokkos' sum of such
    objects is then the sum of each of their numbers. ``wrapped``: the sum starts with what the class'
    ``reduction_identity`` says. ``None`` if that is known only after another round."""
    record, name = shape(type_), plain_spelling(unreferenced(type_)).replace("(anonymous namespace)::", "")
    if not isinstance(record, Record) or not all(isinstance(f.shape, Scalar) for f in record.all_fields):
        return False
    start = f"{name} c = Kokkos::reduction_identity<{name}>::sum()" if wrapped else f"{name} c"
    text = f"inline void {{name}}({name}& a, const {name}& b) {{ a += b; {start}; }}"
    made = scope.instances.declared(text, cursor)
    if made is None:
        return None
    if not _overloads_agree(unreferenced(type_)):
        return False
    body = [s for c in children(made) if c.kind == _K.COMPOUND_STMT for s in children(c)]
    findings, env = list(scope.findings), scope.env
    scope.env = dict(env)
    try:
        with scope.collect() as stmts:
            a, b = (_unknown(scope, record, p) for p in arguments(made))
            with scope.function():
                scope.body(scope, body[:1])
                new = _started(scope, body[1]) if wrapped else _new(scope, body[1])
            return (
                len(scope.findings) == len(findings)
                and new is not None
                and all(_is_zero(v) for v in _values(scope, new))
                and all(
                    _is_sum(stmts, now, x, y)
                    for now, x, y in zip(_values(scope, a[0]), a[1], b[1], strict=True)
                )
            )
    finally:
        scope.findings[:], scope.env = findings, env


def _new(scope: Scope, declaration: Cursor) -> Lvalue | None:
    """``T c;``"""
    scope.body(scope, [declaration])
    made = scope.env.get(key(children(declaration)[0]))
    return made.place if isinstance(made, Object) else None


def _started(scope: Scope, declaration: Cursor) -> Lvalue | None:
    """``T c = Kokkos::reduction_identity<T>::sum();``"""
    calls = (c for c in walk(declaration) if c.kind == _K.CALL_EXPR and c.spelling == "sum")
    call = next(calls, None)
    callee = call.referenced if call is not None else None
    if call is None or callee is None or callee.get_definition() is None:
        return None
    return inlined_place(scope, call, callee, "", True)


def _unknown(scope: Scope, record: Record, parameter: Cursor) -> tuple[Lvalue, list[Symbol]]:
    """An object for a parameter, and what its numbers are."""
    place = allocate(scope, str(parameter.spelling), record, parameter)
    symbols = []
    for variable in _variables(place):
        known = scope.env[variable.key]
        assert isinstance(known, Value)
        symbols.append(scope.fresh.symbol(known.name, known.type))
        scope.env[variable.key] = Value(known.name, known.type, symbols[-1])
    scope.env[key(parameter)] = binding_of(place) or Broken()
    return place, symbols


def _variables(place: Lvalue) -> list[Variable]:
    members = place.members if isinstance(place, Group) else ()
    return [m.place for m in members if isinstance(m.place, Variable)]


def _values(scope: Scope, place: Lvalue) -> list[Atom | None]:
    found = [scope.env[v.key] for v in _variables(place)]
    return [b.atom if isinstance(b, Value) else None for b in found]


def _is_zero(value: Atom | None) -> bool:
    return isinstance(value, Const) and value.value == 0


def _is_sum(stmts: list[Stmt], value: Atom | None, x: Symbol, y: Symbol) -> bool:
    made = [s.op for s in stmts if isinstance(s, Let) and s.target == value]
    return made in ([Apply("add", (x, y))], [Apply("add", (y, x))])


def _overloads_agree(class_: ClangType) -> bool:
    """Whether all ``operator+=`` do the same: old versions of Kokkos call one of volatile objects."""
    definition = class_.get_declaration()
    definition = definition.get_definition() or definition
    members = children(definition) or children(template_of(definition) or definition)
    bodies = [
        "".join(source_text(c).replace("return *this;", "").split())
        for m in members
        if m.spelling == "operator+="
        for c in children(m)
        if c.kind == _K.COMPOUND_STMT
    ]
    return len(set(bodies)) <= 1
