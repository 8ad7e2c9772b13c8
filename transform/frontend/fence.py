"""What the front end refuses, in words: a message and what the user can do instead.

Whatever is not lowered explicitly is refused; the tables only give the frequent cases a better text.
"""

from __future__ import annotations

from transform.frontend.clang import Cursor, CursorKind, qualified
from transform.frontend.cpptypes import class_name

_K = CursorKind

_CONSTRUCTS: dict[CursorKind, tuple[str, str]] = {
    _K.WHILE_STMT: ("a while loop is not supported", "write a counted for loop"),
    _K.DO_STMT: ("a do loop is not supported", "write a counted for loop"),
    _K.CXX_FOR_RANGE_STMT: ("a range-based for loop is not supported", "write a counted for loop"),
    _K.SWITCH_STMT: ("switch is not supported", "write if / else"),
    _K.GOTO_STMT: ("goto is not supported", "use loops and if / else"),
    _K.INDIRECT_GOTO_STMT: ("goto is not supported", "use loops and if / else"),
    _K.LABEL_STMT: ("a label is not supported", "use loops and if / else"),
    _K.BREAK_STMT: (
        "break is not supported",
        "loop over the full range and guard the body with if, or compute the trip count first",
    ),
    _K.CXX_TRY_STMT: ("try is not supported", "move error handling out of the differentiated function"),
    _K.CXX_THROW_EXPR: ("throw is not supported", "move error handling out of the differentiated function"),
    _K.ASM_STMT: ("inline assembly is not supported", "write the operation in C++"),
    _K.CXX_NEW_EXPR: (
        "new is not supported",
        "use a Kokkos::View on the host, a fixed-size array in a kernel",
    ),
    _K.CXX_DELETE_EXPR: ("delete is not supported", "use a Kokkos::View: it frees itself"),
    _K.CXX_REINTERPRET_CAST_EXPR: ("reinterpret_cast is not supported", "access the data by its own type"),
    _K.CXX_CONST_CAST_EXPR: ("const_cast is not supported", "declare the View with a non-const element type"),
    _K.CXX_DYNAMIC_CAST_EXPR: ("dynamic_cast is not supported", "call a free function instead"),
    _K.CXX_THIS_EXPR: ("this is not supported", "pass the members as parameters of a free function"),
    _K.MEMBER_REF_EXPR: (
        "members of classes are not supported",
        "copy the member into a local variable or pass it as a parameter",
    ),
    _K.LAMBDA_EXPR: ("a lambda is only supported as the body of a Kokkos launch", "make it a free function"),
    _K.COMPOUND_ASSIGNMENT_OPERATOR: (
        "an assignment inside an expression is not supported",
        "give the assignment its own statement",
    ),
    _K.UNION_DECL: ("a local union is not supported", "use scalars and fixed-size arrays"),
    _K.STRING_LITERAL: ("text is not supported here", "remove it from the differentiated function"),
    _K.OVERLOADED_DECL_REF: ("an overloaded function name is only supported in a call", "call the function"),
}

_RACING = "which iteration comes last is not known afterwards: reduce with a parallel_reduce"
_FUNCTIONS: dict[str, str] = {
    "Kokkos::atomic_max": _RACING,
    "Kokkos::atomic_min": _RACING,
    "Kokkos::atomic_fetch_max": _RACING,
    "Kokkos::atomic_fetch_min": _RACING,
    "Kokkos::atomic_max_fetch": _RACING,
    "Kokkos::atomic_min_fetch": _RACING,
    "Kokkos::atomic_exchange": _RACING,
    "Kokkos::atomic_compare_exchange": _RACING,
    "Kokkos::atomic_store": _RACING,
    "Kokkos::atomic_mul": _RACING,
    "Kokkos::atomic_fetch_mul": _RACING,
    "Kokkos::parallel_scan": "compute the scan outside the differentiated function",
    "Kokkos::initialize": "initialise Kokkos in main()",
    "Kokkos::finalize": "finalise Kokkos in main()",
    "Kokkos::TeamThreadRange": "use it as the range of a nested parallel_for in a kernel of teams",
    "__assert_fail": "check the arguments before the differentiated function, or define NDEBUG (-DNDEBUG)",
}

_OUTPUT = "remove output from the differentiated function"
_INPUT = "read the data before the differentiated function and pass it as a parameter"
_RANDOM = "draw the random numbers before the differentiated function and pass them in a View"
# C's functions, with or without std::, and Kokkos' own of the same name.
_C_FUNCTIONS: dict[str, str] = {
    **dict.fromkeys(("printf", "fprintf", "puts", "fputs", "putchar", "putc", "fwrite", "fflush"), _OUTPUT),
    **dict.fromkeys(("scanf", "fscanf", "sscanf", "fread", "fopen", "fclose", "fgets", "getchar"), _INPUT),
    **dict.fromkeys(("rand", "srand", "random", "srandom", "rand_r"), _RANDOM),
    **dict.fromkeys(("drand48", "erand48", "lrand48", "srand48"), _RANDOM),
    **dict.fromkeys(("memcpy", "memmove", "memset"), "assign the elements, or use Kokkos::deep_copy"),
}
# A class of std or Kokkos whose name has this in it: what to do instead.
_CLASS_FAMILIES: dict[str, str] = {
    "ostream": _OUTPUT,
    "ofstream": _OUTPUT,
    "istream": _INPUT,
    "ifstream": _INPUT,
    "_distribution": _RANDOM,
    "_engine": _RANDOM,
    "random_device": _RANDOM,
    "Kokkos::Random_": _RANDOM,
}

