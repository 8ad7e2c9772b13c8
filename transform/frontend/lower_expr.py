"""Expressions -> Lets. Everything that C++ converts implicitly becomes an explicit cast."""

from __future__ import annotations

from transform.frontend import effects, fence
from transform.frontend.arith import COMPARISONS, apply, constant, convert
from transform.frontend.clang import (
    Binary,
    Cursor,
    CursorKind,
    Unary,
    binary_kind,
    evaluate,
    expressions,
    is_implicit,
    key,
    strip,
    unary_kind,
)
from transform.frontend.cpptypes import scalar
from transform.frontend.lower_call import call
from transform.frontend.places import constant_value, is_broken, is_view_access, place
from transform.frontend.read_write import read
from transform.frontend.scope import Alias, Broken, Scope, Value, zero
from transform.ir.build import scalar as atom_type
from transform.ir.nodes import Apply, Atom, Block, Const, Extent, Let, Stmt
from transform.ir.types import BOOL, Scalar

_K = CursorKind
_CASTS = (_K.CSTYLE_CAST_EXPR, _K.CXX_STATIC_CAST_EXPR, _K.CXX_FUNCTIONAL_CAST_EXPR)
_LITERALS = (
    _K.INTEGER_LITERAL,
    _K.FLOATING_LITERAL,
    _K.CHARACTER_LITERAL,
    _K.CXX_BOOL_LITERAL_EXPR,
    _K.CXX_UNARY_EXPR,  # sizeof, alignof
)
_BINARY = {
    Binary.MUL: "mul",
    Binary.DIV: "div",
    Binary.REM: "mod",
    Binary.ADD: "add",
    Binary.SUB: "sub",
    Binary.SHL: "shl",
    Binary.SHR: "shr",
    Binary.LT: "lt",
    Binary.GT: "gt",
    Binary.LE: "le",
    Binary.GE: "ge",
    Binary.EQ: "eq",
    Binary.NE: "ne",
    Binary.AND: "bitand",
    Binary.XOR: "bitxor",
    Binary.OR: "bitor",
}
# Cheap and defined for all operands: may be evaluated although C++ would have skipped it.
_SPECULATIVE = (
    frozenset(
        {
            "neg",
            "add",
            "sub",
            "mul",
            "and",
            "or",
            "not",
            "select",
            "cast",
            "copy",
            "bitand",
            "bitor",
            "bitxor",
        }
    )
    | COMPARISONS
)


def expression(scope: Scope, cursor: Cursor, name: str = "", top: bool = False) -> Atom:
    """The value of a scalar expression.

    ``name`` is given to its last operation; ``top`` says that it is the whole right-hand side of a
    statement, where calls may have side effects. After a finding the value is a dummy of the right type.
    """
    with effects.sequenced(scope, scope.region or cursor):
        value = _expression(scope, cursor, name, top)
    if value is None:
        return scope.dummy(cursor)
    type_ = scalar(cursor.type)
    return value if type_ is None else convert(scope, value, type_, name, cursor)


def _expression(scope: Scope, cursor: Cursor, name: str, top: bool) -> Atom | None:
    kind = cursor.kind
    if kind in _LITERALS:
        return _literal(scope, cursor)
    if kind in (_K.PAREN_EXPR, _K.UNEXPOSED_EXPR, *_CASTS):
        return _wrapped(scope, cursor, name, top)
    if kind == _K.DECL_REF_EXPR:
        return _variable(scope, cursor)
    if kind == _K.MEMBER_REF_EXPR:
        return _member(scope, cursor, name)
    if kind == _K.ARRAY_SUBSCRIPT_EXPR or (kind == _K.CALL_EXPR and is_view_access(cursor)):
        source = place(scope, cursor)
        return None if source is None else read(scope, source, name, cursor)
    if kind == _K.CALL_EXPR:
        return call(scope, cursor, name, top)
    if kind == _K.UNARY_OPERATOR:
        return _unary(scope, cursor, name)
    if kind == _K.BINARY_OPERATOR:
        return _binary(scope, cursor, name)
    if kind == _K.COMPOUND_ASSIGNMENT_OPERATOR:
        return effects.modification(scope, cursor, expressions(cursor)[0], "an assignment")
    if kind == _K.CONDITIONAL_OPERATOR:
        return _conditional(scope, cursor, name)
    if kind == _K.INIT_LIST_EXPR and (type_ := scalar(cursor.type)) is not None:
        items = expressions(cursor)
        return zero(type_) if not items else expression(scope, items[0], name, top)
    scope.refuse(cursor, *fence.construct(cursor))
    return None


