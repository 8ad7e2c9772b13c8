"""Statements that only print: no derivative depends on them, and a gradient leaves them out."""

from __future__ import annotations

from transform.frontend.clang import (
    Binary,
    ClangType,
    Cursor,
    CursorKind,
    StorageClass,
    TypeKind,
    Unary,
    arguments,
    binary_kind,
    expressions,
    has_global_storage,
    key,
    namespace,
    qualified,
    strip,
    unary_kind,
    walk,
)
from transform.frontend.cpptypes import class_name, is_reference, scalar

_K = CursorKind
# C's functions that write to a stream, and Kokkos' own of the same name.
C_OUTPUT = ("printf", "fprintf", "puts", "fputs", "putchar", "putc", "fwrite", "fflush")
_ENDINGS = ("exit", "abort", "terminate", "quick_exit", "_Exit", "longjmp")
_STREAMS = ("std::basic_ostream", "std::basic_ostringstream", "std::basic_stringstream", "std::ios_base")
_STEPS = (Unary.POST_INC, Unary.POST_DEC, Unary.PRE_INC, Unary.PRE_DEC)
_OUTWARD = (_K.CXX_NEW_EXPR, _K.CXX_DELETE_EXPR, _K.CXX_THROW_EXPR, _K.LAMBDA_EXPR, _K.ASM_STMT, _K.GOTO_STMT)
_DEEPEST = 8  # functions in functions


def only_prints(statement: Cursor) -> bool:
    """Whether a statement is output and has no other effect."""
    call = strip(statement)
    if call.kind != _K.CALL_EXPR or call.referenced is None:
        return False
    quiet = all(_kept(a.type, call.referenced) for a in arguments(call.referenced))
    return quiet and _prints(call, set()) and _harmless(call, set(), 0)


def _prints(call: Cursor, seen: set[int]) -> bool:
    """Whether a call writes to a stream, or is one of a function of the user's that does. ``seen``: the
    functions that are searched already."""
    callee = call.referenced
    if callee is None:
        return False
    if class_name(call.type) == "std::basic_ostream" or _is_c_output(callee):
        return True
    definition = callee.get_definition()
    if definition is None or namespace(callee).split("::")[0] in ("std", "Kokkos") or key(definition) in seen:
        return False
    seen.add(key(definition))
    return any(_prints(c, seen) for c in walk(definition) if c.kind == _K.CALL_EXPR)


def _is_c_output(callee: Cursor) -> bool:
    return qualified(callee).removeprefix("std::").removeprefix("Kokkos::") in C_OUTPUT


def _harmless(code: Cursor, local: set[int], depth: int) -> bool:
    """Whether code changes nothing but streams and the variables ``local``, and is always left at its end."""
    return all(_harmless_part(c, local, depth) for c in walk(code))


def _harmless_part(cursor: Cursor, local: set[int], depth: int) -> bool:
    match cursor.kind:
        case _K.CALL_EXPR:
            return _harmless_call(cursor, depth)
        case _K.UNARY_OPERATOR if unary_kind(cursor) in _STEPS:
            return _is_local(expressions(cursor)[0], local)
        case _K.UNARY_OPERATOR:
            return unary_kind(cursor) is not Unary.ADDRESS
        case _K.BINARY_OPERATOR if binary_kind(cursor) is not Binary.ASSIGN:
            return True
        case _K.BINARY_OPERATOR | _K.COMPOUND_ASSIGNMENT_OPERATOR:
            return _is_local(expressions(cursor)[0], local)
        case kind:
            return kind not in _OUTWARD


def _is_local(target: Cursor, local: set[int]) -> bool:
    target = strip(target)
    return target.kind == _K.DECL_REF_EXPR and key(target.referenced) in local


def _harmless_call(call: Cursor, depth: int) -> bool:
    callee = call.referenced
    if callee is None or callee.kind in (_K.VAR_DECL, _K.PARM_DECL) or depth > _DEEPEST:
        return False
    space = namespace(callee).split("::")[0]
    if _is_c_output(callee):
        return True
    if callee.spelling in _ENDINGS or not all(_kept(a.type, callee) for a in arguments(callee)):
        return False
    if callee.kind == _K.CXX_METHOD and not (
        callee.is_const_method() or callee.is_static_method() or _is_stream(callee.semantic_parent.type)
    ):
        return False
    if space == "std" or (space == "Kokkos" and callee.kind in (_K.CXX_METHOD, _K.CONSTRUCTOR)):
        return bool(callee.spelling != "operator>>")
    definition = callee.get_definition()
    if definition is None or space == "Kokkos" or callee.kind not in (_K.CXX_METHOD, _K.FUNCTION_DECL):
        return False
    return _harmless(definition, set(_locals(definition)), depth + 1)


def _kept(type_: ClangType, callee: Cursor) -> bool:
    """Whether ``callee`` cannot change what its caller sees, but streams, through a parameter of the type."""
    canonical = type_.get_canonical()
    if canonical.kind == TypeKind.RVALUEREFERENCE:
        return scalar(type_) is not None
    if canonical.kind not in (TypeKind.POINTER, TypeKind.LVALUEREFERENCE):
        return True
    pointee = canonical.get_pointee()
    if pointee.kind == TypeKind.FUNCTIONPROTO:
        return bool(callee.spelling == "operator<<")  # std::endl
    return bool(pointee.is_const_qualified()) or _is_stream(pointee)


def _is_stream(type_: ClangType) -> bool:
    name = class_name(type_)
    return name in _STREAMS or name.startswith("std::basic_ios") or "_IO_FILE" in type_.spelling


def _locals(definition: Cursor) -> list[int]:
    """The variables of numbers that belong to one call of a function."""
    found = []
    for c in walk(definition):
        if c.kind not in (_K.VAR_DECL, _K.PARM_DECL) or is_reference(c.type) or scalar(c.type) is None:
            continue
        if c.storage_class != StorageClass.STATIC and not has_global_storage(c):
            found.append(key(c))
    return found
