"""Member functions of Views that give numbers."""

from __future__ import annotations

from transform.frontend.arith import apply, convert
from transform.frontend.clang import Cursor, arguments
from transform.frontend.identity import view_key
from transform.frontend.scope import NoView, Scope
from transform.frontend.shape import extent, rank
from transform.frontend.views import view_of
from transform.ir.build import scalar as atom_type
from transform.ir.nodes import Atom, Const
from transform.ir.types import BOOL, SIZE

_REFUSED = {
    "stride": "index the View: how its elements lie in memory differs between backends",
    "stride_0": "index the View: how its elements lie in memory differs between backends",
    "stride_1": "index the View: how its elements lie in memory differs between backends",
    "span": "use size(): how the elements lie in memory differs between backends",
    "span_is_contiguous": "remove it: how the elements lie in memory differs between backends",
    "data": "pass the View, or wrap v.data() in another View",
    "use_count": "remove it: it depends on the code around the function",
}
_SUPPORTED = "supported are v(...), v[...], extent, extent_int, size, rank and is_allocated"


def view_property(scope: Scope, cursor: Cursor, base: Cursor, method: str) -> Atom | None:
    """``base.method(...)``; ``None`` after a finding."""
    if method == "is_allocated":
        return _is_allocated(scope, base)
    if method not in ("extent", "extent_int", "size", "rank"):
        message = f"the member function View::{method} is not supported"
        scope.refuse(cursor, message, _REFUSED.get(method, _SUPPORTED))
        return None
    view = view_of(scope, base)
    if view is None:
        return None
    if method == "rank":
        return Const(rank(view), SIZE)
    if method == "size":
        total: Atom = Const(1, SIZE)
        for dim in range(rank(view)):
            factor = extent(scope, view, dim, cursor)
            total = factor if dim == 0 else apply(scope, "mul", (total, factor), "", cursor)
        return total
    wanted = scope.expression(scope, arguments(cursor)[0], "", False)
    if isinstance(wanted, Const):
        return extent(scope, view, int(wanted.value), cursor)
    found: Atom = Const(1, SIZE)  # beyond the rank
    for dim in range(rank(view)):
        here = apply(scope, "eq", (wanted, _like(dim, wanted)), "", cursor)
        found = apply(scope, "select", (here, extent(scope, view, dim, cursor), found), "", cursor)
    return convert(scope, found, SIZE, "", cursor)


def _like(number: int, atom: Atom) -> Const:
    return Const(number, atom_type(atom))


def _is_allocated(scope: Scope, base: Cursor) -> Atom | None:
    name = view_key(scope, base)
    if name is not None and isinstance(scope.env.get(name), NoView):
        return Const(False, BOOL)
    return None if view_of(scope, base) is None else Const(True, BOOL)
