"""Local arrays of the host that kernels capture by reference: Views of host memory by another name."""

from __future__ import annotations

from transform.frontend.arith import convert
from transform.frontend.clang import Cursor, CursorKind, expressions, key, location, strip, walk
from transform.frontend.host_access import host_store
from transform.frontend.lambdas import captures_by_reference
from transform.frontend.scope import Element, Memory, Scope
from transform.ir.nodes import Allocate, Const
from transform.ir.types import INT, SIZE, Array, View


def shared_array(scope: Scope, cursor: Cursor, type_: Array, init: Cursor | None) -> Memory | None:
    """The View that stands for the array that ``cursor`` declares; ``None`` if no kernel can write to it."""
    if scope.in_kernel or not type_.element.is_float or len(type_.extents) != 1 or not _is_shared(cursor):
        return None
    (extent,) = type_.extents
    spelling = f"Kokkos::View<{type_.element.name}[{extent}], Kokkos::HostSpace>"
    symbol = scope.fresh.symbol(str(cursor.spelling), View(type_.element, (extent,), False, spelling))
    given = [] if init is None else expressions(strip(init))
    values = [convert(scope, scope.expression(scope, v, "", False), type_.element, "", v) for v in given]
    scope.stmts.append(Allocate(symbol, (Const(extent, SIZE),), location(cursor)))
    for i, value in enumerate(values):
        if value != Const(0.0, type_.element):
            host_store(scope, Element(symbol, (Const(i, INT),)), value, given[i])
    return Memory(symbol)


def _is_shared(cursor: Cursor) -> bool:
    """Whether a kernel of the function captures the variable by reference."""
    calls = (c for c in walk(cursor.semantic_parent) if c.kind == CursorKind.CALL_EXPR)
    launches = (c for c in calls if str(c.spelling).startswith("parallel_"))
    kernels = (c for call in launches for c in walk(call) if c.kind == CursorKind.LAMBDA_EXPR)
    return any(
        c.kind == CursorKind.DECL_REF_EXPR and key(c.referenced) == key(cursor)
        for kernel in kernels
        if captures_by_reference(kernel)
        for c in walk(kernel)
    )
