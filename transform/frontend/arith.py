"""Arithmetic on atoms with C++'s conversions made explicit and constants of integers folded."""

from __future__ import annotations

import math
import struct

from transform.frontend.clang import Cursor
from transform.frontend.cpptypes import bits, is_signed, wrap
from transform.frontend.scope import Scope, zero
from transform.ir.build import scalar
from transform.ir.nodes import Atom, Const
from transform.ir.types import BOOL, Scalar

COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})


def constant(value: int | float | bool, type_: Scalar) -> Const:
    """``value`` converted to ``type_`` at compile time, as C++ converts it."""
    if type_ == BOOL:
        return Const(bool(value), type_)
    if type_.is_float:
        real = float(value)
        if type_.name == "float" and math.isfinite(real):
            real = float(struct.unpack("f", struct.pack("f", real))[0])
        return Const(real, type_)
    return Const(wrap(int(value), type_), type_)


def convert(scope: Scope, atom: Atom, to: Scalar, name: str, cursor: Cursor) -> Atom:
    """``atom`` as a value of type ``to``."""
    source = scalar(atom)
    if source == to:
        return atom
    if isinstance(atom, Const) and (to == BOOL or to.is_float or abs(atom.value) < 2**62):
        return constant(atom.value, to)
    if to == BOOL:
        return scope.apply("ne", (atom, zero(source)), BOOL, name, cursor)
    return scope.apply("cast", (atom,), to, name, cursor)


def apply(scope: Scope, fn: str, args: tuple[Atom, ...], name: str, cursor: Cursor) -> Atom:
    """``fn`` of operands of one type; the result has that type, or bool for a comparison."""
    type_ = BOOL if fn in COMPARISONS else scalar(args[-1 if fn == "select" else 0])
    folded = _fold(fn, args, type_)
    return scope.apply(fn, args, type_, name, cursor) if folded is None else folded


def _fold(fn: str, args: tuple[Atom, ...], type_: Scalar) -> Atom | None:
    if fn == "select" and isinstance(args[0], Const):
        return args[1] if args[0].value else args[2]
    if not all(isinstance(a, Const) for a in args):
        return None
    values = [a.value for a in args if isinstance(a, Const)]
    if fn == "neg" and type_.is_float:
        return Const(-float(values[0]), type_)
    if fn == "not":
        return Const(not values[0], BOOL)
    if not (scalar(args[0]).is_integer and len(values) in (1, 2)):
        return None
    a, b = int(values[0]), int(values[-1])
    if fn in COMPARISONS:
        return Const(
            {"lt": a < b, "le": a <= b, "gt": a > b, "ge": a >= b, "eq": a == b, "ne": a != b}[fn], BOOL
        )
    result = _fold_integers(fn, a, b, type_)
    if result is None:
        return None
    wrapped = wrap(result, type_)
    # Signed overflow is undefined: leave it to the user's compiler.
    return Const(wrapped, type_) if wrapped == result or not is_signed(type_) else None


def _fold_integers(fn: str, a: int, b: int, type_: Scalar) -> int | None:
    match fn:
        case "neg":
            return -a
        case "add":
            return a + b
        case "sub":
            return a - b
        case "mul":
            return a * b
        case "div" | "mod":
            if b == 0:
                return None
            quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)  # truncates, as in C++
            return quotient if fn == "div" else a - b * quotient
        case "bitand":
            return a & b
        case "bitor":
            return a | b
        case "bitxor":
            return a ^ b
        case "shl" | "shr":
            if not 0 <= b < bits(type_) or a < 0:
                return None
            return a << b if fn == "shl" else a >> b
        case _:
            return None
