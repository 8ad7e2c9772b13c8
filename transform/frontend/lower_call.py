"""Calls in expressions and kernels: View properties, math functions, inlined helper functions."""

from __future__ import annotations

from transform.frontend import fence, kokkos, lambdas
from transform.frontend.arith import apply, constant, convert
from transform.frontend.clang import (
    Cursor,
    CursorKind,
    TypeKind,
    Unary,
    arguments,
    evaluate,
    expressions,
    has_global_storage,
    in_system_header,
    initializer,
    is_written,
    key,
    namespace,
    qualified,
    strip,
    unary_kind,
)
from transform.frontend.cpptypes import array, is_mutable_reference, is_reference, is_view, scalar
from transform.frontend.places import is_broken, is_view_access, member_base, memory, place, place_type
from transform.frontend.scope import Alias, Binding, Broken, Memory, Scope, Value, zero
from transform.frontend.shape import extent, rank
from transform.frontend.views import view_of
from transform.ir.nodes import (
    Allocate,
    Atom,
    Block,
    Const,
    Declare,
    DeepCopy,
    Increment,
    Launch,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.types import SIZE, Array, Scalar
from transform.ir.walk import walk

_K = CursorKind
_LVALUES = (_K.DECL_REF_EXPR, _K.ARRAY_SUBSCRIPT_EXPR)


def call(scope: Scope, cursor: Cursor, name: str, top: bool) -> Atom | None:
    """The value of a call; ``None`` for a void function or after a finding."""
    callee = cursor.referenced
    if callee is None or callee.kind in (_K.VAR_DECL, _K.PARM_DECL):
        callee = _pointed(scope, cursor)
        if callee is None:
            return None
    if callee.spelling == "operator()" and given_lambda(cursor):
        return _lambda(scope, cursor, callee, name, top)
    if callee.kind == _K.CXX_METHOD:
        return _method(scope, cursor, callee)
    if callee.kind != _K.FUNCTION_DECL:
        message = f"an object of type '{cursor.type.spelling}' is not supported here"
        scope.refuse(cursor, message, "use scalars and Views")
        return None
    definition = callee.get_definition()
    user_code = definition is not None and not in_system_header(definition)
    if user_code and namespace(callee).split("::")[0] not in ("std", "Kokkos"):
        return _inline(scope, cursor, callee, definition, arguments(cursor), name, top, {})
    fn = kokkos.math_function(callee)
    type_ = scalar(cursor.type)
    if fn is not None and type_ is not None:
        return _math(scope, cursor, fn, type_, name)
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
    return _inline(scope, cursor, callee, callee, given, name, top, dict(found.copied))


# ---- member functions ----


def _method(scope: Scope, cursor: Cursor, callee: Cursor) -> Atom | None:
    base = member_base(cursor)
    given = arguments(cursor)
    if is_broken(scope, base if base is not None or not given else given[0]):
        return None
    if base is not None and is_view(base.type):
        found = _view_property(scope, cursor, base, str(callee.spelling))
        if found is not None:
            return found
    value, type_ = evaluate(cursor), scalar(cursor.type)
    if value is not None and type_ is not None:  # std::numeric_limits<double>::epsilon()
        return constant(value, type_)
    if base is not None and is_view(base.type):
        message = f"the member function View::{callee.spelling} is not supported"
        scope.refuse(cursor, message, "supported are v(...), v[...], extent, extent_int and size")
    else:
        scope.refuse(cursor, *fence.function(callee))
    return None


def _view_property(scope: Scope, cursor: Cursor, base: Cursor, method: str) -> Atom | None:
    if method not in ("extent", "extent_int", "size"):
        return None
    view = view_of(scope, base)
    if view is None:
        return scope.dummy(cursor)
    if method == "size":
        total: Atom = Const(1, SIZE)
        for dim in range(rank(view)):
            factor = extent(scope, view, dim, cursor)
            total = factor if dim == 0 else apply(scope, "mul", (total, factor), "", cursor)
        return total
    dim_atom = scope.expression(scope, arguments(cursor)[0], "", False)
    if not isinstance(dim_atom, Const) or not 0 <= int(dim_atom.value) < max(rank(view), 1):
        message = f"extent needs a constant dimension below the rank {rank(view)}"
        scope.refuse(cursor, message, "write v.extent(0)")
        return scope.dummy(cursor)
    return extent(scope, view, int(dim_atom.value), cursor)


# ---- math ----


def _math(scope: Scope, cursor: Cursor, fn: str, type_: Scalar, name: str) -> Atom | None:
    given = [a for a in arguments(cursor) if is_written(a)]
    if len(given) != kokkos.MATH[fn]:
        message = f"{cursor.spelling} with {len(given)} argument(s) is not supported"
        scope.refuse(cursor, message, f"call it with {kokkos.MATH[fn]}")
        return None
    args = tuple(convert(scope, scope.expression(scope, a, "", False), type_, "", a) for a in given)
    if type_.is_float:
        return scope.apply(fn, args, type_, name, cursor)
    if fn == "fabs":
        negative = apply(scope, "lt", (args[0], zero(type_)), "", cursor)
        negated = apply(scope, "neg", args, "", cursor)
        return apply(scope, "select", (negative, negated, args[0]), name, cursor)
    if fn in ("fmax", "fmin"):
        first, second = args if fn == "fmax" else (args[1], args[0])
        less = apply(scope, "lt", (first, second), "", cursor)
        return apply(scope, "select", (less, args[1], args[0]), name, cursor)
    scope.refuse(cursor, f"{cursor.spelling} of integers is not supported", "convert the argument to double")
    return None


# ---- inlining ----


def _inline(
    scope: Scope,
    cursor: Cursor,
    callee: Cursor,
    definition: Cursor,
    given: list[Cursor],
    name: str,
    top: bool,
    captured: dict[int, Binding],
) -> Atom | None:
    """The value of a call with the arguments ``given``; ``captured`` holds for the body only."""
    function = "this lambda" if given_lambda(cursor) else f"'{callee.spelling}'"
    body = [c for c in definition.get_children() if c.kind == _K.COMPOUND_STMT]
    returns = scalar(callee.result_type)
    if key(definition) in scope.inlining:
        scope.refuse(cursor, f"the recursive call of {function} is not supported", "write a loop")
        return None
    if not body:
        scope.refuse(cursor, f"the body of {function} is not supported", "define it as an inline function")
        return None
    result_type = callee.result_type.get_canonical()
    if is_reference(result_type) or (returns is None and result_type.kind != TypeKind.VOID):
        message = f"{function} returns '{callee.result_type.spelling}'"
        scope.refuse(cursor, message, "return a scalar by value, or write results to reference parameters")
        return None
    findings = len(scope.findings)
    bindings = _bind(scope, cursor, callee, definition, given)
    if bindings is None:
        return None
    before, outer, outer_depth = dict(scope.env), scope.inlining, scope.loop_depth
    scope.inlining = (*outer, key(definition))
    scope.loop_depth = 0
    result_key = -len(scope.inlining)
    if returns is not None:
        bindings[result_key] = Value(name or str(callee.spelling), returns, None)
    scope.env = {**scope.env, **captured, **bindings}
    with scope.collect() as stmts:
        scope.body(scope, body)
    scope.inlining, scope.loop_depth = outer, outer_depth
    result = scope.env.get(result_key)
    scope.env = {k: before[k] if k in captured else scope.env[k] for k in before}
    effects = _has_effects(Block(tuple(stmts)), before != scope.env)
    for parameter, argument in zip(arguments(definition), given, strict=True):
        type_ = scalar(parameter.type)
        if effects and type_ and is_reference(parameter.type) and is_hidden_lvalue(argument, type_):
            hint = "copy it into a local variable first"
            message = f"a reference to a choice of variables is passed to {function}, which has side effects"
            scope.refuse(argument, message, hint)
    if effects and not top:
        scope.refuse(
            cursor,
            f"{function} has side effects and is called inside an expression",
            "give the call its own statement: the order of evaluation is unspecified",
        )
    scope.stmts += stmts
    if returns is None:
        return None
    assert isinstance(result, Value)
    if result.atom is None:
        if len(scope.findings) == findings:  # else a refused statement may be the reason
            scope.refuse(cursor, f"{function} may end without returning a value", "return on every path")
        return zero(returns)
    return result.atom


def _has_effects(block: Block, assigns: bool) -> bool:
    local = {s.target for s in walk(block) if isinstance(s, Declare | Allocate)}
    local |= {r.accumulator for s in walk(block) if isinstance(s, Launch) for r in s.reductions}

    def outward(stmt: Stmt) -> bool:
        if isinstance(stmt, DeepCopy):
            return stmt.target not in local
        return isinstance(stmt, Store | Increment) and stmt.memory not in local

    return assigns or any(outward(s) for s in walk(block))


def _bind(
    scope: Scope, cursor: Cursor, callee: Cursor, definition: Cursor, given: list[Cursor]
) -> dict[int, Binding] | None:
    """What each parameter stands for in this call; ``None`` after a finding."""
    parameters = arguments(definition)
    if len(given) != len(parameters):
        scope.refuse(cursor, f"this call of '{callee.spelling}' is not supported", "give every argument")
        return None
    defaults = arguments(callee)
    bindings: dict[int, Binding] = {}
    complete = True
    for parameter, declared, argument in zip(parameters, defaults, given, strict=True):
        if not is_written(argument):
            default = initializer(declared) or initializer(parameter)
            if default is None:
                scope.refuse(cursor, "this default argument is not supported", "give every argument")
                return None
            argument = default
        binding = _bind_one(scope, parameter, argument)
        complete = complete and binding is not None
        bindings[key(parameter)] = binding or Broken()
    return bindings if complete else None


def _bind_one(scope: Scope, parameter: Cursor, argument: Cursor) -> Binding | None:
    type_ = parameter.type
    if is_view(type_):
        return view_of(scope, argument)
    if array(type_) is not None and is_reference(type_):
        target = memory(scope, argument)
        return None if target is None else _whole_array(scope, target, argument)
    if lambdas.is_function_pointer(parameter):
        return lambdas.function_binding(scope, argument)
    if type_.get_canonical().kind in (TypeKind.POINTER, TypeKind.CONSTANTARRAY, TypeKind.INCOMPLETEARRAY):
        return _bind_pointer(scope, argument)
    if lambdas.is_lambda(parameter):
        return lambdas.find(scope, argument)
    element = scalar(type_)
    if element is None:
        scope.refuse(argument, *fence.variable_type(parameter))
        return None
    if is_reference(type_) and (is_mutable_reference(type_) or is_lvalue_of(argument, element)):
        target_place = place(scope, argument)
        if target_place is None:
            return None
        if place_type(scope, target_place) != element:
            scope.refuse(argument, "a reference to another type is not supported", "use the same type")
            return None
        return Alias(target_place)
    value = scope.expression(scope, argument, "", False)
    return Value(str(parameter.spelling), element, convert(scope, value, element, "", argument))


def _bind_pointer(scope: Scope, argument: Cursor) -> Binding | None:
    source = strip(argument)
    if source.kind == _K.UNARY_OPERATOR and unary_kind(source) is Unary.ADDRESS:
        target_place = place(scope, expressions(source)[0])
        return None if target_place is None else Alias(target_place, pointer=True)
    if source.kind == _K.DECL_REF_EXPR:
        known = scope.env.get(key(source.referenced))
        if isinstance(known, Alias) and known.pointer:
            return known
        if isinstance(known, Memory) or array(source.referenced.type) is not None:
            target = memory(scope, source)
            return None if target is None else _whole_array(scope, target, argument)
    hint = "pass a whole local array, a View with an index, or &x of a scalar"
    scope.refuse(argument, "this pointer argument is not supported", hint)
    return None


def _whole_array(scope: Scope, target: Symbol, cursor: Cursor) -> Binding | None:
    if isinstance(target.type, Array):
        return Memory(target)
    scope.refuse(cursor, f"'{target.name}' is not a local array", "pass a whole local array")
    return None


def is_lvalue_of(cursor: Cursor, type_: Scalar) -> bool:
    """Whether an expression is an lvalue of this very type, so that a const reference to it is an alias."""
    while cursor.kind in (_K.PAREN_EXPR, _K.UNEXPOSED_EXPR):
        inner = expressions(cursor)
        if len(inner) != 1 or scalar(inner[0].type) != type_:
            return False
        cursor = inner[0]
    if scalar(cursor.type) != type_:
        return False
    if cursor.kind == _K.DECL_REF_EXPR:
        declaration = cursor.referenced
        if declaration is None or declaration.kind not in (_K.VAR_DECL, _K.PARM_DECL):
            return False
        return declaration.kind == _K.PARM_DECL or not has_global_storage(
            declaration
        )  # globals are constants
    if cursor.kind == _K.UNARY_OPERATOR:
        return unary_kind(cursor) is Unary.DEREF
    return cursor.kind in _LVALUES or (cursor.kind == _K.CALL_EXPR and is_view_access(cursor))


def is_hidden_lvalue(cursor: Cursor, type_: Scalar) -> bool:
    """Whether a reference would be bound to a variable or element that is chosen at run time:
    ``c ? x(i) : x(j)``, ``std::max(a, b)``."""
    cursor = strip(cursor)
    if cursor.kind == _K.CONDITIONAL_OPERATOR:
        sides = expressions(cursor)[1:]
        return all(is_lvalue_of(side, type_) or is_hidden_lvalue(side, type_) for side in sides)
    callee = cursor.referenced if cursor.kind == _K.CALL_EXPR else None
    return callee is not None and callee.kind == _K.FUNCTION_DECL and is_reference(callee.result_type)
