"""``for``, ``while`` and ``do``: counted loops where the trip count is known before, else loops with exits.

``while (c) body`` is ``if (c) do body while (c)``: a loop without bound that is left when ``c`` is false
after an iteration. ``break``, and ``return`` from inside, are such exits too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from transform.frontend.arith import apply, constant, convert
from transform.frontend.carried import close_loop, modified, open_scalars, repeat
from transform.frontend.clang import (
    Binary,
    Cursor,
    CursorKind,
    Unary,
    binary_kind,
    children,
    expressions,
    key,
    location,
    source_text,
    strip,
    unary_kind,
    walk,
)
from transform.frontend.cpptypes import is_reference, is_signed, scalar
from transform.frontend.jumps import may_jump
from transform.frontend.mentions import mentioned
from transform.frontend.scope import Alias, Jump, Left, Scope, Value, zero
from transform.ir.build import scalar as atom_type
from transform.ir.nodes import UNBOUNDED, Atom, Block, Const, For, Let, Load, Stmt
from transform.ir.types import BOOL, LONG, Scalar
from transform.ir.walk import walk as walk_ir
from transform.ir.walk import written

__all__ = ["close_loop", "do_loop", "for_loop", "open_scalars", "while_loop"]

_K = CursorKind
_UP, _DOWN = (Binary.LT, Binary.LE, Binary.NE), (Binary.GT, Binary.GE, Binary.NE)
_MIRRORED = {
    Binary.LT: Binary.GT,
    Binary.LE: Binary.GE,
    Binary.GT: Binary.LT,
    Binary.GE: Binary.LE,
    Binary.NE: Binary.NE,
}
_INDEX_FIXED = "the trip count must be known before the loop: do not assign the index"
_TRUE, _FALSE = Const(True, BOOL), Const(False, BOOL)


# ---- statements ----


def for_loop(scope: Scope, cursor: Cursor) -> None:
    """``for (start; condition; steps) body``."""
    parts = _parts(scope, cursor)
    if parts is None:
        return
    start, condition, step, body = parts
    before = set(scope.env)
    if start is not None:
        scope.body(scope, [start])
    steps = _operands(step)
    header = _header(scope, condition, steps, body)
    if header is None or not _counted(scope, cursor, header, body, before):
        _general(scope, cursor, [] if condition is None else [condition], steps, body)
    _forget(scope, before)


def while_loop(scope: Scope, cursor: Cursor) -> None:
    """``while (condition) body``; the condition may be a declaration."""
    before = set(scope.env)
    *condition, body = children(cursor)
    _general(scope, cursor, condition, [], body)
    _forget(scope, before)


def do_loop(scope: Scope, cursor: Cursor) -> None:
    """``do body while (condition);``"""
    body, condition = children(cursor)
    _forever(scope, cursor, [condition], [], body)


def _forget(scope: Scope, before: Collection[int]) -> None:
    scope.env = {name: binding for name, binding in scope.env.items() if name in before}


def _parts(scope: Scope, cursor: Cursor) -> tuple[Cursor | None, Cursor | None, Cursor | None, Cursor] | None:
    """Start, condition, step and body; libclang leaves out what is not written."""
    *parts, body = children(cursor)
    if len(parts) == 3:
        return parts[0], parts[1], parts[2], body
    written_parts = _written(source_text(cursor))
    if written_parts is None or sum(written_parts) != len(parts):
        scope.refuse(cursor, "this loop header is not supported", "write for (start; condition; step)")
        return None
    rest = iter(parts)
    start, condition, step = (next(rest) if there else None for there in written_parts)
    return start, condition, step, body


def _written(text: str) -> tuple[bool, bool, bool] | None:
    """Which parts of ``for (start; condition; step)`` are not empty."""
    depth, found, part = 0, [], ""
    for character in text[text.find("(") + 1 :]:
        depth += (character in "([{") - (character in ")]}")
        if depth < 0 or (character == ";" and depth == 0):
            found.append(bool(part.strip()))
            part = ""
            if depth < 0:
                break
        else:
            part += character
    return (found[0], found[1], found[2]) if len(found) == 3 else None


def _operands(step: Cursor | None) -> list[Cursor]:
    """The steps that commas separate."""
    if step is None:
        return []
    if strip(step).kind == _K.BINARY_OPERATOR and binary_kind(strip(step)) is Binary.COMMA:
        left, right = expressions(strip(step))
        return [*_operands(left), *_operands(right)]
    return [step]


# ---- loops with an exit ----


def _general(
    scope: Scope, cursor: Cursor, condition: list[Cursor], steps: list[Cursor], body: Cursor
) -> None:
    """``condition`` is an expression after the declaration that it may be; empty if there is none."""
    holds = _condition(scope, condition)
    if holds == _FALSE:
        return
    if holds == _TRUE:
        _forever(scope, cursor, condition, steps, body)
        return
    loop = scope.branch(lambda: _forever(scope, cursor, condition, steps, body))
    scope.join(holds, loop, (Block(()), dict(scope.env)), cursor)


def _condition(scope: Scope, condition: list[Cursor]) -> Atom:
    if not condition:
        return _TRUE
    *declarations, last = condition
    scope.body(scope, declarations)
    return convert(scope, scope.expression(scope, last, "", False), BOOL, "", last)


def _forever(
    scope: Scope, cursor: Cursor, condition: list[Cursor], steps: list[Cursor], body: Cursor
) -> None:
    """``do { body; steps; } while (condition);``"""
    index = scope.fresh.symbol("trip", LONG)
    outline = For(index, Const(0, LONG), Const(UNBOUNDED, LONG), 1, False, (), Block(()), location(cursor))
    with scope.leavable(Left.LOOP) as jump:

        def ending() -> None:
            scope.body(scope, steps)
            holds = _condition(scope, condition)
            scope.set_flag(jump.stop, _not(scope, holds, cursor))

        def iteration() -> None:
            iteration_body(scope, jump, body)
            _unless_stopped(scope, jump, ending, cursor)
            if scope.flag(jump.stop) == _FALSE:
                hint = "leave it with break, return or a condition"
                scope.refuse(cursor, "this loop never ends", hint)

        repeat(scope, cursor, outline, [body, *steps, *condition], iteration)
    if not condition and may_jump(body) and not _breaks(body):
        scope.set_flag(scope.jumps[-1].left, _TRUE)  # only a return ends it


def iteration_body(scope: Scope, jump: Jump, body: Cursor) -> None:
    """The body of an iteration, which no jump has left yet."""
    scope.set_flag(jump.left, _FALSE)
    scope.set_flag(jump.stop, _FALSE)
    scope.body(scope, [body])
    scope.set_flag(jump.left, _FALSE)


def _unless_stopped(scope: Scope, jump: Jump, lower: Callable[[], None], cursor: Cursor) -> None:
    """What ends an iteration that did not leave the loop."""
    stop = scope.flag(jump.stop)
    if stop == _TRUE:
        return
    if stop == _FALSE:
        lower()
        return
    stopped = scope.branch(lambda: scope.set_flag(jump.stop, _TRUE))
    scope.join(stop, stopped, scope.branch(lower), cursor)


def _not(scope: Scope, atom: Atom, cursor: Cursor) -> Atom:
    return apply(scope, "not", (atom,), "", cursor)


def _breaks(cursor: Cursor) -> bool:
    """Whether a ``break`` inside leaves the loop around it."""
    if cursor.kind == _K.BREAK_STMT:
        return True
    if cursor.kind in (*LOOPS, _K.SWITCH_STMT, _K.LAMBDA_EXPR):
        return False
    return any(_breaks(c) for c in cursor.get_children())


LOOPS = (_K.FOR_STMT, _K.WHILE_STMT, _K.DO_STMT, _K.CXX_FOR_RANGE_STMT)


# ---- counted loops ----


@dataclass(frozen=True)
class _Header:
    """``index + shift relation bound`` is the condition, ``index += step`` one of the steps, ``others`` the
    rest."""

    declared: Cursor
    type: Scalar
    shift: int
    relation: Binary
    bound: Cursor
    step: int
    others: list[Cursor]


def _counted(scope: Scope, cursor: Cursor, header: _Header, body: Cursor, before: set[int]) -> bool:
    """Lower a loop whose bound does not change; False, and nothing lowered, if it turns out to change."""
    env, findings, built = dict(scope.env), list(scope.findings), len(scope.stmts)
    name = key(header.declared)
    start = env[name]
    assert isinstance(start, Value) and start.atom is not None
    with scope.collect() as bound_stmts:
        bound = scope.expression(scope, header.bound, "", False)
        limits = _limits(scope, header, start.atom, bound, header.bound)
    if limits is None:
        return False
    scope.stmts += bound_stmts
    index = scope.fresh.symbol(start.name, header.type)
    outline = For(index, *limits, abs(header.step), header.step < 0, (), Block(()), location(cursor))
    outer = name in before  # its value after the loop counts
    with scope.leavable(Left.LOOP) as jump:

        def iteration() -> None:
            scope.env[name] = Value(start.name, header.type, index, _INDEX_FIXED)
            iteration_body(scope, jump, body)
            _unless_stopped(scope, jump, lambda: scope.body(scope, header.others), cursor)
            after = start.atom
            if outer:
                stepped = apply(scope, "add", (index, constant(header.step, header.type)), "", cursor)
                after = apply(scope, "select", (scope.flag(jump.stop), index, stepped), "", cursor)
            scope.env[name] = Value(start.name, header.type, after)

        loop, changed = repeat(scope, cursor, outline, [body, *header.others], iteration, (name,))
    if _invariant(scope, header, bound_stmts, loop.body, changed) and not (loop.exit and loop.descending):
        return True
    scope.env, scope.findings = env, findings
    del scope.stmts[built:]
    return False


def _header(scope: Scope, condition: Cursor | None, steps: list[Cursor], body: Cursor) -> _Header | None:
    if condition is None:
        return None
    for step in steps:
        declared = _stepped(step)
        binding = scope.env.get(key(declared)) if declared is not None else None
        if (
            declared is None
            or not isinstance(binding, Value)
            or binding.atom is None
            or not binding.type.is_integer
            or is_reference(declared.type)
        ):
            continue
        amount, found = _step(scope, declared, strip(step)), _comparison(scope, declared, strip(condition))
        if amount is None or found is None:
            continue
        shift, relation, bound = found
        if relation not in (_UP if amount > 0 else _DOWN) or (relation is Binary.NE and abs(amount) != 1):
            continue
        bound_type = scalar(bound.type)
        others = [s for s in steps if s is not step]
        changed = modified([body, bound, *others])
        pure = all(not isinstance(scope.env.get(name), Value | Alias) for name in modified([bound]))
        if bound_type is None or not bound_type.is_integer or key(declared) in changed or not pure:
            continue
        return _Header(declared, binding.type, shift, relation, bound, amount, others)
    return None


def _stepped(step: Cursor) -> Cursor | None:
    """The variable that a step changes."""
    operands = expressions(strip(step))
    target = strip(operands[0]) if operands else None
    return target.referenced if target is not None and target.kind == _K.DECL_REF_EXPR else None


def _is_index(cursor: Cursor, declared: Cursor) -> bool:
    cursor = strip(cursor)
    return cursor.kind == _K.DECL_REF_EXPR and key(cursor.referenced) == key(declared)


def _comparison(scope: Scope, declared: Cursor, cursor: Cursor) -> tuple[int, Binary, Cursor] | None:
    """Shift, relation and bound of ``index + shift < bound`` or ``bound > index + shift``."""
    if cursor.kind != _K.BINARY_OPERATOR:
        return None
    relation, (left, right) = binary_kind(cursor), expressions(cursor)
    if relation not in _MIRRORED:
        return None
    shift = _shift(scope, declared, strip(left))
    if shift is not None and not _mentions(right, declared):
        return shift, relation, right
    shift = _shift(scope, declared, strip(right))
    if shift is not None and not _mentions(left, declared):
        return shift, _MIRRORED[relation], left
    return None


def _shift(scope: Scope, declared: Cursor, cursor: Cursor) -> int | None:
    """The constant that ``cursor`` adds to the index; ``None`` for anything else."""
    if _is_index(cursor, declared):
        return 0
    operator = binary_kind(cursor) if cursor.kind == _K.BINARY_OPERATOR else None
    if operator not in (Binary.ADD, Binary.SUB):
        return None
    left, right = expressions(cursor)
    if operator is Binary.ADD and _is_index(right, declared):
        left, right = right, left
    amount = _constant(scope, right) if _is_index(left, declared) else None
    return None if amount is None else _direction(operator) * amount


def _mentions(cursor: Cursor, declared: Cursor) -> bool:
    return any(c.kind == _K.DECL_REF_EXPR and key(c.referenced) == key(declared) for c in walk(cursor))


def _step(scope: Scope, declared: Cursor, cursor: Cursor) -> int | None:
    """The constant signed step."""
    sign, amount = 0, None
    if cursor.kind == _K.UNARY_OPERATOR:
        steps = {Unary.PRE_INC: 1, Unary.POST_INC: 1, Unary.PRE_DEC: -1, Unary.POST_DEC: -1}
        operator = unary_kind(cursor)
        return steps.get(operator) if operator is not None else None
    if cursor.kind == _K.COMPOUND_ASSIGNMENT_OPERATOR:
        _, amount = expressions(cursor)
        sign = _direction(binary_kind(cursor))
    elif cursor.kind == _K.BINARY_OPERATOR and binary_kind(cursor) is Binary.ASSIGN:
        _, right = expressions(cursor)
        right = strip(right)
        sign = _direction(binary_kind(right)) if right.kind == _K.BINARY_OPERATOR else 0
        if not sign:
            return None
        first, amount = expressions(right)
        if not _is_index(first, declared):
            return None
    if not sign or amount is None or _mentions(amount, declared):
        return None
    value = _constant(scope, amount)
    return sign * value if value else None


def _constant(scope: Scope, cursor: Cursor) -> int | None:
    """The value of a constant integer expression."""
    if scalar(cursor.type) is None:
        return None
    findings = list(scope.findings)
    with scope.collect():
        value = scope.expression(scope, cursor, "", False)
    scope.findings = findings
    return int(value.value) if isinstance(value, Const) and atom_type(value).is_integer else None


def _direction(operator: Binary | None) -> int:
    if operator in (Binary.ADD, Binary.ADD_ASSIGN):
        return 1
    return -1 if operator in (Binary.SUB, Binary.SUB_ASSIGN) else 0


def _limits(
    scope: Scope, header: _Header, start: Atom, bound: Atom, cursor: Cursor
) -> tuple[Atom, Atom] | None:
    """``lo`` and ``hi`` such that the loop's values are ``lo, lo + |step|, ... < hi``."""
    type_ = header.type
    if header.shift:
        moved = _moved(scope, header, start, bound, cursor)
        if moved is None:
            return None
        bound = moved
    compared = atom_type(bound)
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
    if mixed or (not is_signed(type_) and header.relation is Binary.GE):
        if not mixed and isinstance(bound, Const) and bound.value == 0:
            hint = "count up, or use a signed index"
            scope.refuse(header.bound, "an unsigned index is always >= 0: the loop never ends", hint)
        return None  # wraps below zero: decided anew in each iteration
    lo = limit if header.relation is Binary.GE else apply(scope, "add", (limit, one), "", cursor)
    hi = apply(scope, "add", (start, one), "", cursor)
    if header.step < -1:
        lo = _aligned(scope, lo, start, -header.step, cursor)
    return lo, hi


