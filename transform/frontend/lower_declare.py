"""Local declarations: scalars, references, arrays, Views, policies."""

from __future__ import annotations

from transform.frontend import fence, kokkos, lambdas
from transform.frontend.arith import convert
from transform.frontend.bindings import Instance
from transform.frontend.clang import (
    Cursor,
    CursorKind,
    StorageClass,
    TypeKind,
    initializer,
    key,
    strip,
)
from transform.frontend.classes import is_object, shape
from transform.frontend.construct import construct
from transform.frontend.cpptypes import array, class_name, is_mutable_reference, is_reference, is_view, scalar
from transform.frontend.dual_view import is_dual
from transform.frontend.inline import pointer_argument
from transform.frontend.local_arrays import declare_array
from transform.frontend.lower_expr import expression
from transform.frontend.lower_launch import policy
from transform.frontend.lower_view import dual_variable, view_variable
from transform.frontend.objects import binding_of
from transform.frontend.places import constant_value, lvalue, place
from transform.frontend.read_write import place_type
from transform.frontend.reducers import is_reducer, reducer_variable
from transform.frontend.references import is_hidden_lvalue, is_lvalue_of
from transform.frontend.scatter import is_scatter, scatter_variable
from transform.frontend.scope import Alias, Binding, Broken, Lvalue, Memory, Scope, Value
from transform.frontend.shared_arrays import shared_array
from transform.ir.types import Scalar

_K = CursorKind
_HARMLESS = (
    _K.TYPEDEF_DECL,
    _K.TYPE_ALIAS_DECL,
    _K.USING_DECLARATION,
    _K.USING_DIRECTIVE,
    _K.NAMESPACE_ALIAS,
    _K.STATIC_ASSERT,
    _K.ENUM_DECL,
    _K.STRUCT_DECL,
    _K.CLASS_DECL,
)


def declaration(scope: Scope, cursor: Cursor) -> None:
    """One declaration statement, of one or several names."""
    for declared in cursor.get_children():
        if declared.kind in _HARMLESS:
            continue
        if declared.kind != _K.VAR_DECL:
            scope.refuse(declared, *fence.construct(declared))
            continue
        declare(scope, declared)


def declare(scope: Scope, cursor: Cursor) -> None:
    """One variable of a declaration, or of a condition."""
    binding = _variable(scope, cursor)
    if binding is not None:
        scope.env[key(cursor)] = binding


def _variable(scope: Scope, cursor: Cursor) -> Binding | None:
    type_, init = cursor.type, initializer(cursor)
    if cursor.storage_class == StorageClass.STATIC or str(cursor.tls_kind) != "TLSKind.NONE":
        if constant_value(cursor) is not None or array(type_) is not None:
            return None  # folded, or materialised, where it is used
        name, known = str(cursor.spelling), scalar(type_)
        hint = "make it a constant (constexpr) or a parameter"
        message = f"the static variable '{name}' keeps its value between calls"
        if known is not None and not is_reference(type_):  # it may count calls
            message += ", and a result depends on it"
            return Value(name, known, scope.unknown(name, known, message, hint))
        scope.refuse(cursor, message, hint)
        return Broken()
    if type_.get_canonical().is_volatile_qualified():
        scope.refuse(cursor, "a volatile variable is not supported", "remove volatile")
        return Broken()
    if is_view(type_):
        return view_variable(scope, cursor, init)
    if is_dual(type_) and init is not None:
        return dual_variable(scope, cursor, init)
    if lambdas.is_lambda(cursor) and init is not None:
        found_lambda = lambdas.find(scope, init)
        if found_lambda is None:
            scope.refuse(init, *fence.UNKNOWN_LAMBDA)
        return found_lambda or Broken()
    if lambdas.is_function_pointer(cursor) and init is not None:
        return lambdas.function_binding(scope, init) or Broken()
    if kokkos.is_policy(type_):
        found = policy(scope, init) if init is not None else None
        if init is None:
            scope.refuse(cursor, "a policy without bounds is not supported", "give its bounds here")
        return found or Broken()
    if class_name(type_) in (*kokkos.SPACES, "Kokkos::Timer"):
        return Instance()
    if is_scatter(cursor):
        return scatter_variable(scope, cursor, init)
    if is_reducer(type_) and init is not None:
        return reducer_variable(scope, init)
    element = scalar(type_)
    if element is not None:
        if is_reference(type_):
            return _reference(scope, cursor, init, element)
        return _scalar(scope, cursor, init, element)
    if is_object(type_):
        return _object(scope, cursor, init)
    if type_.get_canonical().kind == TypeKind.POINTER and init is not None and _is_simple(init):
        return pointer_argument(scope, init) or Broken()
    arrays = array(type_)
    if arrays is not None and not is_reference(type_):
        shared = shared_array(scope, cursor, arrays, init)
        if shared is not None:
            return shared
        symbol = scope.fresh.symbol(str(cursor.spelling), arrays)
        declare_array(scope, symbol, init, cursor)
        return Memory(symbol)
    if arrays is not None and init is not None:
        return _bound(lvalue(scope, init))
    _refuse_type(scope, cursor, init)
    return Broken()