def _member(scope: Scope, cursor: Cursor, name: str) -> Atom | None:
    """A data member; static members and enumerators are constants."""
    if is_broken(scope, cursor):
        return None
    declaration = cursor.referenced
    if declaration is not None and declaration.kind != _K.FIELD_DECL:
        return _variable(scope, cursor)
    source = place(scope, cursor)
    return None if source is None else read(scope, source, name, cursor)


def _literal(scope: Scope, cursor: Cursor) -> Atom | None:
    type_, value = scalar(cursor.type), evaluate(cursor)
    if type_ is None or value is None:
        scope.refuse(
            cursor, f"a constant of type '{cursor.type.spelling}' is not supported", "use double or int"
        )
        return None
    return constant(value, type_)


def _wrapped(scope: Scope, cursor: Cursor, name: str, top: bool) -> Atom | None:
    """Parentheses, implicit conversions and casts: the operand, converted by the caller."""
    inner, type_ = expressions(cursor), scalar(cursor.type)
    if type_ is None:
        if not is_broken(scope, cursor):
            message = f"a value of type '{cursor.type.spelling}' is not supported"
            scope.refuse(cursor, message, "use scalars")
        return None
    if len(inner) == 1 and (cursor.kind != _K.UNEXPOSED_EXPR or is_implicit(cursor, inner[0])):
        if type_ == BOOL and strip(inner[0]).kind == _K.STRING_LITERAL:  # assert(x > 0 && "text")
            return Const(True, BOOL)
        if scalar(inner[0].type) is None and inner[0].kind != _K.INIT_LIST_EXPR:
            _unsupported_operand(scope, inner[0])
            return None
        return expression(scope, inner[0], "" if scalar(inner[0].type) != type_ else name, top)
    if not inner and (value := evaluate(cursor)) is not None:  # double()
        return constant(value, type_)
    scope.refuse(cursor, *fence.construct(cursor))
    return None


def _unsupported_operand(scope: Scope, cursor: Cursor) -> None:
    if is_broken(scope, cursor):
        return
    before = len(scope.findings)
    if cursor.kind in (_K.CALL_EXPR, _K.LAMBDA_EXPR, _K.STRING_LITERAL):
        _expression(scope, cursor, "", False)
    if len(scope.findings) == before:
        scope.refuse(cursor, f"a value of type '{cursor.type.spelling}' is not supported", "use scalars")


def _variable(scope: Scope, cursor: Cursor) -> Atom | None:
    declaration = cursor.referenced
    binding = scope.env.get(key(declaration))
    if isinstance(binding, Value | Alias) and not (isinstance(binding, Alias) and binding.pointer):
        source = place(scope, cursor)
        return None if source is None else read(scope, source, "", cursor)
    if isinstance(binding, Broken):
        return None
    if declaration is None or declaration.kind == _K.UNEXPOSED_DECL:  # template argument, variable template
        number, type_ = evaluate(cursor), scalar(cursor.type)
        if number is not None and type_ is not None:
            return constant(number, type_)
        scope.refuse(cursor, *fence.construct(cursor))
        return None
    value = constant_value(declaration)
    if value is not None:
        return value
    if declaration.kind == _K.VAR_DECL and scalar(declaration.type) is not None:
        hint = "pass it as a parameter, or make it a constant (constexpr)"
        scope.refuse(cursor, f"the global variable '{cursor.spelling}' is not a constant", hint)
    else:
        hint = "use scalars, and elements of Views and arrays"
        scope.refuse(cursor, f"'{cursor.spelling}' cannot be used as a number here", hint)
    return None


