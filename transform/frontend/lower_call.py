"""Calls in expressions and kernels: View properties, math functions, inlined helper functions."""

from __future__ import annotations

from transform.frontend import fence, kokkos, lambdas
from transform.frontend.arith import constant
from transform.frontend.clang import (
    Cursor,
    CursorKind,
    arguments,
    evaluate,
    expressions,
    qualified,
    strip,
)
from transform.frontend.classes import ARRAY_CLASSES, Row, is_object, shape
from transform.frontend.cpptypes import class_name, is_view, scalar
from transform.frontend.custom import custom_call
from transform.frontend.dual_view import dual_method, dual_of
from transform.frontend.inline import METHODS, inlined_value, lambda_value
from transform.frontend.lower_math import math_call
from transform.frontend.math_results import with_results
from transform.frontend.places import is_broken, member_base, place
from transform.frontend.read_write import read
from transform.frontend.references import forwarded, is_inlinable
from transform.frontend.scope import Scope
from transform.frontend.team_handle import LAUNCH_NUMBERS, launch_number, member, member_call
from transform.frontend.view_members import view_property
from transform.ir.nodes import Atom, Const
from transform.ir.types import BOOL, SIZE

_K = CursorKind


def call(scope: Scope, cursor: Cursor, name: str, top: bool) -> Atom | None:
    """The value of a call; ``None`` for a void function or after a finding."""
    callee = cursor.referenced
    if callee is None or callee.kind in (_K.VAR_DECL, _K.PARM_DECL):
        callee = _pointed(scope, cursor)
        if callee is None:
            return None
    if callee.spelling == "operator()" and given_lambda(cursor):
        return _lambda(scope, cursor, callee, name, top)
    if is_object(cursor.type):  # a statement: its value is not used
        scope.object(scope, cursor, name, top)
        return None
    if (number := _integral_constant(callee)) is not None:
        return constant(number, scalar(cursor.type) or SIZE)
    if callee.kind in METHODS:
        return _method(scope, cursor, callee, name, top)
    if callee.kind != _K.FUNCTION_DECL:
        message = f"an object of type '{cursor.type.spelling}' is not supported here"
        scope.refuse(cursor, message, "use scalars and Views")
        return None
    rule = scope.custom.rule(callee)
    if rule is not None:
        return custom_call(scope, cursor, callee, rule, name)
    if is_inlinable(callee):
        return inlined_value(scope, cursor, callee, name, top)
    if (source := forwarded(cursor)) is not None:
        return scope.expression(scope, source, name, top)
    known, returned = with_results(scope, cursor, callee, name, top)
    if known:
        return returned
    found = math_call(scope, cursor, callee, name)
    if found is not None:
        return found
    type_ = scalar(cursor.type)
    value = evaluate(cursor) if not arguments(cursor) else None
    if value is not None and type_ is not None:
        return constant(value, type_)
    if qualified(callee) in kokkos.ATOMIC_UPDATES:
        hint = "do not use its value: give the atomic update its own statement"
        scope.refuse(cursor, "the result of an atomic update depends on the schedule", hint)
    elif qualified(callee) in kokkos.LAUNCHES:
        hint = "nested parallelism is not supported: write the inner loop as a for loop"
        scope.refuse(cursor, f"{qualified(callee)} is not supported here", hint)
    else:
        scope.refuse(cursor, *fence.function(callee))
    return None


def _integral_constant(callee: Cursor) -> int | None:
    """The value of an ``integral_constant`` (std or Kokkos) that is converted to a number, or called."""
    owner = callee.semantic_parent
    if owner is None or owner.spelling != "integral_constant":
        return None
    return int(owner.get_template_argument_value(1))


# ---- lambdas ----


def given_lambda(call: Cursor) -> bool:
    """Whether a call of ``operator()`` is one of a lambda."""
    given = arguments(call)
    return bool(given) and lambdas.is_lambda(given[0])


def _pointed(scope: Scope, cursor: Cursor) -> Cursor | None:
    """The function that a call through a pointer or a template argument calls; ``None`` after a finding."""
    target = strip(expressions(cursor)[0])
    found = lambdas.function(scope, target)
    if found is None and not is_broken(scope, target):
        hint = "call a free function by its name"
        scope.refuse(cursor, "the function that this pointer points to is not known here", hint)
    return found


def _lambda(scope: Scope, cursor: Cursor, callee: Cursor, name: str, top: bool) -> Atom | None:
    target, *given = arguments(cursor)
    found = lambdas.find(scope, target)
    if found is None:
        if not is_broken(scope, target):
            scope.refuse(cursor, *fence.UNKNOWN_LAMBDA)
        return None
    return lambda_value(scope, cursor, callee, given, found.copied, name, top)


# ---- member functions ----


def _method(scope: Scope, cursor: Cursor, callee: Cursor, name: str, top: bool) -> Atom | None:
    base = member_base(cursor)
    given = arguments(cursor)
    if is_broken(scope, base if base is not None or not given else given[0]):
        return None
    if (dual := dual_of(scope, base)) is not None:
        return dual_method(scope, cursor, dual)
    if (team := member(scope, base)) is not None:
        return member_call(scope, cursor, team)
    if callee.spelling in LAUNCH_NUMBERS and (number := launch_number(scope, cursor, callee)) is not None:
        return number
    if base is not None and kokkos.is_policy(base.type) and callee.spelling in kokkos.POLICY_SETTERS:
        return None
    if class_name(callee.semantic_parent.type) in ARRAY_CLASSES:
        return _array_method(scope, cursor, callee, name)
    if is_inlinable(callee):
        return inlined_value(scope, cursor, callee, name, top)
    value, type_ = evaluate(cursor), scalar(cursor.type)
    if value is not None and type_ is not None:  # std::numeric_limits<double>::epsilon()
        return constant(value, type_)
    if base is not None and is_view(base.type):
        return view_property(scope, cursor, base, str(callee.spelling))
    scope.refuse(cursor, *fence.function(callee))
    return None


def _array_method(scope: Scope, cursor: Cursor, callee: Cursor, name: str) -> Atom | None:
    """A scalar from a ``std::array`` or ``Kokkos::Array``: its size, or an element."""
    if callee.spelling in ("size", "max_size", "empty"):
        base = member_base(cursor)
        known = shape(base.type) if base is not None else None
        extent = known.extent if isinstance(known, Row) else 0
        return Const(False, BOOL) if callee.spelling == "empty" else Const(extent, SIZE)
    source = place(scope, cursor)
    return None if source is None else read(scope, source, name, cursor)