def _object(scope: Scope, cursor: Cursor, init: Cursor | None) -> Binding:
    """A variable of class type or a ``std::array``, or a reference to one."""
    if init is None:
        scope.refuse(cursor, *fence.variable_type(cursor))
        return Broken()
    if is_reference(cursor.type):
        return _bound(lvalue(scope, init))
    return _bound(construct(scope, init, str(cursor.spelling), shape(cursor.type)))


def _bound(place_: Lvalue | None) -> Binding:
    return (None if place_ is None else binding_of(place_)) or Broken()


def _is_simple(init: Cursor) -> bool:
    """Whether a pointer is initialised with ``&x``, an array or another pointer."""
    source = strip(init)
    known = (_K.UNARY_OPERATOR, _K.DECL_REF_EXPR, _K.MEMBER_REF_EXPR, _K.CXX_THIS_EXPR)
    return source.kind in known or source.type.get_canonical().kind == TypeKind.CONSTANTARRAY


def _refuse_type(scope: Scope, cursor: Cursor, init: Cursor | None) -> None:
    source = strip(init) if init is not None else None
    if source is not None and source.kind == _K.CALL_EXPR and _is_free_function(source):
        scope.refuse(source, *fence.function(source.referenced))
    elif cursor.type.get_canonical().kind == TypeKind.POINTER:
        hint = "index the View or array, or use a reference"
        scope.refuse(cursor, f"the pointer variable '{cursor.spelling}' is not supported", hint)
    else:
        scope.refuse(cursor, *fence.variable_type(cursor))


def _is_free_function(call: Cursor) -> bool:
    return call.referenced is not None and call.referenced.kind == _K.FUNCTION_DECL


def _scalar(scope: Scope, cursor: Cursor, init: Cursor | None, type_: Scalar) -> Value:
    name = str(cursor.spelling)
    if init is None:
        return Value(name, type_, None)
    scope.env[key(cursor)] = Value(name, type_, None)  # in scope, but not initialised, in its initialiser
    value = expression(scope, init, name, True)
    fixed = "it is const" if cursor.type.is_const_qualified() else ""
    return Value(name, type_, convert(scope, value, type_, name, init), fixed)


def _reference(scope: Scope, cursor: Cursor, init: Cursor | None, type_: Scalar) -> Binding:
    if init is None:
        return Broken()
    if is_mutable_reference(cursor.type) or is_lvalue_of(init, type_):
        target = place(scope, init)
        if target is None:
            return Broken()
        if place_type(scope, target) == type_:
            return Alias(target)
        scope.refuse(cursor, "a reference to another type is not supported", "use the same type")
        return Broken()
    if is_hidden_lvalue(init, type_):
        scope.refuse(
            cursor, "a reference to a choice of variables is not supported", "drop the &: copy the value"
        )
        return Broken()
    return _scalar(scope, cursor, init, type_)