def _unary(scope: Scope, cursor: Cursor, name: str) -> Atom | None:
    operator, operand = unary_kind(cursor), expressions(cursor)[0]
    type_ = scalar(cursor.type)
    if operator is Unary.PLUS:
        return expression(scope, operand, name)
    if operator is Unary.MINUS:
        return apply(scope, "neg", (expression(scope, operand),), name, cursor)
    if operator is Unary.LNOT:
        value = convert(scope, expression(scope, operand), BOOL, "", cursor)
        return apply(scope, "not", (value,), name, cursor)
    if operator is Unary.NOT and type_ is not None:
        return apply(scope, "bitxor", (expression(scope, operand), constant(-1, type_)), name, cursor)
    if operator is Unary.DEREF:
        source = place(scope, cursor)
        return None if source is None else read(scope, source, name, cursor)
    if operator in (Unary.POST_INC, Unary.POST_DEC, Unary.PRE_INC, Unary.PRE_DEC):
        return effects.modification(scope, cursor, operand, "an increment")
    if operator is Unary.ADDRESS:
        scope.refuse(cursor, "a pointer is not supported here", "pass Views, arrays or references")
    else:
        scope.refuse(cursor, *fence.construct(cursor))
    return None


def _binary(scope: Scope, cursor: Cursor, name: str) -> Atom | None:
    operator = binary_kind(cursor)
    left, right = expressions(cursor)
    if operator in (Binary.LAND, Binary.LOR):
        return _short_circuit(scope, cursor, left, right, operator is Binary.LAND, name)
    if operator is Binary.COMMA:
        return effects.comma(scope, cursor, name)
    if operator is Binary.ASSIGN:
        return effects.modification(scope, cursor, left, "an assignment")
    fn = _BINARY.get(operator) if operator is not None else None
    if fn is None:
        scope.refuse(cursor, *fence.construct(cursor))
        return None
    a, b = expression(scope, left), expression(scope, right)
    if fn in ("shl", "shr"):
        b = convert(scope, b, atom_type(a), "", cursor)
    if atom_type(a) != atom_type(b):
        # Only pointers and classes compare without conversion to a common type.
        scope.refuse(cursor, "operands of this type are not supported", "use scalars")
        return None
    return apply(scope, fn, (a, b), name, cursor)


def _short_circuit(
    scope: Scope, cursor: Cursor, left: Cursor, right: Cursor, conjunction: bool, name: str
) -> Atom:
    with effects.sequenced(scope, left):
        a = convert(scope, expression(scope, left), BOOL, "", left)

    def last() -> Atom:
        return convert(scope, expression(scope, right), BOOL, "", right)

    if isinstance(a, Const):
        if bool(a.value) != conjunction:
            effects.side(scope, right, last)  # for its findings
            return a
        with effects.sequenced(scope, right):
            return last()
    evaluated = effects.side(scope, right, last)
    if all(_speculative(s) for s in evaluated[0].stmts) and not effects.has_effects(scope, evaluated):
        scope.stmts += evaluated[0].stmts
        return apply(scope, "and" if conjunction else "or", (a, evaluated[2]), name, cursor)
    skipped = (Block(()), dict(scope.env), Const(not conjunction, BOOL))
    then, orelse = (evaluated, skipped) if conjunction else (skipped, evaluated)
    return effects.choose(scope, a, then, orelse, name, cursor)


def _speculative(stmt: Stmt) -> bool:
    match stmt:
        case Let(op=Apply(fn=fn), target=target):
            return fn in _SPECULATIVE or (fn == "div" and _is_float(target.type))
        case Let(op=Extent()):
            return True
        case _:
            return False


def _is_float(type_: object) -> bool:
    return isinstance(type_, Scalar) and type_.is_float


def _conditional(scope: Scope, cursor: Cursor, name: str) -> Atom | None:
    type_ = scalar(cursor.type)
    operands = expressions(cursor)
    if type_ is None:
        for operand in operands[1:]:
            if operand.kind == _K.CALL_EXPR and operand.referenced is not None:
                scope.refuse(cursor, *fence.function(operand.referenced))
                return None
        scope.refuse(cursor, "a conditional without a scalar value is not supported", "write if / else")
        return None
    with effects.sequenced(scope, operands[0]):
        cond = convert(scope, expression(scope, operands[0]), BOOL, "", operands[0])
    if isinstance(cond, Const):
        with effects.sequenced(scope, operands[1 if cond.value else 2]):
            return expression(scope, operands[1 if cond.value else 2], name)

    def side(operand: Cursor) -> effects.Side:
        return effects.side(
            scope, operand, lambda: convert(scope, expression(scope, operand), type_, "", operand)
        )

    then, orelse = side(operands[1]), side(operands[2])
    if not then[0].stmts and not orelse[0].stmts and not effects.has_effects(scope, then, orelse):
        return apply(scope, "select", (cond, then[2], orelse[2]), name, cursor)
    return effects.choose(scope, cond, then, orelse, name, cursor)
