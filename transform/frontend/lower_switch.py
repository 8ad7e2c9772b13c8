"""``switch``: a chain of branches, one per entry point."""

from __future__ import annotations

from transform.frontend.arith import apply, constant
from transform.frontend.clang import Cursor, CursorKind, children, evaluate
from transform.frontend.jumps import always_jumps
from transform.frontend.lower_expr import expression
from transform.frontend.scope import Left, Scope
from transform.ir.build import scalar as atom_type
from transform.ir.nodes import Atom, Const
from transform.ir.types import BOOL

_K = CursorKind
_LABELS = (_K.CASE_STMT, _K.DEFAULT_STMT)


def switch(scope: Scope, cursor: Cursor) -> None:
    """Lower a switch statement. What falls through into the next section is lowered again with it."""
    before = set(scope.env)
    *declarations, condition, block = children(cursor)
    scope.body(scope, declarations)
    sections = _sections(block)
    if sections is None:
        hint = "write the labels directly inside the braces of the switch"
        scope.refuse(cursor, "this form of switch is not supported", hint)
        return
    value = expression(scope, condition)
    entries: list[tuple[Atom | None, list[Cursor]]] = []
    for position, (labels, _) in enumerate(sections):
        entries.append((_matches(scope, value, labels), _from(sections, position)))
    named = [e for e in entries if e[0] is not None]
    default = [statements for test, statements in entries if test is None]
    with scope.leavable(Left.SWITCH):
        _chain(scope, cursor, [*named, *((None, statements) for statements in default)])
    scope.env = {name: binding for name, binding in scope.env.items() if name in before}


Section = tuple[list[Cursor | None], list[Cursor]]
"""Labels (``None``: default) and the statements that follow them."""


def _sections(block: Cursor) -> list[Section] | None:
    sections: list[Section] = []
    for statement in children(block):
        labels: list[Cursor | None] = []
        while statement.kind in _LABELS:
            parts = children(statement)
            labels.append(parts[0] if statement.kind == _K.CASE_STMT else None)
            statement = parts[-1]
        if labels:
            sections.append((labels, []))
        elif not sections:
            return None
        if any(inner.kind in _LABELS for inner in _outside_switches(statement)):
            return None
        sections[-1][1].append(statement)
    return sections


def _outside_switches(cursor: Cursor) -> list[Cursor]:
    """``cursor`` and what is below it, inner switches left out."""
    if cursor.kind == _K.SWITCH_STMT:
        return []
    return [cursor, *(c for child in cursor.get_children() for c in _outside_switches(child))]


def _from(sections: list[Section], position: int) -> list[Cursor]:
    """The statements that run when a switch enters at a section."""
    statements: list[Cursor] = []
    for _, section in sections[position:]:
        statements += section
        if any(always_jumps(s) for s in section):
            break
    return statements


def _matches(scope: Scope, value: Atom, labels: list[Cursor | None]) -> Atom | None:
    """Whether ``value`` is one of the labels; ``None`` if that includes default: then it is what is left."""
    if any(label is None for label in labels):
        return None
    test: Atom = Const(False, BOOL)
    for label in labels:
        assert label is not None
        number = evaluate(label)
        if not isinstance(number, int):
            scope.refuse(label, "this label is not a constant", "use integer constants")
            continue
        same = apply(scope, "eq", (value, constant(number, atom_type(value))), "", label)
        test = same if test == Const(False, BOOL) else apply(scope, "or", (test, same), "", label)
    return test


def _chain(scope: Scope, cursor: Cursor, entries: list[tuple[Atom | None, list[Cursor]]]) -> None:
    if not entries:
        return
    test, statements = entries[0]
    if test is None:
        scope.body(scope, statements)
    elif isinstance(test, Const):
        if test.value:
            scope.body(scope, statements)
        else:
            _chain(scope, cursor, entries[1:])
    else:
        then = scope.branch(lambda: scope.body(scope, statements))
        orelse = scope.branch(lambda: _chain(scope, cursor, entries[1:]))
        scope.join(test, then, orelse, cursor)
