"""Derivatives that the user gives: of a function, by a function of the user's.

A derivative is registered by its name, next to ``double f(double x, int n, double y)``::

    void kad_f_adjoint(double x, int n, double y, double f_b, double& x_b, double& y_b)
    double kad_f_tangent(double x, int n, double y, double x_d, double y_d)
    constexpr bool kad_f_inactive = true;

or under any name in a TOML file (``rules.py``). A call becomes ``attach(f(x, n, y), p * x + q * y)``: the
value of the function with the user's partials ``p`` and ``q``, the adjoint for a seed of 1 or the tangent
along each argument. The function itself may have no body, or one that the front end cannot read: it is then
called.
"""

from __future__ import annotations

from transform.frontend.arith import convert
from transform.frontend.clang import (
    Cursor,
    CursorKind,
    arguments,
    is_written,
    key,
    qualified,
)
from transform.frontend.cpptypes import is_mutable_reference, scalar
from transform.frontend.inline import stores_outward
from transform.frontend.rules import Rule
from transform.frontend.scope import Alias, Binding, Scope, Value, Variable, zero
from transform.ir.nodes import Atom, Block, Const
from transform.ir.types import Scalar

_K = CursorKind


def custom_call(scope: Scope, cursor: Cursor, callee: Cursor, rule: Rule, name: str) -> Atom | None:
    """A call of a function whose derivative the user gives; ``None`` for void or after a finding."""
    result = scalar(callee.result_type)
    parameters, given = arguments(callee), arguments(cursor)
    types = [scalar(p.type) for p in parameters]
    if result is None and rule.inactive:
        return None  # without an effect on values
    if result is None or len(given) != len(parameters) or not all(map(is_written, given)):
        scope.refuse(cursor, "this call of a function with a derivative of its own is not supported", _FORM)
        return None
    if any(t is None or is_mutable_reference(p.type) for t, p in zip(types, parameters, strict=True)):
        message = f"'{callee.spelling}' has a derivative of its own and takes more than numbers"
        scope.refuse(cursor, message, _FORM)
        return None
    atoms = tuple(
        convert(scope, scope.expression(scope, a, "", False), t, "", a)
        for a, t in zip(given, types, strict=True)
        if t is not None
    )
    value = _value(scope, cursor, callee, result, atoms, name)
    if not result.is_float:
        return value
    carrier: Atom | None = zero(result)
    if not (rule.inactive or scope.custom.fixed):
        carrier = _carrier(scope, cursor, callee, rule, result, atoms)
    return None if carrier is None else scope.apply("attach", (value, carrier), result, name, cursor)


_FORM = (
    "pass numbers by value and return one; of Views, read the elements outside of the function, "
    "or leave its derivative to be taken from its body"
)


def _value(
    scope: Scope, cursor: Cursor, callee: Cursor, result: Scalar, atoms: tuple[Atom, ...], name: str
) -> Atom:
    """The function's value: its body in place, or a call where there is none that can be read."""
    definition = callee.get_definition()
    if definition is not None and result.is_float:
        findings = len(scope.findings)
        before = scope.env
        names = map(key, arguments(definition))
        bindings: dict[int, Binding] = dict(zip(names, map(_variable, atoms), strict=True))
        with scope.collect() as stmts:
            found = _run(scope, cursor, definition, bindings, result)
        if found is not None and len(scope.findings) == findings:
            scope.stmts += stmts
            return found[1] if found[1] is not None else zero(result)
        del scope.findings[findings:]
        scope.env = before
    return scope.apply(f"call:{qualified(callee)}", atoms, result, name, cursor)


def _variable(atom: Atom) -> Value:
    assert isinstance(atom.type, Scalar)
    return Value(atom.name if not isinstance(atom, Const) else "argument", atom.type, atom)


def _run(
    scope: Scope, cursor: Cursor, definition: Cursor, bindings: dict[int, Binding], result: Scalar | None
) -> tuple[dict[int, Binding], Atom | None] | None:
    """Lower a function's body; its variables and its value at the end. ``None`` if it has side effects."""
    body = [c for c in definition.get_children() if c.kind == _K.COMPOUND_STMT]
    before, outer = scope.env, scope.inlining
    scope.inlining = (*outer, key(definition))
    place = -len(scope.inlining)
    scope.env = {**before, **bindings}
    if result is not None:
        scope.env[place] = Value(str(definition.spelling), result, zero(result))
    with scope.collect() as stmts, scope.function():
        scope.body(scope, body)
    after, scope.env, scope.inlining = scope.env, before, outer
    if stores_outward(Block(tuple(stmts)), None) or any(after[k] != v for k, v in before.items()):
        hint = "compute the derivative from the arguments only"
        scope.refuse(cursor, f"'{definition.spelling}' has side effects", hint)
        return None
    scope.stmts += stmts
    value = after.get(place)
    return after, value.atom if isinstance(value, Value) else None


