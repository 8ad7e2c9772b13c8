"""Views with the memory trait Atomic: their elements are updated atomically; nothing else is done to them."""

from __future__ import annotations

from transform.frontend.arith import apply, constant, convert
from transform.frontend.clang import Cursor, arguments
from transform.frontend.places import place
from transform.frontend.read_write import increment, place_type
from transform.frontend.scope import Element, Scope
from transform.ir.nodes import Atom, How

_SIGNS = {"operator+=": 1, "operator++": 1, "operator-=": -1, "operator--": -1}
_CLASSES = ("AtomicDataElement", "AtomicRef")  # what v(i) is, by version of Kokkos


def is_atomic_element(callee: Cursor) -> bool:
    """Whether a member function is one of an element that is accessed atomically."""
    return str(callee.semantic_parent.spelling).startswith(_CLASSES)


def update_atomically(scope: Scope, cursor: Cursor) -> None:
    """``v(i) += e;`` and its relatives on such a View."""
    sign = _SIGNS.get(str(cursor.spelling))
    if sign is None:
        hint = "only add to elements of such a View, or use one without the trait"
        scope.refuse(cursor, "this use of a View with the memory trait Atomic is not supported", hint)
        return
    left, *right = arguments(cursor)
    target = place(scope, left)
    if not isinstance(target, Element):
        return
    type_ = place_type(scope, target)
    value: Atom = constant(1, type_)
    if str(cursor.spelling) in ("operator+=", "operator-="):
        value = convert(scope, scope.expression(scope, right[0], "", True), type_, "", cursor)
    if sign < 0:
        value = apply(scope, "neg", (value,), "", cursor)
    increment(scope, target, value, How.ATOMIC, cursor)
