"""``Kokkos::deep_copy`` as a statement of the host."""

from __future__ import annotations

from transform.frontend.arith import convert
from transform.frontend.clang import Cursor, arguments, is_written
from transform.frontend.copies import copy
from transform.frontend.cpptypes import class_name, is_view, scalar
from transform.frontend.host_access import host_load
from transform.frontend.kokkos import SPACES
from transform.frontend.places import place
from transform.frontend.read_write import place_type, write
from transform.frontend.scope import Element, Scope
from transform.frontend.shape import element_index, rank
from transform.frontend.views import view_of
from transform.ir.nodes import Const
from transform.ir.types import View


def deep_copy(scope: Scope, cursor: Cursor) -> None:
    """``deep_copy(target, source)``, each a View, a part of one or a scalar; a space may come first."""
    given = [a for a in arguments(cursor) if is_written(a)]
    if scope.in_kernel:
        scope.refuse(cursor, "deep_copy inside a kernel is not supported", "copy the elements in a loop")
        return
    if len(given) == 3 and class_name(given[0].type) in SPACES:
        given = given[1:]
    if len(given) != 2:
        scope.refuse(cursor, "this form of deep_copy is not supported", "write deep_copy(target, source)")
        return
    if is_view(given[0].type):
        _into_view(scope, given[0], given[1], cursor)
    else:
        _into_scalar(scope, given[0], given[1], cursor)


def _into_view(scope: Scope, to: Cursor, from_: Cursor, cursor: Cursor) -> None:
    target = view_of(scope, to)
    if is_view(from_.type):
        source = view_of(scope, from_)
        if target is not None and source is not None:
            copy(scope, target, source, cursor)
    elif scalar(from_.type) is not None:
        value = scope.expression(scope, from_, "", False)
        if target is not None:
            assert isinstance(target.symbol.type, View)
            if target.symbol.type.objects and not (isinstance(value, Const) and value.value == 0):
                hint = "fill it in a parallel_for"
                scope.refuse(cursor, "deep_copy of a value into a View of objects is not supported", hint)
                return
            copy(scope, target, convert(scope, value, target.symbol.type.element, "", from_), cursor)
    else:
        scope.refuse(from_, "this source of deep_copy is not supported", "copy a View or a scalar")


def _into_scalar(scope: Scope, to: Cursor, from_: Cursor, cursor: Cursor) -> None:
    source, target = view_of(scope, from_), place(scope, to)
    if source is None or target is None:
        return
    if rank(source) != 0:
        scope.refuse(from_, "only a View of rank 0 is copied to a scalar", "copy subview(v, i)")
        return
    element = Element(source.symbol, element_index(scope, source, (), cursor))
    value = host_load(scope, element, str(to.spelling), cursor)
    write(scope, target, convert(scope, value, place_type(scope, target), "", cursor), cursor)
