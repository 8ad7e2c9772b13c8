"""Calls of functions with a body: lowered in place, parameters and ``*this`` bound to what is given.

A result of class type, and the object behind a reference that is returned, are places in the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from transform.frontend import fence, kokkos, lambdas
from transform.frontend.arith import convert
from transform.frontend.bindings import Instance
from transform.frontend.clang import (
    ClangType,
    Cursor,
    CursorKind,
    TypeKind,
    Unary,
    arguments,
    expressions,
    has_global_storage,
    initializer,
    is_written,
    key,
    member_of,
    strip,
    unary_kind,
    walk,
)
from transform.frontend.classes import is_object, shape
from transform.frontend.cpptypes import (
    array,
    class_name,
    is_mutable_reference,
    is_reference,
    is_view,
    scalar,
)
from transform.frontend.dual_view import is_dual
from transform.frontend.identity import referenced
from transform.frontend.objects import allocate, binding_of, copy, keys, leaves, reference_to, referred
from transform.frontend.places import array_operand, binding, lvalue, place, pointee
from transform.frontend.read_write import place_type
from transform.frontend.references import forwarded, is_hidden_lvalue, is_lvalue_of
from transform.frontend.scatter import is_scatter, scatter_argument
from transform.frontend.scope import (
    THIS,
    Alias,
    Binding,
    Broken,
    Either,
    Element,
    Group,
    Handle,
    Lvalue,
    Memory,
    NoView,
    Object,
    Part,
    Run,
    Scope,
    Sum,
    Unset,
    Value,
    Variable,
    zero,
)
from transform.frontend.team_handle import member
from transform.frontend.views import view_of, view_source
from transform.ir.build import TEMPORARY
from transform.ir.nodes import Allocate, Atom, Block, Const, Declare, DeepCopy, Increment, Launch, Stmt, Store
from transform.ir.types import BOOL, Array
from transform.ir.walk import walk as walk_ir

_K = CursorKind
METHODS = (_K.CXX_METHOD, _K.CONVERSION_FUNCTION)


def inlined_value(scope: Scope, cursor: Cursor, callee: Cursor, name: str, top: bool) -> Atom | None:
    """The value of a call that has a scalar as its result; ``None`` for void, or after a finding."""
    wanted, findings = _wanted(callee, name), len(scope.findings)
    return _value(scope, cursor, callee, inlined(scope, cursor, callee, wanted, top), findings)


def lambda_value(
    scope: Scope,
    cursor: Cursor,
    callee: Cursor,
    given: list[Cursor],
    captured: tuple[tuple[int, Binding], ...],
    name: str,
    top: bool,
) -> Atom | None:
    """The value of a call of a lambda."""
    wanted, findings = _wanted(callee, name), len(scope.findings)
    body = [c for c in callee.get_children() if c.kind == _K.COMPOUND_STMT]
    frame = Frame(None, wanted, None, top, captured)
    result = run(scope, cursor, callee, given, frame, lambda: scope.body(scope, body))
    return _value(scope, cursor, callee, result, findings)


def _wanted(callee: Cursor, name: str) -> Value | None:
    type_ = scalar(callee.result_type)
    return None if type_ is None else Value(name or _name(callee), type_, None)


def _value(
    scope: Scope, cursor: Cursor, callee: Cursor, result: Binding | None, findings: int
) -> Atom | None:
    if not isinstance(result, Value):
        return None
    if result.atom is None:
        if len(scope.findings) == findings and not _refused_inside(scope, callee.get_definition()):
            message = f"{_quoted(callee)} may end without returning a value"
            scope.refuse(cursor, message, "return on every path")
        return zero(result.type)
    return result.atom


def _refused_inside(scope: Scope, definition: Cursor) -> bool:
    """Whether a refused statement may be the reason why a function does not return."""
    extent = definition.extent
    lines = range(extent.start.line, extent.end.line + 1)
    return any(f.loc and f.loc.file == str(extent.start.file) and f.loc.line in lines for f in scope.findings)


def _quoted(callee: Cursor) -> str:
    owner = callee.semantic_parent
    unnamed = callee.kind == _K.CXX_METHOD and "(lambda at " in str(owner.type.spelling)
    return "this lambda" if unnamed else f"'{callee.spelling}'"


def _is_pointer(type_: ClangType) -> bool:
    return bool(type_.get_canonical().kind == TypeKind.POINTER)


def _name(callee: Cursor) -> str:
    """A name for the result that C++ can spell: not that of an operator."""
    return str(callee.spelling) if str(callee.spelling).isidentifier() else TEMPORARY


def inlined_place(scope: Scope, cursor: Cursor, callee: Cursor, name: str, top: bool) -> Lvalue | None:
    """The object that a call returns, or what the reference that it returns denotes."""
    by_reference = is_reference(callee.result_type) or _is_pointer(callee.result_type)
    definition = callee.get_definition()
    wanted: Binding = Unset()
    if not by_reference and not _returns_last(definition):
        made = allocate(scope, name or _name(callee), shape(callee.result_type), cursor)
        wanted = binding_of(made) or Broken()
    findings = len(scope.findings)
    result = inlined(scope, cursor, callee, wanted, top)
    if isinstance(result, Unset) and len(scope.findings) == findings:
        message = f"'{callee.spelling}' may end without returning a value"
        scope.refuse(cursor, message, "return on every path")
    return referred(result)


def inlined_view(scope: Scope, cursor: Cursor, callee: Cursor, top: bool) -> Handle | None:
    """The View that a call returns; ``None`` after a finding."""
    found = inlined(scope, cursor, callee, NoView("the function that gives it returns none"), top)
    return found if isinstance(found, Handle) else None


def _returns_last(definition: Cursor) -> bool:
    """Whether the only return statement is the last one: the result can then be what is returned itself."""
    body = next((c for c in definition.get_children() if c.kind == _K.COMPOUND_STMT), None)
    statements = list(body.get_children()) if body is not None else []
    returns = [c for c in walk(definition) if c.kind == _K.RETURN_STMT]
    return len(returns) == 1 and bool(statements) and returns[0] == statements[-1]


def returned(scope: Scope, cursor: Cursor, value: Cursor) -> None:
    """``return value;`` in a function that is inlined, or in the one that is differentiated."""
    result = -len(scope.inlining)
    match scope.env.get(result) if not scope.in_kernel or scope.inlining else None:
        case Value(name=name, type=type_):
            atom = scope.expression(scope, value, name, True)
            scope.env[result] = Value(name, type_, convert(scope, atom, type_, name, cursor))
        case Unset() | Alias():
            if value.type.get_canonical().kind == TypeKind.POINTER:
                found = array_operand(scope, value)
            else:
                found = scope.object(scope, _local(value), "", True)
            scope.env[result] = reference_to(found)
        case Object(place=target):
            found = scope.object(scope, value, "", True)
            if found is not None:
                copy(scope, target, found, cursor)
        case NoView() if is_view(value.type):
            scope.env[result] = scope.view(scope, value, str(value.spelling)) or Broken()
        case Memory(symbol=symbol):
            found = scope.object(scope, value, "", True)
            if found is not None:
                copy(scope, Part(symbol), found, cursor)
        case Broken():
            pass
        case _:
            hint = "write the statement, then return;"
            scope.refuse(cursor, "this return value is not supported", hint)


def _local(value: Cursor) -> Cursor:
    """The local variable of which a return statement returns a copy: at its end, it can be the result."""
    source = strip(value)
    constructor = source.referenced if source.kind == _K.CALL_EXPR else None
    if constructor is None or constructor.kind != _K.CONSTRUCTOR or not constructor.is_default_method():
        return value
    given = [strip(a) for a in arguments(source)]
    declared = given[0].referenced if len(given) == 1 and given[0].kind == _K.DECL_REF_EXPR else None
    if declared is None or is_reference(declared.type) or declared.kind not in (_K.VAR_DECL, _K.PARM_DECL):
        return value
    return value if has_global_storage(declared) else given[0]


@dataclass(frozen=True, slots=True)
class Frame:
    """What a call has beside its arguments: ``*this``, the binding of the result before the call, storage
    that nobody else sees yet, whether it is the whole right-hand side of a statement, and what holds for the
    body only (``captured``)."""

    this: Lvalue | None
    result: Binding | None
    own: Lvalue | None
    top: bool
    captured: tuple[tuple[int, Binding], ...] = ()


def inlined(
    scope: Scope, cursor: Cursor, callee: Cursor, result: Binding | None, top: bool
) -> Binding | None:
    """Lower a call in place; ``result`` is the binding of its result before the call, returned as it is
    afterwards. ``None`` for void, or after a finding."""
    if callee.is_virtual_method():
        hint = "call a function that is not virtual"
        scope.refuse(cursor, f"the virtual function '{callee.spelling}' is called", hint)
        return None
    given = arguments(cursor)
    this: Lvalue | None = None
    if callee.kind in METHODS and not callee.is_static_method():
        this, given = _object(scope, cursor, callee, given, top)
        if this is None:
            scope.left_out(cursor)
            return None
    definition = callee.get_definition()
    body = [c for c in definition.get_children() if c.kind == _K.COMPOUND_STMT]
    if not body:
        message = f"the body of '{callee.spelling}' is not supported"
        scope.refuse(cursor, message, "define it as an inline function")
        return None

    def lower() -> None:
        scope.body(scope, body)

    own = result.place if isinstance(result, Object) else None
    if isinstance(result, Memory):
        own = Part(result.symbol)
    return run(scope, cursor, callee, given, Frame(this, result, own, top), lower)


def _object(
    scope: Scope, cursor: Cursor, callee: Cursor, given: list[Cursor], top: bool
) -> tuple[Lvalue | None, list[Cursor]]:
    """The object of a member-function call, and the arguments without it. C++17 evaluates it before them."""
    inner = expressions(cursor)
    function = inner[0] if inner else None
    while function is not None and function.kind == _K.PAREN_EXPR:
        function = expressions(function)[0]
    if function is None or function.kind != _K.MEMBER_REF_EXPR or key(function.referenced) != key(callee):
        return _evaluated(scope, given[0], top and len(given) == 1), given[1:]  # an operator
    base = member_of(function)
    if not base:
        this = scope.env.get(THIS)
        return (this.place if isinstance(this, Object) else None), given
    if base[0].type.get_canonical().kind == TypeKind.POINTER:
        return pointee(scope, base[0]), given
    return _evaluated(scope, base[0], top), given


def _evaluated(scope: Scope, cursor: Cursor, top: bool) -> Lvalue | None:
    cursor = strip(cursor)
    return scope.object(scope, cursor, "", top) if cursor.kind == _K.CALL_EXPR else lvalue(scope, cursor)


def run(
    scope: Scope,
    cursor: Cursor,
    callee: Cursor,
    given: list[Cursor],
    frame: Frame,
    lower: Callable[[], None],
) -> Binding | None:
    """Bind the arguments, lower the body with ``lower``, leave the callee's names; the result's binding."""
    function = _quoted(callee)
    definition = callee.get_definition()
    if key(definition) in scope.inlining:
        scope.refuse(cursor, f"the recursive call of {function} is not supported", "write a loop")
        return None
    arguments_ = _bind(scope, cursor, callee, definition, given)
    if arguments_ is None:
        return None
    bindings = {**dict(frame.captured), **arguments_}
    if frame.this is not None:
        bindings[THIS] = binding_of(frame.this) or Broken()
    before, outer = dict(scope.env), scope.inlining
    scope.inlining = (*outer, key(definition))
    result_key = -len(scope.inlining)
    if isinstance(frame.result, Value):  # has some value where a jump has not returned one yet
        bindings[result_key] = replace(frame.result, atom=zero(frame.result.type))
    elif frame.result is not None:
        bindings[result_key] = frame.result
    scope.env = {**scope.env, **bindings}
    with scope.collect() as stmts, scope.function() as jump:
        lower()
        returns = scope.flag(jump.left) == Const(True, BOOL)
    scope.inlining = outer
    found = scope.env.get(result_key) if frame.result is not None else None
    if isinstance(found, Value) and not returns:
        found = replace(found, atom=None)
    kept = _keys(scope, found)
    scope.env = {
        k: before[k] if k in bindings and k in before else v
        for k, v in scope.env.items()
        if k in before or k in kept
    }
    own = set() if frame.own is None else set(keys(scope, frame.own))
    assigns = any(scope.env[k] != v for k, v in before.items() if k not in own)
    effects = assigns or stores_outward(Block(tuple(stmts)), frame.own)
    for parameter, argument in zip(arguments(definition), given, strict=True):
        type_ = scalar(parameter.type)
        if effects and type_ and is_reference(parameter.type) and is_hidden_lvalue(argument, type_):
            hint = "copy it into a local variable first"
            message = f"a reference to a choice of variables is passed to {function}, which has side effects"
            scope.refuse(argument, message, hint)
    if effects and not frame.top:
        scope.refuse(
            cursor,
            f"{function} has side effects and is called inside an expression",
            "give the call its own statement: the order of evaluation is unspecified",
        )
    scope.stmts += stmts
    return found


def _keys(scope: Scope, result: Binding | None) -> set[int]:
    """The variables that a result consists of."""
    match result:
        case Object(place=found):
            return set(keys(scope, found))
        case Alias(place=Variable(key=variable)):
            return {variable}
        case _:
            return set()


def stores_outward(block: Block, own: Lvalue | None) -> bool:
    local = {s.target for s in walk_ir(block) if isinstance(s, Declare | Allocate)}
    local |= {r.accumulator for s in walk_ir(block) if isinstance(s, Launch) for r in s.reductions}
    if own is not None:
        local |= {leaf.memory for _, leaf in leaves(own) if isinstance(leaf, Part | Element)}

    def outward(stmt: Stmt) -> bool:
        if isinstance(stmt, DeepCopy):
            return stmt.target not in local
        return isinstance(stmt, Store | Increment) and stmt.memory not in local

    return any(outward(s) for s in walk_ir(block))


# ---- arguments ----


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
        bound = _bind_one(scope, parameter, argument)
        complete = complete and bound is not None
        bindings[key(parameter)] = bound or Broken()
    return bindings if complete else None


def _bind_one(scope: Scope, parameter: Cursor, argument: Cursor) -> Binding | None:
    type_ = parameter.type
    if (team := member(scope, argument)) is not None:
        return team
    if is_view(type_):
        return referenced(scope, parameter, argument) or view_of(scope, argument)
    if is_scatter(parameter):
        return scatter_argument(scope, argument)
    if is_dual(type_) or (is_reference(type_) and (is_object(type_) or array(type_) is not None)):
        target = lvalue(scope, view_source(argument) if is_dual(type_) else argument)
        return None if target is None else binding_of(target)
    if lambdas.is_function_pointer(parameter):
        return lambdas.function_binding(scope, argument)
    if lambdas.is_lambda(parameter):
        return lambdas.find(scope, argument)
    if type_.get_canonical().kind in (TypeKind.POINTER, TypeKind.CONSTANTARRAY, TypeKind.INCOMPLETEARRAY):
        return pointer_argument(scope, argument)
    if class_name(type_) in kokkos.SPACES:
        return Instance()
    element = scalar(type_)
    if element is None and is_object(type_):
        made = scope.construct(scope, argument, str(parameter.spelling))
        return None if made is None else binding_of(made)
    if element is None:
        scope.refuse(argument, *fence.variable_type(parameter))
        return None
    of_value = type_.get_canonical().kind == TypeKind.RVALUEREFERENCE and forwarded(argument) is None
    aliases = is_mutable_reference(type_) or (is_reference(type_) and is_lvalue_of(argument, element))
    if aliases and not of_value:
        target_place = place(scope, argument)
        if target_place is None:
            return None
        if place_type(scope, target_place) != element:
            scope.refuse(argument, "a reference to another type is not supported", "use the same type")
            return None
        return Alias(target_place)
    value = scope.expression(scope, argument, "", False)
    return Value(str(parameter.spelling), element, convert(scope, value, element, "", argument))


def pointer_argument(scope: Scope, argument: Cursor) -> Binding | None:
    """The binding of a pointer that is initialised with an expression; ``None`` after a finding."""
    source = strip(argument)
    if source.kind == _K.UNARY_OPERATOR and unary_kind(source) is Unary.ADDRESS:
        return pointer_to(pointee(scope, source))
    if source.kind == _K.CXX_THIS_EXPR:
        return pointer_to(pointee(scope, source))
    known = binding(scope, source)
    if isinstance(known, Alias | Object) and known.pointer:
        return known
    if isinstance(known, Memory | Object) or array(source.type) is not None:
        target = array_operand(scope, source)
        if isinstance(target, Run) or (isinstance(target, Part) and isinstance(target.memory.type, Array)):
            return binding_of(target)
        if isinstance(target, Group):
            return Object(target, pointer=True)
        if target is None:
            return None
        hint = "pass a whole local array"
        scope.refuse(argument, f"'{source.spelling}' is not a local array", hint)
        return None
    hint = "pass a whole local array, a View with an index, or &x of a scalar"
    scope.refuse(argument, "this pointer argument is not supported", hint)
    return None


def pointer_to(target: Lvalue | None) -> Binding | None:
    """A pointer to an object, array or scalar."""
    match target:
        case Variable() | Element() | Sum() | Either():
            return Alias(target, pointer=True)
        case Group() | Part() | Run():
            return Object(target, pointer=True)
        case _:
            return None