def _carrier(
    scope: Scope, cursor: Cursor, callee: Cursor, rule: Rule, result: Scalar, atoms: tuple[Atom, ...]
) -> Atom | None:
    """The sum of the arguments times the user's partials, held fixed."""
    floating = [a for a in atoms if isinstance(a.type, Scalar) and a.type.is_float]
    scope.custom.fixed = True
    if rule.adjoint:
        partials = _from_adjoint(scope, cursor, callee, rule.adjoint, result, atoms, len(floating))
    else:
        partials = _from_tangent(scope, cursor, callee, rule.tangent, atoms, len(floating))
    scope.custom.fixed = False
    if partials is None:
        return None
    total: Atom = zero(result)
    for atom, partial in zip(floating, partials, strict=True):
        fixed = scope.apply("attach", (partial, zero(_type(partial))), _type(partial), "", cursor)
        factor = convert(scope, fixed, result, "", cursor)
        term = scope.apply("mul", (factor, convert(scope, atom, result, "", cursor)), result, "", cursor)
        total = scope.apply("add", (total, term), result, "", cursor)
    return total


def _type(atom: Atom) -> Scalar:
    assert isinstance(atom.type, Scalar)
    return atom.type


def _from_adjoint(
    scope: Scope,
    cursor: Cursor,
    callee: Cursor,
    name: str,
    result: Scalar,
    atoms: tuple[Atom, ...],
    count: int,
) -> list[Atom] | None:
    expected = [*map(_type, atoms), result, *(t for t in map(_type, atoms) if t.is_float)]
    definition = _matching(scope, cursor, callee, name, expected, "void", count)
    if definition is None:
        return None
    parameters = arguments(definition)
    bindings: dict[int, Binding] = {}
    for parameter, atom in zip(parameters, (*atoms, Const(1.0, result)), strict=False):
        bindings[key(parameter)] = _variable(atom)
    outputs = []
    for parameter, type_ in zip(parameters[len(atoms) + 1 :], expected[len(atoms) + 1 :], strict=True):
        place = scope.key()
        bindings[place] = Value(str(parameter.spelling) or "bar", type_, zero(type_))
        bindings[key(parameter)] = Alias(Variable(place))
        outputs.append(place)
    found = _run(scope, cursor, definition, bindings, None)
    if found is None:
        return None
    ends = [found[0][place] for place in outputs]
    return [e.atom for e in ends if isinstance(e, Value) and e.atom is not None]


def _from_tangent(
    scope: Scope, cursor: Cursor, callee: Cursor, name: str, atoms: tuple[Atom, ...], count: int
) -> list[Atom] | None:
    floats = [_type(a) for a in atoms if _type(a).is_float]
    result = scalar(callee.result_type)
    assert result is not None
    definition = _matching(scope, cursor, callee, name, [*map(_type, atoms), *floats], result.name, 0)
    if definition is None:
        return None
    partials: list[Atom] = []
    for chosen in range(count):
        along = [Const(float(k == chosen), t) for k, t in enumerate(floats)]
        names = map(key, arguments(definition))
        bindings: dict[int, Binding] = dict(zip(names, map(_variable, (*atoms, *along)), strict=True))
        found = _run(scope, cursor, definition, bindings, result)
        if found is None or found[1] is None:
            return None
        partials.append(found[1])
    return partials


def _matching(
    scope: Scope,
    cursor: Cursor,
    callee: Cursor,
    name: str,
    expected: list[Scalar],
    returns: str,
    references: int,
) -> Cursor | None:
    """The user's function of this name with the parameters that it must have."""
    for found in scope.custom.functions(name, callee):
        given = arguments(found)
        types = [scalar(p.type) for p in given]
        by_reference = [is_mutable_reference(p.type) for p in given]
        wanted = [k >= len(expected) - references for k in range(len(expected))]
        if types == expected and by_reference == wanted:
            return found
    listed = [f"{t.name}&" if k >= len(expected) - references else t.name for k, t in enumerate(expected)]
    signature = f"{returns} {name.rpartition('::')[2]}({', '.join(listed)})"
    message = f"the derivative '{name}' of '{callee.spelling}' has not the parameters that it must have"
    scope.refuse(cursor, message, f"define {signature}")
    return None
