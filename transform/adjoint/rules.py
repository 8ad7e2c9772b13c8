"""Derivatives of scalar functions: one product ``w * df/da_i`` per argument, shared by both modes.

Reverse mode multiplies by the adjoint of the result, tangent mode by the tangent of the argument.
Conventions where a function has a kink: ``fabs`` has derivative 0 at 0; ``fmax`` and ``fmin`` give a tie to
their first argument; functions constant almost everywhere (``floor``, ``round`` ...) have derivative 0, and
``fmod`` and ``remainder`` differentiate as ``x - n * y`` with the integer ``n`` held fixed. ``pow(x, y)`` has
derivative 0 with respect to ``y`` where ``x <= 0``, ``hypot`` has derivative 0 at the origin and ``fdim``
where its arguments are equal.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from transform.ir.build import Builder
from transform.ir.nodes import Atom

Product = Callable[[Builder, tuple[Atom, ...], Atom, Atom], Atom | None]
"""(builder, arguments, result, w) -> w * partial, or None where the partial is identically zero."""


def _one(expr: Callable[[Builder, Atom, Atom, Atom], Atom]) -> tuple[Product, ...]:
    """A unary rule from ``expr(b, x, r, w)``."""
    return (lambda b, a, r, w: expr(b, a[0], r, w),)


def _zero(b: Builder, a: tuple[Atom, ...], r: Atom, w: Atom) -> None:
    return None


def _square(b: Builder, x: Atom) -> Atom:
    return b.mul(x, x)


def _tan(b: Builder, x: Atom, r: Atom, w: Atom) -> Atom:
    return b.mul(w, b.add(b.const(1, x), _square(b, r)))


def _tanh(b: Builder, x: Atom, r: Atom, w: Atom) -> Atom:
    return b.mul(w, b.sub(b.const(1, x), _square(b, r)))


def _arc(sign: int, inner: Callable[[Builder, Atom], Atom]) -> Callable[[Builder, Atom, Atom, Atom], Atom]:
    """``sign * w / sqrt(inner(x))``."""

    def expr(b: Builder, x: Atom, r: Atom, w: Atom) -> Atom:
        q = b.div(w, b.call("sqrt", inner(b, x)))
        return q if sign > 0 else b.neg(q)

    return expr


def _over(inner: Callable[[Builder, Atom], Atom]) -> Callable[[Builder, Atom, Atom, Atom], Atom]:
    return lambda b, x, r, w: b.div(w, inner(b, x))


def _fabs(b: Builder, x: Atom, r: Atom, w: Atom) -> Atom:
    zero = b.const(0, x)
    inner = b.select(b.compare("lt", x, zero), b.neg(w), zero)
    return b.select(b.compare("gt", x, zero), w, inner)


def _gauss(sign: int) -> Callable[[Builder, Atom, Atom, Atom], Atom]:
    """erf and erfc: ``sign * 2/sqrt(pi) * exp(-x^2)``."""

    def expr(b: Builder, x: Atom, r: Atom, w: Atom) -> Atom:
        return b.mul(b.mul(w, b.const(sign * 2 / math.sqrt(math.pi), x)), b.call("exp", b.neg(_square(b, x))))

    return expr


def _pow_base(b: Builder, a: tuple[Atom, ...], r: Atom, w: Atom) -> Atom:
    x, y = a
    exponent = b.sub(y, b.const(1, y))
    power = x if exponent == b.const(1, y) else b.call("pow", x, exponent)
    partial = b.mul(y, power)
    # A zero exponent has derivative 0 even where x is 0 and pow(0, -1) is infinite.
    if partial != b.const(0, y) and not hasattr(y, "value"):
        partial = b.select(b.compare("eq", y, b.const(0, y)), b.const(0, y), partial)
    return b.mul(w, partial)


def _pow_exponent(b: Builder, a: tuple[Atom, ...], r: Atom, w: Atom) -> Atom:
    x, _ = a
    zero = b.const(0, x)
    return b.mul(w, b.select(b.compare("gt", x, zero), b.mul(r, b.call("log", x)), zero))


def _extremum(keeps: str) -> tuple[Product, Product]:
    """fmax (``ge``) and fmin (``le``): the argument that wins gets everything."""

    def first(b: Builder, a: tuple[Atom, ...], r: Atom, w: Atom) -> Atom:
        return b.select(b.compare(keeps, a[0], a[1]), w, b.const(0, w))

    def second(b: Builder, a: tuple[Atom, ...], r: Atom, w: Atom) -> Atom:
        return b.select(b.compare(keeps, a[0], a[1]), b.const(0, w), w)

    return first, second


def _positive_difference(which: int) -> Product:
    def product(b: Builder, a: tuple[Atom, ...], r: Atom, w: Atom) -> Atom:
        return b.select(b.compare("gt", a[0], a[1]), w if which == 0 else b.neg(w), b.const(0, w))

    return product


def _atan2(which: int) -> Product:
    def product(b: Builder, a: tuple[Atom, ...], r: Atom, w: Atom) -> Atom:
        y, x = a
        norm = b.add(_square(b, x), _square(b, y))
        return b.div(b.mul(w, x), norm) if which == 0 else b.neg(b.div(b.mul(w, y), norm))

    return product


def _hypot(which: int) -> Product:
    def product(b: Builder, a: tuple[Atom, ...], r: Atom, w: Atom) -> Atom:
        zero = b.const(0, r)
        return b.select(b.compare("gt", r, zero), b.div(b.mul(w, a[which]), r), zero)

    return product


def _copysign(b: Builder, a: tuple[Atom, ...], r: Atom, w: Atom) -> Atom:
    """The sign of ``x`` times the sign of ``y``, including that of a negative zero."""
    one = b.const(1, a[0])
    return b.mul(w, b.mul(b.call("copysign", one, a[0]), b.call("copysign", one, a[1])))


def _quotient(b: Builder, a: tuple[Atom, ...], r: Atom, w: Atom) -> Atom:
    """Of ``x - n * y``, with respect to ``y``."""
    n = b.call("floor", b.add(b.div(b.sub(a[0], r), a[1]), b.const(0.5, r)))
    return b.neg(b.mul(w, n))


def _log_base(base: float) -> tuple[Product, ...]:
    return _one(lambda b, x, r, w: b.div(w, b.mul(x, b.const(math.log(base), x))))


RULES: dict[str, tuple[Product, ...]] = {
    "copy": _one(lambda b, x, r, w: w),
    "attach": (_zero, lambda b, a, r, w: w),
    "neg": _one(lambda b, x, r, w: b.neg(w)),
    "add": (lambda b, a, r, w: w, lambda b, a, r, w: w),
    "sub": (lambda b, a, r, w: w, lambda b, a, r, w: b.neg(w)),
    "mul": (lambda b, a, r, w: b.mul(w, a[1]), lambda b, a, r, w: b.mul(w, a[0])),
    "div": (lambda b, a, r, w: b.div(w, a[1]), lambda b, a, r, w: b.neg(b.mul(b.div(w, a[1]), r))),
    "select": (
        _zero,
        lambda b, a, r, w: b.select(a[0], w, b.const(0, w)),
        lambda b, a, r, w: b.select(a[0], b.const(0, w), w),
    ),
    "fma": (
        lambda b, a, r, w: b.mul(w, a[1]),
        lambda b, a, r, w: b.mul(w, a[0]),
        lambda b, a, r, w: w,
    ),
    "sqrt": _one(lambda b, x, r, w: b.div(b.mul(w, b.const(0.5, x)), r)),
    "cbrt": _one(lambda b, x, r, w: b.div(w, b.mul(b.const(3, x), _square(b, r)))),
    "exp": _one(lambda b, x, r, w: b.mul(w, r)),
    "exp2": _one(lambda b, x, r, w: b.mul(w, b.mul(r, b.const(math.log(2), x)))),
    "expm1": _one(lambda b, x, r, w: b.mul(w, b.add(r, b.const(1, x)))),
    "log": _one(lambda b, x, r, w: b.div(w, x)),
    "log2": _log_base(2),
    "log10": _log_base(10),
    "log1p": _one(_over(lambda b, x: b.add(b.const(1, x), x))),
    "sin": _one(lambda b, x, r, w: b.mul(w, b.call("cos", x))),
    "cos": _one(lambda b, x, r, w: b.neg(b.mul(w, b.call("sin", x)))),
    "tan": _one(_tan),
    "asin": _one(_arc(1, lambda b, x: b.sub(b.const(1, x), _square(b, x)))),
    "acos": _one(_arc(-1, lambda b, x: b.sub(b.const(1, x), _square(b, x)))),
    "atan": _one(_over(lambda b, x: b.add(b.const(1, x), _square(b, x)))),
    "atan2": (_atan2(0), _atan2(1)),
    "sinh": _one(lambda b, x, r, w: b.mul(w, b.call("cosh", x))),
    "cosh": _one(lambda b, x, r, w: b.mul(w, b.call("sinh", x))),
    "tanh": _one(_tanh),
    "asinh": _one(_arc(1, lambda b, x: b.add(_square(b, x), b.const(1, x)))),
    "acosh": _one(_arc(1, lambda b, x: b.sub(_square(b, x), b.const(1, x)))),
    "atanh": _one(_over(lambda b, x: b.sub(b.const(1, x), _square(b, x)))),
    "erf": _one(_gauss(1)),
    "erfc": _one(_gauss(-1)),
    "pow": (_pow_base, _pow_exponent),
    "hypot": (_hypot(0), _hypot(1)),
    "fabs": _one(_fabs),
    "fmax": _extremum("ge"),
    "fmin": _extremum("le"),
    "fdim": (_positive_difference(0), _positive_difference(1)),
    "copysign": (_copysign, _zero),
    "fmod": (lambda b, a, r, w: w, _quotient),
    "remainder": (lambda b, a, r, w: w, _quotient),
    "nextafter": (lambda b, a, r, w: w, _zero),
    "tgamma": _one(lambda b, x, r, w: b.mul(w, b.mul(r, b.call("digamma", x)))),
    "lgamma": _one(lambda b, x, r, w: b.mul(w, b.call("digamma", x))),
    "floor": (_zero,),
    "ceil": (_zero,),
    "round": (_zero,),
    "trunc": (_zero,),
    "rint": (_zero,),
    "nearbyint": (_zero,),
    "logb": (_zero,),
}


def product(fn: str, which: int, b: Builder, args: tuple[Atom, ...], result: Atom, w: Atom) -> Atom | None:
    """``w`` times the partial derivative of ``fn`` with respect to argument ``which``.

    ``None`` if that partial is identically zero. Raises ``KeyError`` for a function without a rule.
    """
    return RULES[fn][which](b, args, result, w)


def has_partial(fn: str, which: int) -> bool:
    """Whether the partial with respect to argument ``which`` can be nonzero."""
    return RULES[fn][which] is not _zero
