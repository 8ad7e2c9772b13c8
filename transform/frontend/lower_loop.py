"""Counted loops.

SSA: every scalar that the body mentions is first carried; those that turn out unchanged are substituted by
their value before the loop.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from transform.frontend.arith import apply, constant, convert
from transform.frontend.clang import (
    Binary,
    Cursor,
    CursorKind,
    Unary,
    binary_kind,
    children,
    expressions,
    initializer,
    key,
    location,
    strip,
    unary_kind,
    walk,
)
from transform.frontend.cpptypes import is_reference, is_signed, scalar
from transform.frontend.identity import LoopViews
from transform.frontend.mentions import mentioned
from transform.frontend.scope import Env, Handle, Scope, Value, zero
from transform.ir.build import scalar as atom_type
from transform.ir.nodes import Atom, Block, Carried, Const, For, Let, Load, Stmt, Symbol
from transform.ir.types import Scalar
from transform.ir.walk import substitute, uses, written
from transform.ir.walk import walk as walk_ir

_K = CursorKind
_HINT = "write for (int i = begin; i < end; ++i) with bounds that the body does not change"
_UP, _DOWN = (Binary.LT, Binary.LE, Binary.NE), (Binary.GT, Binary.GE, Binary.NE)
_MIRRORED = {
    Binary.LT: Binary.GT,
    Binary.LE: Binary.GE,
    Binary.GT: Binary.LT,
    Binary.GE: Binary.LE,
    Binary.NE: Binary.NE,
}
_INDEX_FIXED = "the trip count must be known before the loop: do not assign the index"


@dataclass(frozen=True)
class _Header:
    """``for (index = start; index relation bound; index += step)``."""

    declared: Cursor
    type: Scalar
    start: Cursor
    relation: Binary
    bound: Cursor
    step: int


def loop(scope: Scope, cursor: Cursor) -> None:
    """Lower a for statement; anything but a counted loop is refused."""
    parts = children(cursor)
    header = _header(scope, cursor, parts)
    if header is None:
        return
    name = str(header.declared.spelling)
    start = convert(scope, scope.expression(scope, header.start, "", False), header.type, "", header.start)
    with scope.collect() as bound_stmts:
        bound = scope.expression(scope, header.bound, "", False)
    scope.stmts += bound_stmts
    limits = _limits(scope, header, start, bound, cursor)
    if limits is None:
        return
    index = scope.fresh.symbol(name, header.type)
    body = parts[3]
    before, carried_inner = dict(scope.env), open_scalars(scope)
    scope.env[key(header.declared)] = Value(name, header.type, index, _INDEX_FIXED)
    scope.loop_depth += 1
    views = LoopViews(before)
    block, after = views.lower(scope, lambda: scope.body(scope, [body]), before, carried_inner, cursor)
    scope.loop_depth -= 1
    scope.env = before
    outline = For(index, *limits, abs(header.step), header.step < 0, (), block, location(cursor))
    changed = close_loop(scope, cursor, outline, after, carried_inner)
    views.leave(scope, cursor)
    _check_invariance(scope, header, bound_stmts, block, changed)
    if key(header.declared) in scope.env:  # an outer variable as index: its final value is not tracked
        scope.env[key(header.declared)] = Value(name, header.type, None)


# ---- header ----


def _header(scope: Scope, cursor: Cursor, parts: list[Cursor]) -> _Header | None:
    if len(parts) != 4:
        scope.refuse(cursor, "a loop without start, condition or step is not supported", _HINT)
        return None
    start = _start(scope, parts[0])
    if start is None:
        return None
    declared, init = start
    type_ = scalar(declared.type)
    if type_ is None or not type_.is_integer or is_reference(declared.type):
        scope.refuse(parts[0], "a loop index must be an integer", _HINT)
        return None
    condition = _condition(declared, strip(parts[1]))
    if condition is None:
        scope.refuse(parts[1], "this loop condition is not supported", _HINT)
        return None
    step = _step(scope, declared, strip(parts[2]))
    if step is None:
        scope.refuse(parts[2], "this loop step is not supported", "step by a constant: ++i, --i, i += 2")
        return None
    relation, bound = condition
    if relation not in (_UP if step > 0 else _DOWN) or (relation is Binary.NE and abs(step) != 1):
        scope.refuse(parts[1], "the condition does not fit the direction of the step", _HINT)
        return None
    return _Header(declared, type_, init, relation, bound, step)


def _start(scope: Scope, cursor: Cursor) -> tuple[Cursor, Cursor] | None:
    """The index's declaration and its first value."""
    if cursor.kind == _K.DECL_STMT:
        declared = children(cursor)
        init = initializer(declared[0]) if len(declared) == 1 and declared[0].kind == _K.VAR_DECL else None
        if init is not None:
            return declared[0], init
    elif cursor.kind == _K.BINARY_OPERATOR and binary_kind(cursor) is Binary.ASSIGN:
        left, right = expressions(cursor)
        if left.kind == _K.DECL_REF_EXPR and isinstance(scope.env.get(key(left.referenced)), Value):
            return left.referenced, right
    scope.refuse(cursor, "this loop start is not supported", _HINT)
    return None