_CLASSES: dict[str, str] = {
    "Kokkos::DualView": "pass the View that the kernels use: x.view_device()",
    "Kokkos::DynRankView": "use a Kokkos::View",
    "Kokkos::OffsetView": "use a Kokkos::View and shift the index",
    "Kokkos::Experimental::ScatterView": "make it in the function, from the View that it contributes to",
    "Kokkos::Timer": "time outside the differentiated function",
    "Kokkos::complex": "use separate Views for the real and the imaginary part",
    "Kokkos::Array": "use a C array (double a[3])",
    "std::array": "use a C array (double a[3])",
    "std::function": "call a function by its name, or make its type a template parameter",
    "std::vector": "use a Kokkos::View on the host, a fixed-size array in a kernel",
}

_REDUCERS = ("Prod", "Min", "Max", "MinLoc", "MaxLoc", "MinMax", "MinMaxLoc", "LAnd", "LOr", "BAnd", "BOr")


UNKNOWN_LAMBDA = ("this lambda is not known here", "write the lambda expression itself here")
_NO_BODY = (
    "define it in this file or in an included header, or give it a custom derivative (a hand-written adjoint)"
)
_REWRITE = "rewrite it with scalars, arrays, loops and if / else"


def construct(cursor: Cursor) -> tuple[str, str]:
    """Message and hint for a statement or expression that is not lowered."""
    if cursor.kind in _CONSTRUCTS:
        return _CONSTRUCTS[cursor.kind]
    if cursor.kind in (_K.UNEXPOSED_EXPR, _K.UNEXPOSED_STMT, _K.UNEXPOSED_DECL):
        return "this construct is not supported", _REWRITE
    name = str(cursor.kind.name).lower().removesuffix("_expr").removesuffix("_stmt").replace("_", " ")
    return f"this construct ({name}) is not supported", _REWRITE


def function(callee: Cursor) -> tuple[str, str]:
    """Message and hint for a call that is neither known nor inlinable."""
    name = qualified(callee)
    if _writes(callee):
        return "output is not supported", _OUTPUT
    if name in _FUNCTIONS:
        return f"the function {name} is not supported", _FUNCTIONS[name]
    if name.removeprefix("std::").removeprefix("Kokkos::") in _C_FUNCTIONS:
        hint = _C_FUNCTIONS[str(callee.spelling)]
        return f"the function {callee.spelling} is not supported", hint
    if callee.kind == CursorKind.CXX_METHOD:
        owner = callee.semantic_parent
        if callee.is_virtual_method():
            message = f"the virtual function {owner.spelling}::{callee.spelling} may be any override of it"
            return message, "make the class a template parameter, or call a function that is not virtual"
        hint = _class_hint(qualified(owner)) or "call a function that is defined in this file or its headers"
        return f"the member function {owner.spelling}::{callee.spelling} is not supported", hint
    if callee.get_definition() is None:
        return f"the function {name} has no body here", _NO_BODY
    return (
        f"the function {name} is not known",
        "define it as an inline function in this file or an included header, or give its derivative: "
        f"void kad_{callee.spelling}_adjoint(arguments..., seed, adjoints&...)",
    )


def _writes(callee: Cursor) -> bool:
    """Whether a function is an operator of C++ streams."""
    result = str(callee.result_type.get_canonical().spelling)
    return callee.spelling == "operator<<" and "basic_ostream" in result


def _class_hint(name: str) -> str | None:
    """What to do instead of using a class of Kokkos or the standard library."""
    families = (hint for part, hint in _CLASS_FAMILIES.items() if part in name)
    return _CLASSES.get(name) or next(families, None)


def reducer(name: str) -> tuple[str, str]:
    hint = "only sums can be differentiated: pass a scalar variable or Kokkos::Sum<double>(x)"
    kind = "reducer" if name.rpartition("::")[2] in _REDUCERS else "reduction result"
    return f"the {kind} {name or 'of this type'} is not supported", hint


def policy(cursor: Cursor) -> tuple[str, str]:
    """Message and hint for an execution policy that is not understood."""
    name = class_name(cursor.type) or str(cursor.type.spelling)
    hint = _CLASSES.get(name, "use an integer count, RangePolicy or MDRangePolicy")
    return f"the policy {name} is not supported", hint


def value_type(cursor: Cursor) -> tuple[str, str]:
    """Message and hint for an expression of a class type that is not taken apart."""
    hint = _CLASSES.get(class_name(cursor.type), "use scalars, arrays, Views and simple classes of these")
    return f"a value of type '{cursor.type.spelling}' is not supported", hint


def variable_type(cursor: Cursor) -> tuple[str, str]:
    """Message and hint for a variable or parameter of an unsupported type."""
    known = "supported are scalars, fixed-size arrays of scalars, and Kokkos::View of rank 0 to 8"
    hint = _class_hint(class_name(cursor.type)) or known
    return f"a variable of type '{cursor.type.spelling}' is not supported", hint
