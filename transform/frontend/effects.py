"""Side effects inside expressions: ``x(k++)``, ``while ((r = f(r)) > t)``.

C++ leaves the order of operands open; where nothing else in the expression names the variable, the order
does not matter. The operands of ``&&``, ``||``, ``?:`` and the comma are expressions of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from transform.frontend.clang import Cursor, Unary, expressions, unary_kind
from transform.frontend.mentions import mentioned
from transform.frontend.places import place
from transform.frontend.read_write import read
from transform.frontend.scope import Env, Scope, Value, Variable
from transform.ir.build import scalar as atom_type
from transform.ir.nodes import Atom, Block

_OLD_VALUE = (Unary.POST_INC, Unary.POST_DEC)
_HINT = "give it its own statement: what else the expression reads depends on the order of evaluation"


@contextmanager
def sequenced(scope: Scope, cursor: Cursor) -> Iterator[None]:
    """``cursor`` is evaluated as a whole before or after all that is around it."""
    outer, scope.region = scope.region, cursor
    try:
        yield
    finally:
        scope.region = outer


def modification(scope: Scope, cursor: Cursor, target: Cursor, what: str) -> Atom | None:
    """The value of ``++x``, ``x--``, ``x = e`` or ``x += e`` in an expression; ``None`` after a finding."""
    found = place(scope, target)
    if found is None:
        return None
    region = scope.region or cursor
    if not isinstance(found, Variable) or _named(scope, region, found) != _named(scope, cursor, found):
        scope.refuse(cursor, f"{what} inside an expression is not supported here", _HINT)
        return None
    old = read(scope, found, "", target) if unary_kind(cursor) in _OLD_VALUE else None
    with sequenced(scope, cursor):
        scope.body(scope, [cursor])
    return read(scope, found, "", target) if old is None else old


def _named(scope: Scope, code: Cursor, variable: Variable) -> int:
    return list(mentioned(scope, [code])).count(variable.key)


def comma(scope: Scope, cursor: Cursor, name: str) -> Atom:
    """``first, second``: both in order, the value of the second."""
    first, second = expressions(cursor)
    scope.body(scope, [first])
    with sequenced(scope, second):
        return scope.expression(scope, second, name, False)


Side = tuple[Block, Env, Atom]


def side(scope: Scope, operand: Cursor, value: Callable[[], Atom]) -> Side:
    """An operand that is evaluated on a condition: statements, variables afterwards, value."""
    values: list[Atom] = []
    with sequenced(scope, operand):
        block, env = scope.branch(lambda: values.append(value()))
    return block, env, values[0]


def has_effects(scope: Scope, *sides: Side) -> bool:
    return any(env[k] != binding for _, env, _ in sides for k, binding in scope.env.items())


def choose(scope: Scope, cond: Atom, then: Side, orelse: Side, name: str, cursor: Cursor) -> Atom:
    """The value of one of two sides that may change variables."""
    if not has_effects(scope, then, orelse):
        return scope.choose(cond, (then[0], then[2]), (orelse[0], orelse[2]), name, cursor)
    type_ = atom_type(then[2])
    result = scope.variable(name, type_)
    for _, env, value in (then, orelse):
        env[result.key] = Value(name or "chosen", type_, value)
    scope.join(cond, then[:2], orelse[:2], cursor)
    chosen = scope.env.pop(result.key)
    assert isinstance(chosen, Value) and chosen.atom is not None
    return chosen.atom