def _is_index(cursor: Cursor, declared: Cursor) -> bool:
    cursor = strip(cursor)
    return cursor.kind == _K.DECL_REF_EXPR and key(cursor.referenced) == key(declared)


def _condition(declared: Cursor, cursor: Cursor) -> tuple[Binary, Cursor] | None:
    if cursor.kind != _K.BINARY_OPERATOR:
        return None
    relation, (left, right) = binary_kind(cursor), expressions(cursor)
    if relation not in _MIRRORED:
        return None
    if _is_index(left, declared) and not _mentions(right, declared):
        return relation, right
    if _is_index(right, declared) and not _mentions(left, declared):
        return _MIRRORED[relation], left
    return None


def _mentions(cursor: Cursor, declared: Cursor) -> bool:
    return any(c.kind == _K.DECL_REF_EXPR and key(c.referenced) == key(declared) for c in walk(cursor))


def _step(scope: Scope, declared: Cursor, cursor: Cursor) -> int | None:
    """The constant signed step."""
    sign, amount = 0, None
    if cursor.kind == _K.UNARY_OPERATOR:
        steps = {Unary.PRE_INC: 1, Unary.POST_INC: 1, Unary.PRE_DEC: -1, Unary.POST_DEC: -1}
        operator = unary_kind(cursor)
        if operator in steps and _is_index(expressions(cursor)[0], declared):
            return steps[operator]
        return None
    if cursor.kind == _K.COMPOUND_ASSIGNMENT_OPERATOR:
        left, amount = expressions(cursor)
        sign = _direction(binary_kind(cursor))
        if not _is_index(left, declared):
            return None
    elif cursor.kind == _K.BINARY_OPERATOR and binary_kind(cursor) is Binary.ASSIGN:
        left, right = expressions(cursor)
        right = strip(right)
        sign = _direction(binary_kind(right)) if right.kind == _K.BINARY_OPERATOR else 0
        if not sign or not _is_index(left, declared):
            return None
        first, amount = expressions(right)
        if not _is_index(first, declared):
            return None
    if not sign or amount is None or scalar(amount.type) is None or _mentions(amount, declared):
        return None
    with scope.collect():
        value = scope.expression(scope, amount, "", False)
    if not isinstance(value, Const) or not atom_type(value).is_integer or value.value == 0:
        return None
    return sign * int(value.value)


def _direction(operator: Binary | None) -> int:
    if operator in (Binary.ADD, Binary.ADD_ASSIGN):
        return 1
    return -1 if operator in (Binary.SUB, Binary.SUB_ASSIGN) else 0


# ---- bounds ----


def _limits(
    scope: Scope, header: _Header, start: Atom, bound: Atom, cursor: Cursor
) -> tuple[Atom, Atom] | None:
    """``lo`` and ``hi`` such that the loop's values are ``lo, lo + |step|, ... < hi``."""
    type_ = header.type
    compared = atom_type(bound)
    if not compared.is_integer:
        scope.refuse(header.bound, "a loop bound must be an integer", "convert it to an integer first")
        return None
    mixed = is_signed(type_) != is_signed(compared)
    limit = convert(scope, bound, type_, "", header.bound)
    one = constant(1, type_)
    if header.step > 0:
        hi = limit
        if header.relation is Binary.LE:
            hi = apply(scope, "add", (limit, one), "", cursor)
        if mixed and header.relation is not Binary.NE:
            # C++ compares a negative start as a huge unsigned number, a negative bound as below any unsigned
            # index: no iteration in either case.
            decisive = start if is_signed(type_) else bound
            if not (isinstance(decisive, Const) and decisive.value >= 0) and is_signed(atom_type(decisive)):
                negative = apply(scope, "lt", (decisive, zero(atom_type(decisive))), "", cursor)
                hi = apply(scope, "select", (negative, start, hi), "", cursor)
        return start, hi
    if (
        not is_signed(type_)
        and header.relation is Binary.GE
        and isinstance(bound, Const)
        and bound.value == 0
    ):
        hint = "count up, or use a signed index"
        scope.refuse(header.bound, "an unsigned index is always >= 0: the loop never ends", hint)
        return None
    if mixed:
        hint = "compare with a bound of the index's own type"
        scope.refuse(header.bound, "a loop that counts down compares signed with unsigned", hint)
        return None
    lo = limit if header.relation is Binary.GE else apply(scope, "add", (limit, one), "", cursor)
    hi = apply(scope, "add", (start, one), "", cursor)
    if header.step < -1:
        lo = _aligned(scope, lo, start, -header.step, cursor)
    return lo, hi


