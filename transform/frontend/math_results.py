"""Mathematical functions with results behind pointers: ``modf(x, &whole)``, ``frexp``, ``sincos``.

Written with functions of the IR. Almost everywhere ``modf`` has derivative 1 and ``frexp`` that of a
multiplication with a power of two; whole numbers and exponents are constants.
"""

from __future__ import annotations

from collections.abc import Callable

from transform.frontend import kokkos
from transform.frontend.arith import apply, constant, convert
from transform.frontend.bindings import Alias, Broken
from transform.frontend.clang import Cursor, arguments, is_written
from transform.frontend.cpptypes import scalar
from transform.frontend.inline import pointer_argument
from transform.frontend.read_write import place_type, write
from transform.frontend.scope import Scope, zero
from transform.ir.build import scalar as atom_type
from transform.ir.nodes import Atom
from transform.ir.types import DOUBLE

_Results = tuple[Atom | None, tuple[Atom, ...]]
"""What the function returns, what it leaves behind each pointer."""


def with_results(
    scope: Scope, cursor: Cursor, callee: Cursor, name: str, top: bool
) -> tuple[bool, Atom | None]:
    """Whether ``callee`` is such a function, and what it returns: nothing after a finding."""
    plain = kokkos.plain_name(callee)
    rule = next((_RULES[p] for p in (plain, plain.removesuffix("f")) if p in _RULES), None)
    if plain.startswith("remquo"):
        hint = "use remainder(x, y): how many bits of the quotient remquo keeps differs between libraries"
        scope.refuse(cursor, "remquo is not supported", hint)
        return True, None
    if rule is None:
        return False, None
    if not top:
        hint = "give the call its own statement: the order of evaluation is unspecified"
        scope.refuse(cursor, f"{plain} sets a variable and is called inside an expression", hint)
        return True, None
    value, *pointers = [a for a in arguments(cursor) if is_written(a)]
    # The pointer is evaluated first: what it points to may be what the argument reads, and only then set.
    targets = [pointer_argument(scope, p) for p in pointers]
    x = scope.expression(scope, value, "", False)
    type_ = scalar(cursor.type) or atom_type(x)
    x = convert(scope, x, type_ if type_.is_float else DOUBLE, "", value)
    returned, left = rule(scope, cursor, x)
    for target, result, pointer in zip(targets, left, pointers, strict=True):
        if isinstance(target, Alias):
            stored = convert(scope, result, place_type(scope, target.place), "", pointer)
            write(scope, target.place, stored, cursor)
        elif target is not None and not isinstance(target, Broken):
            scope.refuse(pointer, "this pointer argument is not supported", "pass &x of a scalar")
    return True, returned


def _modf(scope: Scope, cursor: Cursor, x: Atom) -> _Results:
    type_ = atom_type(x)
    return scope.apply("fmod", (x, constant(1, type_)), type_, "", cursor), (
        scope.apply("trunc", (x,), type_, "", cursor),
    )


def _frexp(scope: Scope, cursor: Cursor, x: Atom) -> _Results:
    """``x / 2^k / 2`` with the ``k`` of ``logb``: exact, for the largest and the smallest numbers too."""
    type_ = atom_type(x)
    nothing = apply(scope, "eq", (x, zero(type_)), "", cursor)
    some = apply(scope, "select", (nothing, constant(1, type_), x), "", cursor)
    k = scope.apply("logb", (some,), type_, "", cursor)
    power = scope.apply("exp2", (k,), type_, "", cursor)
    half = apply(
        scope, "mul", (apply(scope, "div", (x, power), "", cursor), constant(0.5, type_)), "", cursor
    )
    exponent = apply(scope, "add", (k, constant(1, type_)), "", cursor)
    return half, (apply(scope, "select", (nothing, zero(type_), exponent), "", cursor),)


def _sincos(scope: Scope, cursor: Cursor, x: Atom) -> _Results:
    type_ = atom_type(x)
    return None, tuple(scope.apply(fn, (x,), type_, "", cursor) for fn in ("sin", "cos"))


_RULES: dict[str, Callable[[Scope, Cursor, Atom], _Results]] = {
    "modf": _modf,
    "frexp": _frexp,
    "sincos": _sincos,
}