def _moved(scope: Scope, header: _Header, start: Atom, bound: Atom, cursor: Cursor) -> Atom | None:
    """What ``index`` itself is compared with; ``None`` where unsigned arithmetic might wrap."""
    type_ = atom_type(bound)
    shift = constant(abs(header.shift), type_)
    if is_signed(header.type) and is_signed(type_):
        return apply(scope, "sub" if header.shift > 0 else "add", (bound, shift), "", cursor)
    known = not is_signed(header.type) or (isinstance(start, Const) and start.value >= 0)
    if not known or header.shift < 0 or header.step < 0 or header.relation is not Binary.LT:
        return None
    short = apply(scope, "lt", (bound, shift), "", cursor)
    moved = apply(scope, "sub", (bound, shift), "", cursor)
    return apply(scope, "select", (short, zero(type_), moved), "", cursor)


def _aligned(scope: Scope, lo: Atom, start: Atom, step: int, cursor: Cursor) -> Atom:
    """The last value of a loop that counts down from ``start`` to ``lo`` by ``step``."""
    distance = apply(scope, "sub", (start, lo), "", cursor)
    remainder = apply(scope, "mod", (distance, constant(step, atom_type(lo))), "", cursor)
    last = apply(scope, "add", (lo, remainder), "", cursor)
    empty = apply(scope, "lt", (start, lo), "", cursor)
    return apply(scope, "select", (empty, lo, last), "", cursor)


def _invariant(
    scope: Scope, header: _Header, bound_stmts: list[Stmt], block: Block, changed: Collection[int]
) -> bool:
    """Whether the bound, which is evaluated once, reads nothing that the body changes."""
    read = set(mentioned(scope, [header.bound]))
    stmts = walk_ir(Block(tuple(bound_stmts)))
    loads = {s.op.memory for s in stmts if isinstance(s, Let) and isinstance(s.op, Load)}
    return not (read & set(changed) or loads & written(block))
