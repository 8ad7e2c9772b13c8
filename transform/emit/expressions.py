"""Expressions: which values are written where they are used, and how operations look in C++."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from transform.ir.build import TEMPORARY
from transform.ir.nodes import Apply, Atom, Block, Const, For, If, Let, Load, Restore, Stmt, Symbol
from transform.ir.types import Scalar, View
from transform.ir.walk import atoms, blocks, uses, walk, written

ATOM, UNARY, PRODUCT, SUM, SHIFT, ORDER, EQUAL, BITS, AND, OR, TERNARY = range(11)
"""Binding strengths, tightest first (C++'s operator precedence)."""

BINARY = {
    "mul": ("*", PRODUCT),
    "div": ("/", PRODUCT),
    "mod": ("%", PRODUCT),
    "add": ("+", SUM),
    "sub": ("-", SUM),
    "shl": ("<<", SHIFT),
    "shr": (">>", SHIFT),
    "lt": ("<", ORDER),
    "le": ("<=", ORDER),
    "gt": (">", ORDER),
    "ge": (">=", ORDER),
    "eq": ("==", EQUAL),
    "ne": ("!=", EQUAL),
    "bitand": ("&", BITS),
    "bitor": ("|", BITS),
    "bitxor": ("^", BITS),
    "and": ("&&", AND),
    "or": ("||", OR),
}


_SUFFIXES = {
    "long": "l",
    "long long": "ll",
    "unsigned int": "u",
    "unsigned long": "ul",
    "unsigned long long": "ull",
}


_WHOLE = ("int", *_SUFFIXES)
"""Integers whose sums have their own type."""


def literal(const: Const) -> str:
    value = const.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if const.type.is_float:
        number = float(value)
        if not math.isfinite(number):
            limits = f"std::numeric_limits<{const.type.name}>"
            if math.isnan(number):
                return f"{limits}::quiet_NaN()"
            return f"{'-' if number < 0 else ''}{limits}::infinity()"
        return repr(number) + ("f" if const.type.name == "float" else "")
    if const.type.name == "bool":
        return "true" if value else "false"
    suffix = _SUFFIXES.get(const.type.name, "")
    return f"{int(value)}{suffix if abs(int(value)) > 2**31 - 1 else ''}"


def cast(type_: Scalar, text: str) -> str:
    return f"{type_.name}({text})" if " " not in type_.name else f"static_cast<{type_.name}>({text})"


def inlined(block: Block) -> set[Symbol]:
    """Temporaries that may be written in place of their only use, or of every use: an index plus a constant.

    The only use must be in the same block (not inside a loop or branch, which would repeat or hide the
    evaluation), and a load must not move past a write to its memory.
    """
    count: Counter[Symbol] = Counter()
    for s in walk(block):
        count.update(uses(s))
    found = _neighbours(block)
    _inlined(block, (), count, found)
    return found


def _neighbours(block: Block) -> set[Symbol]:
    """Temporaries that are an index, or another integer with a name, plus or minus a constant."""
    changing = {x for s in walk(block) if isinstance(s, For) for c in s.carried for x in (c.inner, c.result)}
    found: set[Symbol] = set()
    for s in walk(block):
        match s:
            case Let(target=target, op=Apply(fn="add" | "sub", args=(Symbol() as x, Const(type=type_)))):
                named = target.name == TEMPORARY and x.name != TEMPORARY and x not in changing
                if named and type_.name in _WHOLE:
                    found.add(target)
    return found


def _inlined(block: Block, tail: tuple[Symbol, ...], count: Counter[Symbol], found: set[Symbol]) -> None:
    """``tail``: what the surrounding loop or branch evaluates at the end of ``block``."""
    used_at = dict.fromkeys(tail, len(block.stmts))
    for position, s in enumerate(block.stmts):
        for symbol in _direct(s):
            used_at[symbol] = position
        match s:
            case For(body=body, carried=carried, exit=leave):
                until = () if leave is None else (leave.until,)
                _inlined(body, _symbols((*(c.next for c in carried), *until)), count, found)
            case If(then=then, orelse=orelse, merges=merges):
                _inlined(then, _symbols(m.then for m in merges), count, found)
                _inlined(orelse, _symbols(m.orelse for m in merges), count, found)
            case _:
                for inner in blocks(s):
                    _inlined(inner, (), count, found)
    for position, s in enumerate(block.stmts):
        if not isinstance(s, Let) or count[s.target] != 1:
            continue
        if s.target.name != TEMPORARY and s.target not in tail:
            continue  # a name that the user gave; at a block's end the outer variable has it
        use = used_at.get(s.target)
        if use is None:
            continue
        across = block.stmts[position + 1 : use]
        if all(_may_move(memory, across) for memory in _loads(s, block, position, found)):
            found.add(s.target)


def _symbols(many: Iterable[Atom]) -> tuple[Symbol, ...]:
    return tuple(a for a in many if isinstance(a, Symbol))


def _direct(s: Stmt) -> tuple[Symbol, ...]:
    """Symbols that ``s`` evaluates where it stands."""
    match s:
        case For(lo=lo, hi=hi, carried=carried):
            return _symbols((lo, hi, *(c.init for c in carried)))
        case If(cond=cond):
            return _symbols((cond,))
        case _:
            return uses(s)


def _loads(s: Let, block: Block, position: int, found: set[Symbol]) -> list[Symbol]:
    """Memories read by ``s`` and by what is written inside it."""
    memories: list[Symbol] = []
    if isinstance(s.op, Load):
        memories.append(s.op.memory)
    inside = {a for a in atoms(s) if isinstance(a, Symbol) and a in found}
    for k in range(position):
        other = block.stmts[k]
        if isinstance(other, Let) and other.target in inside:
            memories += _loads(other, block, k, found)
    return memories


def _may_move(memory: Symbol, across: tuple[Stmt, ...]) -> bool:
    if memory in written(Block(across)):
        return False
    return not any(isinstance(s, Restore) and isinstance(memory.type, View) for s in across)
