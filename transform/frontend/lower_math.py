"""Mathematical functions: those of the IR by their names, the others written with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from transform.frontend import kokkos
from transform.frontend.arith import apply, constant, convert
from transform.frontend.clang import Cursor, CursorKind, arguments, expressions, is_written, strip
from transform.frontend.cpptypes import scalar
from transform.frontend.scope import Scope, zero
from transform.ir.build import scalar as atom_type
from transform.ir.nodes import Atom, Const
from transform.ir.types import BOOL, DOUBLE, Scalar

_LARGEST = {"double": 1.7976931348623157e308, "float": 3.4028234663852886e38}
_SMALLEST_NORMAL = {"double": 2.2250738585072014e-308, "float": 1.1754943508222875e-38}


def math_call(scope: Scope, cursor: Cursor, callee: Cursor, name: str) -> Atom | None:
    """The value of a call of a mathematical function; ``None`` if ``callee`` is none that is known here.

    After a finding the value is a dummy."""
    type_ = scalar(cursor.type)
    if type_ is None:
        return None
    given = [a for a in arguments(cursor) if is_written(a)]
    plain = kokkos.plain_name(callee)
    if plain in ("max", "min") and len(given) == 1:
        return _extremum_of_list(scope, cursor, given[0], plain, type_, name)
    rule = _WRITTEN_OUT.get(plain) or _WRITTEN_OUT.get(plain.removesuffix("f"))
    if rule is not None and (rule.arguments == len(given)):
        args = _arguments(scope, given, None if rule.own_type else type_)
        return rule.write(_Writer(scope, cursor, name), args)
    fn = kokkos.math_function(callee)
    if fn is None:
        return None
    if len(given) != kokkos.MATH[fn]:
        message = f"{cursor.spelling} with {len(given)} argument(s) is not supported"
        scope.refuse(cursor, message, f"call it with {kokkos.MATH[fn]}")
        return scope.dummy(cursor)
    return _function(scope, cursor, fn, _arguments(scope, given, type_), type_, name)


def _arguments(scope: Scope, given: list[Cursor], type_: Scalar | None) -> list[Atom]:
    """The arguments, converted to ``type_`` if there is one."""
    values = [scope.expression(scope, a, "", False) for a in given]
    if type_ is None:
        return values
    return [convert(scope, v, type_, "", a) for v, a in zip(values, given, strict=True)]


def _function(scope: Scope, cursor: Cursor, fn: str, args: list[Atom], type_: Scalar, name: str) -> Atom:
    if type_.is_float:
        return scope.apply(fn, tuple(args), type_, name, cursor)
    writer = _Writer(scope, cursor, name)
    if fn == "fabs":
        return writer.select(writer.less(args[0], zero(type_)), writer("neg", args[0]), args[0])
    if fn in ("fmax", "fmin"):
        first, second = args if fn == "fmax" else reversed(args)
        return writer.select(writer.less(first, second), args[1], args[0])
    scope.refuse(cursor, f"{cursor.spelling} of integers is not supported", "convert the argument to double")
    return scope.dummy(cursor)


def _extremum_of_list(
    scope: Scope, cursor: Cursor, argument: Cursor, plain: str, type_: Scalar, name: str
) -> Atom | None:
    """``std::max({a, b, c})``."""
    items = strip(argument)
    while items.kind != CursorKind.INIT_LIST_EXPR and len(inner := expressions(items)) == 1:
        items = strip(inner[0])
    if items.kind != CursorKind.INIT_LIST_EXPR:
        return None
    values = _arguments(scope, expressions(items), type_)
    result = values[0]
    for value in values[1:]:
        result = _function(scope, cursor, f"f{plain}", [result, value], type_, name)
    return result


# ---- functions that are written with others ----


@dataclass(frozen=True)
class _Writer:
    scope: Scope
    cursor: Cursor
    name: str

    def __call__(self, fn: str, *args: Atom) -> Atom:
        return apply(self.scope, fn, args, "", self.cursor)

    def function(self, fn: str, *args: Atom) -> Atom:
        return self.scope.apply(fn, args, atom_type(args[0]), "", self.cursor)

    def less(self, a: Atom, b: Atom) -> Atom:
        return self("lt", a, b)

    def select(self, cond: Atom, a: Atom, b: Atom) -> Atom:
        return apply(self.scope, "select", (cond, a, b), self.name, self.cursor)

    def real(self, a: Atom) -> Atom:
        """A floating-point argument: integers are converted to double."""
        return a if atom_type(a).is_float else convert(self.scope, a, DOUBLE, "", self.cursor)

    def number(self, value: float, like: Atom) -> Const:
        return constant(value, atom_type(like))


_Rule = Callable[[_Writer, list[Atom]], Atom]


@dataclass(frozen=True)
class _WrittenOut:
    """``own_type``: the arguments keep their types, instead of being converted to that of the result."""

    arguments: int
    write: _Rule
    own_type: bool = False


def _clamp(w: _Writer, a: list[Atom]) -> Atom:
    value, low, high = a
    return w.select(w.less(value, low), low, w("select", w.less(high, value), high, value))


def _is_finite(w: _Writer, a: list[Atom]) -> Atom:
    x = w.real(a[0])
    return w("le", w.function("fabs", x), w.number(_LARGEST[atom_type(x).name], x))


def _is_infinite(w: _Writer, a: list[Atom]) -> Atom:
    x = w.real(a[0])
    return w.less(w.number(_LARGEST[atom_type(x).name], x), w.function("fabs", x))


def _is_normal(w: _Writer, a: list[Atom]) -> Atom:
    x = w.real(a[0])
    small = w("le", w.number(_SMALLEST_NORMAL[atom_type(x).name], x), w.function("fabs", x))
    return w("and", small, _is_finite(w, a))


def _is_nan(w: _Writer, a: list[Atom]) -> Atom:
    x = w.real(a[0])
    return w.scope.apply("ne", (x, x), BOOL, w.name, w.cursor)


def _sign_bit(w: _Writer, a: list[Atom]) -> Atom:
    x = w.real(a[0])
    return w.less(w.function("copysign", w.number(1, x), x), zero(atom_type(x)))


def _hypot(w: _Writer, a: list[Atom]) -> Atom:
    inner = w.function("hypot", a[0], a[1])
    return w.scope.apply("hypot", (inner, a[2]), atom_type(inner), w.name, w.cursor)


def _rounded(fn: str) -> _Rule:
    """``lround`` and its relatives: an integer."""

    def write(w: _Writer, a: list[Atom]) -> Atom:
        type_ = scalar(w.cursor.type)
        assert type_ is not None
        return convert(w.scope, w.function(fn, w.real(a[0])), type_, w.name, w.cursor)

    return write


def _scaled(w: _Writer, a: list[Atom]) -> Atom:
    """``ldexp(x, n)``: in two steps where a power of two alone might not be a number."""
    x, type_ = w.real(a[0]), atom_type(w.real(a[0]))
    if isinstance(a[1], Const) and abs(int(a[1].value)) <= 126:
        return w.scope.apply("mul", (x, w.number(2.0 ** int(a[1].value), x)), type_, w.name, w.cursor)
    n = convert(w.scope, a[1], type_, "", w.cursor)
    half = w.function("trunc", w("mul", n, w.number(0.5, x)))
    x = w("mul", x, w.function("exp2", half))
    return w.scope.apply("mul", (x, w.function("exp2", w("sub", n, half))), type_, w.name, w.cursor)


def _compared(*fns: str) -> _Rule:
    """``isless`` and its relatives: whether one of the comparisons holds."""

    def write(w: _Writer, a: list[Atom]) -> Atom:
        types = {atom_type(w.real(v)) for v in a}
        common = DOUBLE if DOUBLE in types else types.pop()
        x, y = (convert(w.scope, v, common, "", w.cursor) for v in a)
        first, *others = (w(fn, x, y) for fn in fns)
        return w("or", first, *others) if others else first

    return write


def _unordered(w: _Writer, a: list[Atom]) -> Atom:
    return w("or", *(_is_nan(w, [v]) for v in a))


_WRITTEN_OUT = {
    **dict.fromkeys(("ldexp", "scalbn", "scalbln"), _WrittenOut(2, _scaled, own_type=True)),
    "exp10": _WrittenOut(1, lambda w, a: w.function("pow", w.number(10, a[0]), a[0])),
    "isgreater": _WrittenOut(2, _compared("gt"), own_type=True),
    "isgreaterequal": _WrittenOut(2, _compared("ge"), own_type=True),
    "isless": _WrittenOut(2, _compared("lt"), own_type=True),
    "islessequal": _WrittenOut(2, _compared("le"), own_type=True),
    "islessgreater": _WrittenOut(2, _compared("lt", "gt"), own_type=True),
    "isunordered": _WrittenOut(2, _unordered, own_type=True),
    "ilogb": _WrittenOut(1, _rounded("logb"), own_type=True),
    "clamp": _WrittenOut(3, _clamp),
    "hypot": _WrittenOut(3, _hypot),
    "rsqrt": _WrittenOut(1, lambda w, a: w("div", w.number(1, a[0]), w.function("sqrt", a[0]))),
    "isfinite": _WrittenOut(1, _is_finite, own_type=True),
    "isinf": _WrittenOut(1, _is_infinite, own_type=True),
    "isnan": _WrittenOut(1, _is_nan, own_type=True),
    "isnormal": _WrittenOut(1, _is_normal, own_type=True),
    "signbit": _WrittenOut(1, _sign_bit, own_type=True),
    "lround": _WrittenOut(1, _rounded("round"), own_type=True),
    "llround": _WrittenOut(1, _rounded("round"), own_type=True),
    "lrint": _WrittenOut(1, _rounded("nearbyint"), own_type=True),
    "llrint": _WrittenOut(1, _rounded("nearbyint"), own_type=True),
}
