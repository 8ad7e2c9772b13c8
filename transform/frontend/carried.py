"""Loops in SSA form: which scalars an iteration hands to the next.

Every scalar that the body may change is first carried; those that turn out unchanged are substituted by
their value before the loop. What may change is read off the source; a change that this misses (behind a
reference, in a lambda) makes the body be lowered again with that scalar carried.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from transform.frontend.clang import Cursor, CursorKind, key, walk
from transform.frontend.identity import LoopViews
from transform.frontend.mentions import mentioned
from transform.frontend.scope import Env, Handle, Scope, Value, zero
from transform.ir.build import scalar as atom_type
from transform.ir.nodes import Atom, Carried, Const, Exit, For, Symbol
from transform.ir.types import BOOL
from transform.ir.walk import substitute, uses
from transform.ir.walk import walk as walk_ir


def repeat(
    scope: Scope,
    cursor: Cursor,
    outline: For,
    parts: Collection[Cursor],
    iteration: Callable[[], None],
    unread: Collection[int] = (),
) -> tuple[For, set[int]]:
    """Append ``outline`` with the body that ``iteration`` lowers from ``parts``.

    ``unread``: variables whose value at the start of an iteration nothing reads. Returns the loop and the
    scalars that it changes."""
    jump = scope.jumps[-1]
    silent = {*unread, *scope.flags}  # where a flag is set, there is no further iteration
    names = _candidates(scope, parts)
    while True:
        outer = dict(scope.env)
        findings = list(scope.findings)
        inner = _open(scope, [name for name in outer if name in names and name not in silent])
        views = LoopViews(outer)
        block, after = views.lower(scope, iteration, outer, inner, cursor)
        scope.env = outer
        missed = {
            name
            for name, binding in outer.items()
            if isinstance(binding, Value) and not binding.fixed
            if name not in inner and name not in silent and after[name] != binding
        }
        if not missed:
            break
        names |= missed
        scope.findings = findings
    leave, stop = None, after[jump.stop]
    assert isinstance(stop, Value) and stop.atom is not None
    if stop.atom != Const(False, BOOL):
        leave = Exit(stop.atom, scope.fresh.symbol("trips", atom_type(outline.index)))
    changed = close_loop(scope, cursor, replace(outline, body=block, exit=leave), after, inner)
    loop = scope.stmts[-1]
    assert isinstance(loop, For)
    views.leave(scope, cursor)
    return loop, set(changed)


def _candidates(scope: Scope, parts: Collection[Cursor]) -> set[int]:
    """The variables that ``parts`` may change."""
    named = {
        key(c.referenced)
        for part in parts
        for c in walk(part)
        if c.kind == CursorKind.DECL_REF_EXPR and c.referenced is not None
    }
    only_read = named - modified(parts)
    return set(mentioned(scope, list(parts))) - only_read


def _names_variable(cursor: Cursor) -> bool:
    """Whether an expression names a variable that can be changed there: a captured copy cannot."""
    named = cursor.kind == CursorKind.DECL_REF_EXPR and cursor.referenced is not None
    return named and not cursor.type.is_const_qualified()


def modified(parts: Collection[Cursor]) -> set[int]:
    """The variables that ``parts`` name other than to read their values."""
    found: set[int] = set()

    def look(cursor: Cursor, read: bool) -> None:
        if _names_variable(cursor) and not read:
            found.add(key(cursor.referenced))
        for child in cursor.get_children():
            # The conversion to a value, to const or from an array is an expression around the name; libclang
            # shows what a lambda captures by copy as operands of it.
            look(child, cursor.kind in (CursorKind.UNEXPOSED_EXPR, CursorKind.LAMBDA_EXPR))

    for part in parts:
        look(part, False)
    return found


def open_scalars(scope: Scope) -> dict[int, Symbol]:
    """Give every initialised scalar a symbol for its value per iteration: the body may change it, be it
    through a member function or a reference. What does not change is substituted in the end."""
    names = (k for k, b in scope.env.items() if isinstance(b, Value) and b.atom is not None)
    return _open(scope, [name for name in names if name not in scope.flags])


def _open(scope: Scope, names: Iterable[int]) -> dict[int, Symbol]:
    inner: dict[int, Symbol] = {}
    for name in names:
        binding = scope.env.get(name)
        if isinstance(binding, Value) and not binding.fixed and name not in inner:
            inner[name] = scope.fresh.symbol(binding.name, binding.type)
            scope.env[name] = replace(binding, atom=inner[name])
    return inner


def close_loop(
    scope: Scope, cursor: Cursor, outline: For, after: Env, inner: dict[int, Symbol]
) -> dict[int, Symbol | None]:
    """Append ``outline`` with what it carries.

    Returns the scalars that the loop changes: by key, the symbol for the value at the start of an iteration
    (``None`` for one that has no such value: it is uninitialised before the loop, or never read).
    """
    block, leave = outline.body, outline.exit
    unchanged: dict[Symbol, Atom] = {}
    results: list[tuple[int, Value, Symbol, Atom]] = []
    changed: dict[int, Symbol | None] = {}
    for name, binding in list(scope.env.items()):
        end = after.get(name)
        if isinstance(binding, Handle) and end != binding:
            hint = "swap the Views in a for loop with a fixed number of steps"
            scope.refuse(cursor, "this loop leaves its Views under other names", hint)
        if not isinstance(binding, Value) or not isinstance(end, Value) or end.atom == binding.atom:
            continue
        if name in inner and end.atom == inner[name]:
            if binding.atom is not None:
                unchanged[inner[name]] = binding.atom
            elif any(inner[name] in uses(s) for s in walk_ir(block)):
                hint = "initialise it where it is declared"
                scope.refuse(cursor, f"'{binding.name}' is used uninitialised in this loop", hint)
            continue
        changed[name] = inner.get(name)
        binding = replace(binding, sum=binding.sum or end.sum)
        if end.atom is not None:
            symbol = inner.get(name) or scope.fresh.symbol(binding.name, binding.type)
            results.append((name, binding, symbol, end.atom))
    carried: list[Carried] = []
    for name, binding, symbol, end_atom in results:
        result = scope.fresh.symbol(binding.name, binding.type)
        next_atom = unchanged.get(end_atom, end_atom) if isinstance(end_atom, Symbol) else end_atom
        init = zero(binding.type) if binding.atom is None else binding.atom
        carried.append(Carried(symbol, init, next_atom, result))
        scope.env[name] = replace(binding, atom=result)
    if leave is not None and isinstance(leave.until, Symbol):
        leave = replace(leave, until=unchanged.get(leave.until, leave.until))
    body = substitute(block, unchanged)
    scope.stmts.append(replace(outline, carried=tuple(carried), body=body, exit=leave))
    return changed
