"""Local arrays and their initialisers; constant global arrays become local ones where they are used."""

from __future__ import annotations

from transform.frontend.arith import convert
from transform.frontend.clang import Cursor, CursorKind, expressions, initializer, key, location, strip
from transform.frontend.cpptypes import array
from transform.frontend.scope import Scope
from transform.ir.nodes import Atom, Const, Declare, Stmt, Store, Symbol
from transform.ir.types import INT, Array


def constant_array(scope: Scope, declaration: Cursor, cursor: Cursor) -> Symbol | None:
    """A global or static constant array as a local array of the surrounding function or kernel."""
    known = scope.constants.get(key(declaration))
    if known is not None:
        return known
    type_ = array(declaration.type)
    init = initializer(declaration)
    if (
        type_ is None
        or init is None
        or not str(declaration.type.get_canonical().spelling).startswith("const ")
    ):
        scope.refuse(
            cursor,
            f"the global array '{declaration.spelling}' is not a constant",
            "make it constexpr, or pass it as a View parameter",
        )
        return None
    symbol = scope.fresh.symbol(str(declaration.spelling), type_)
    outer, scope.stmts = scope.stmts, scope.prologue
    try:
        declare_array(scope, symbol, init, declaration)
    finally:
        scope.stmts = outer
    scope.constants[key(declaration)] = symbol
    return symbol


def declare_array(scope: Scope, symbol: Symbol, init: Cursor | None, cursor: Cursor) -> None:
    """Declare a local array and store its initialisers."""
    assert isinstance(symbol.type, Array)
    if init is None:
        scope.stmts.append(Declare(symbol, False, location(cursor)))
        return
    init = strip(init)
    if init.kind != CursorKind.INIT_LIST_EXPR:
        scope.refuse(init, "this array initialiser is not supported", "use a list in braces")
        return
    values: dict[tuple[int, ...], Atom] = {}
    with scope.collect() as stores:
        _initialisers(scope, init, symbol.type, (), values)
        loads: list[Stmt] = list(stores)
    total = 1
    for extent in symbol.type.extents:
        total *= extent
    scope.stmts += loads
    scope.stmts.append(Declare(symbol, len(values) < total, location(cursor)))
    for index, value in values.items():
        atoms = tuple(Const(i, INT) for i in index)
        scope.stmts.append(Store(symbol, atoms, value, location(init)))


def _initialisers(
    scope: Scope, init: Cursor, type_: Array, prefix: tuple[int, ...], values: dict[tuple[int, ...], Atom]
) -> None:
    """Collect the values of a braced list; inner braces may be left out, as C++ allows."""
    items = expressions(init)

    def fill(prefix: tuple[int, ...], position: int) -> int:
        """Fill the subarray at ``prefix`` from ``items[position:]``; return the next position."""
        for i in range(type_.extents[len(prefix)]):
            if position >= len(items):
                break
            item, index = items[position], (*prefix, i)
            if len(index) == len(type_.extents):
                value = scope.expression(scope, item, "", False)
                values[index] = convert(scope, value, type_.element, "", item)
                position += 1
            elif item.kind == CursorKind.INIT_LIST_EXPR:
                _initialisers(scope, item, type_, index, values)
                position += 1
            else:
                position = fill(index, position)
        return position

    fill(prefix, 0)
