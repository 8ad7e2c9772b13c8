"""The Kokkos entities and math functions that the front end recognises."""

from __future__ import annotations

from transform.frontend.clang import ClangType, Cursor, CursorKind, namespace, qualified, walk
from transform.frontend.cpptypes import class_name, plain_spelling, portable_spelling, scalar, unreferenced

DEFAULT_SPACE = "Kokkos::DefaultExecutionSpace"

LAUNCHES = ("Kokkos::parallel_for", "Kokkos::parallel_reduce")
PARALLEL = (*LAUNCHES, "Kokkos::parallel_scan")
NESTED = (
    "TeamThreadRange",
    "TeamVectorRange",
    "ThreadVectorRange",
    "TeamThreadMDRange",
    "TeamVectorMDRange",
    "ThreadVectorMDRange",
)
POLICIES = ("Kokkos::RangePolicy", "Kokkos::MDRangePolicy", "Kokkos::TeamPolicy")
_CALLED_WITH_MEMBER = ("Kokkos::RangePolicy", "Kokkos::TeamPolicy")
# Member functions that return the policy; what they set does not change what a kernel computes.
POLICY_SETTERS = ("set_chunk_size", "set_scratch_size")

SPACES = (
    "Kokkos::Serial",
    "Kokkos::OpenMP",
    "Kokkos::Threads",
    "Kokkos::Cuda",
    "Kokkos::HIP",
    "Kokkos::SYCL",
    "Kokkos::HPX",
    "Kokkos::Experimental::HIP",
    "Kokkos::Experimental::SYCL",
    "Kokkos::Experimental::HPX",
    "Kokkos::Experimental::OpenMPTarget",
    "Kokkos::Experimental::OpenACC",
)
_NEUTRAL_POLICY_ARGUMENTS = (
    "Kokkos::Rank",
    "Kokkos::IndexType",
    "Kokkos::Schedule",
    "Kokkos::LaunchBounds",
    "Kokkos::Static",
    "Kokkos::Dynamic",
)

# Calls without an effect on values. After an abort there are none.
WITHOUT_EFFECT = (
    "Kokkos::fence",
    "Kokkos::Timer::reset",
    "Kokkos::Profiling::pushRegion",
    "Kokkos::Profiling::popRegion",
    "Kokkos::abort",
    "std::abort",
    "abort",
)

SWAPS = ("std::swap", "Kokkos::kokkos_swap", "Kokkos::swap", "Kokkos::Experimental::swap")

# Kokkos function -> sign of the increment.
ATOMIC_UPDATES = {
    "Kokkos::atomic_add": 1,
    "Kokkos::atomic_fetch_add": 1,
    "Kokkos::atomic_increment": 1,
    "Kokkos::atomic_inc": 1,
    "Kokkos::atomic_sub": -1,
    "Kokkos::atomic_fetch_sub": -1,
    "Kokkos::atomic_decrement": -1,
    "Kokkos::atomic_dec": -1,
}

_UNARY_MATH = (
    "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "fabs", "erf", "erfc",
    "floor", "ceil", "round", "trunc", "rint", "nearbyint", "tgamma", "lgamma", "logb",
)  # fmt: skip
_BINARY_MATH = ("pow", "atan2", "hypot", "fmax", "fmin", "fmod", "copysign", "fdim",
                "remainder", "nextafter")  # fmt: skip
# Math function of C -> number of arguments; the IR uses the same names.
MATH = {**dict.fromkeys(_UNARY_MATH, 1), **dict.fromkeys(_BINARY_MATH, 2), "fma": 3}
_SYNONYMS = {"abs": "fabs", "max": "fmax", "min": "fmin"}
_MATH_NAMESPACES = ("", "std", "Kokkos", "Kokkos::Experimental")


def math_function(callee: Cursor) -> str | None:
    """The IR name of a math function of C, C++ or Kokkos, else ``None``."""
    name = plain_name(callee)
    for candidate in (name, name.removesuffix("f")):
        candidate = _SYNONYMS.get(candidate, candidate)
        if candidate in MATH:
            return candidate
    return None


def plain_name(callee: Cursor) -> str:
    """The name of a function of C, C++ or Kokkos without its namespace; empty for any other function."""
    if namespace(callee) not in _MATH_NAMESPACES:
        return ""
    return str(callee.spelling).removeprefix("__builtin_")


def has_launch(function: Cursor) -> bool:
    """Whether the body of ``function`` contains a Kokkos parallel construct."""
    return any(
        c.kind == CursorKind.CALL_EXPR and c.referenced is not None and qualified(c.referenced) in PARALLEL
        for c in walk(function)
        if c.kind == CursorKind.CALL_EXPR and str(c.spelling).startswith("parallel_")
    )


def is_policy(type_: ClangType) -> bool:
    return class_name(type_) in POLICIES


def policy_space(type_: ClangType) -> tuple[str, str | None]:
    """The execution space that a policy type names, and a template argument that is not understood."""
    space = DEFAULT_SPACE
    for position in range(type_.get_num_template_arguments()):
        argument = type_.get_template_argument_type(position)
        name = class_name(argument)
        if name in SPACES:
            space = portable_spelling(argument)
        elif name in _NEUTRAL_POLICY_ARGUMENTS or _is_tag(argument):
            continue
        elif name:
            return space, name
    return space, None


def work_tag(type_: ClangType) -> ClangType | None:
    """The type that a policy names to choose between call operators."""
    if class_name(type_) not in POLICIES:
        return None
    policy = unreferenced(type_)
    given = (policy.get_template_argument_type(k) for k in range(policy.get_num_template_arguments()))
    return next((a for a in given if _is_tag(a)), None)


def _is_tag(argument: ClangType) -> bool:
    """Whether an argument of a policy is a class of the user's."""
    return class_name(argument).split("::")[0] not in ("", "Kokkos", "std")


def index_type(type_: ClangType) -> str:
    """The C++ type with which a launch over a policy, or an iteration count, calls its kernel."""
    if scalar(type_) is not None:
        return "Kokkos::RangePolicy<>::member_type"
    member = "member_type" if class_name(type_) in _CALLED_WITH_MEMBER else "index_type"
    return f"{plain_spelling(type_)}::{member}"


def is_view_assignment(call: Cursor) -> bool:
    """Whether a call of ``operator=`` assigns a View."""
    given = list(call.get_arguments())
    return bool(given) and given[0] is not None and class_name(given[0].type) == "Kokkos::View"