def _aligned(scope: Scope, lo: Atom, start: Atom, step: int, cursor: Cursor) -> Atom:
    """The last value of a loop that counts down from ``start`` to ``lo`` by ``step``."""
    distance = apply(scope, "sub", (start, lo), "", cursor)
    remainder = apply(scope, "mod", (distance, constant(step, atom_type(lo))), "", cursor)
    last = apply(scope, "add", (lo, remainder), "", cursor)
    empty = apply(scope, "lt", (start, lo), "", cursor)
    return apply(scope, "select", (empty, lo, last), "", cursor)


# ---- carried scalars ----


def open_scalars(scope: Scope) -> dict[int, Symbol]:
    """Give every initialised scalar a symbol for its value per iteration: the body may change it, be it
    through a member function or a reference. What does not change is substituted in the end."""
    inner: dict[int, Symbol] = {}
    for name, binding in list(scope.env.items()):
        if isinstance(binding, Value) and binding.atom is not None and not binding.fixed:
            inner[name] = scope.fresh.symbol(binding.name, binding.type)
            scope.env[name] = replace(binding, atom=inner[name])
    return inner


def close_loop(
    scope: Scope, cursor: Cursor, outline: For, after: Env, inner: dict[int, Symbol]
) -> dict[int, Symbol | None]:
    """Append ``outline`` with what it carries.

    Returns the scalars that the loop changes: by key, the symbol for the value at the start of an iteration
    (``None`` for one that is uninitialised before the loop).
    """
    block = outline.body
    unchanged: dict[Symbol, Atom] = {}
    results: list[tuple[int, Value, Symbol, Atom]] = []
    changed: dict[int, Symbol | None] = {}
    for name, binding in list(scope.env.items()):
        if isinstance(binding, Handle) and after[name] != binding:
            hint = "swap the Views in a for loop with a fixed number of steps"
            scope.refuse(cursor, "this loop leaves its Views under other names", hint)
        if not isinstance(binding, Value):
            continue
        end = after[name]
        assert isinstance(end, Value)
        if name not in inner:
            if end.atom is not None and binding.atom is None:
                changed[name] = None  # assigned in the loop only: still uninitialised if it does not run
            continue
        assert binding.atom is not None
        if end.atom == inner[name]:
            unchanged[inner[name]] = binding.atom
        else:
            changed[name] = inner[name]
            if end.atom is None:  # the index of an inner loop: its value at the next iteration is not tracked
                scope.env[name] = replace(binding, atom=None)
                if any(inner[name] in uses(s) for s in walk_ir(block)):
                    hint = "declare the index of the inner loop in its for statement"
                    scope.refuse(cursor, f"'{binding.name}' may be used uninitialised in this loop", hint)
            else:
                results.append((name, binding, inner[name], end.atom))
    carried: list[Carried] = []
    for name, binding, symbol, end_atom in results:
        assert binding.atom is not None
        result = scope.fresh.symbol(binding.name, binding.type)
        next_atom = unchanged.get(end_atom, end_atom) if isinstance(end_atom, Symbol) else end_atom
        carried.append(Carried(symbol, binding.atom, next_atom, result))
        scope.env[name] = replace(binding, atom=result)
    scope.stmts.append(replace(outline, carried=tuple(carried), body=substitute(block, unchanged)))
    return changed


def _check_invariance(
    scope: Scope, header: _Header, bound_stmts: list[Stmt], block: Block, changed: Collection[int]
) -> None:
    """The bound is evaluated once: refuse a body that changes what it reads."""
    names = set(mentioned(scope, [header.bound]))
    loads = {s.op.memory for s in bound_stmts if isinstance(s, Let) and isinstance(s.op, Load)}
    if names & set(changed) or loads & written(block):
        scope.refuse(header.bound, "the loop bound changes inside the loop", "compute it before the loop")
