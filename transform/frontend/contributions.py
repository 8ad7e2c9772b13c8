"""What an iteration contributes to a reduction that is no sum.

The body of such a reduction works on an accumulator that already holds other iterations' contributions:
``if (v > m) m = v;``. It is lowered like any code, with the accumulator as a variable; here it is checked
that all it does is join something with the accumulator. Then what it leaves in an accumulator that was empty
is what the iteration contributes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from transform.ir.nodes import (
    Apply,
    Atom,
    Block,
    Combiner,
    Const,
    For,
    If,
    Increment,
    Let,
    Store,
    Symbol,
)
from transform.ir.types import BOOL
from transform.ir.walk import uses, walk

_FLIPPED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}
_JOINING = {
    Combiner.SUM: "add",
    Combiner.PROD: "mul",
    Combiner.MIN: "fmin",
    Combiner.MAX: "fmax",
    Combiner.LAND: "and",
    Combiner.LOR: "or",
    Combiner.BAND: "bitand",
    Combiner.BOR: "bitor",
}
_BETTER = {Combiner.MIN: ("gt", "ge"), Combiner.MAX: ("lt", "le")}  # accumulator ? contribution
_LOGICAL = {Combiner.LAND: False, Combiner.LOR: True}  # the value that decides


@dataclass(frozen=True)
class _Test:
    """A condition on the accumulator: where it is true (false), ``accumulator`` is to be replaced by the
    value; ``None``: it tells nothing."""

    if_true: tuple[Symbol, Atom] | None
    if_false: tuple[Symbol, Atom] | None


class _Joins:
    """Symbols that depend on the accumulators, by what they are."""

    def __init__(
        self, combiners: Mapping[Symbol, Combiner], passengers: Iterable[Symbol], visible: bool
    ) -> None:
        self.visible = visible  # the accumulators may be used otherwise too, as in the last pass of a scan
        self.kept: dict[Symbol, Symbol] = {s: s for s in combiners}  # joined values -> accumulator
        self.combiners = combiners
        self.passengers: dict[Symbol, Symbol] = {s: s for s in passengers}  # what rides along: MinLoc's loc
        self.tests: dict[Symbol, _Test] = {}
        self.other: set[Symbol] = set()  # depend on an accumulator in another way

    def depends(self, atom: Atom) -> bool:
        return isinstance(atom, Symbol) and (
            atom in self.kept or atom in self.passengers or atom in self.tests or atom in self.other
        )

    def block(self, block: Block) -> bool:
        """Whether no effect in ``block`` depends on an accumulator."""
        for s in block.stmts:
            match s:
                case Let(target=target, op=Apply(fn=fn, args=args)):
                    if any(self.depends(a) for a in args):
                        self.apply(target, fn, args)
                case Let(target=target):
                    if any(self.depends(a) for a in uses(s)):
                        self.other.add(target)
                case Store() | Increment():
                    if not self.visible and any(self.depends(a) for a in uses(s)):
                        return False
                case For():
                    if not self.loop(s):
                        return False
                case If():
                    if not self.branch(s):
                        return False
                case _:
                    pass
        return True

    def apply(self, target: Symbol, fn: str, args: tuple[Atom, ...]) -> None:
        known = [self.kept[a] for a in args if isinstance(a, Symbol) and a in self.kept]
        combiner = self.combiners[known[0]] if known else None
        a, b = args[0], args[-1]
        if fn == "select":
            self.choose(target, args[0], args[1], args[2])
        elif combiner is not None and self._is_join(fn, args, known, combiner):
            self.kept[target] = known[0]
        elif combiner in _BETTER and fn in _FLIPPED and sum(map(self.depends, args)) == 1:
            kept, value = (a, b) if self.depends(a) else (b, a)
            assert isinstance(kept, Symbol)
            relation = fn if kept is a else _FLIPPED[fn]
            better = relation in _BETTER[combiner]
            self.tests[target] = _Test((kept, value) if better else None, None if better else (kept, value))
        elif fn == "not" and a in self.tests:
            test = self.tests[a]
            self.tests[target] = _Test(test.if_false, test.if_true)
        elif fn in ("and", "or") and any(x in self.tests for x in args) and self._one_test(args):
            test = next(self.tests[x] for x in args if x in self.tests)
            self.tests[target] = _Test(test.if_true, None) if fn == "and" else _Test(None, test.if_false)
        else:
            self.other.add(target)

    def _is_join(self, fn: str, args: tuple[Atom, ...], known: list[Symbol], combiner: Combiner) -> bool:
        """Whether ``fn`` of ``args`` is an accumulator's value, perhaps joined with others."""
        if fn == "copy" or (combiner in _LOGICAL and (fn == "cast" or (fn == "ne" and _is_zero(args[-1])))):
            return True
        if combiner is Combiner.SUM and (fn == "cast" or (fn == "sub" and not self.depends(args[1]))):
            return True
        return fn == _JOINING[combiner] and self._once(known, args, combiner)

    def _once(self, known: list[Symbol], args: tuple[Atom, ...], combiner: Combiner) -> bool:
        """Whether the operands are joined values of one accumulator and values that know no accumulator."""
        others = [a for a in args if not (isinstance(a, Symbol) and a in self.kept)]
        return (
            len(set(known)) == 1
            and not any(self.depends(a) for a in others)
            and (combiner not in (Combiner.SUM, Combiner.PROD) or len(known) == 1)
        )

    def _one_test(self, args: tuple[Atom, ...]) -> bool:
        return sum(self.depends(a) for a in args) == 1

    def choose(self, result: Symbol, cond: Atom, then: Atom, orelse: Atom) -> None:
        """``result`` is ``then`` or ``orelse``."""
        if not any(self.depends(a) for a in (cond, then, orelse)):
            return
        accumulator = self._chosen(cond, then, orelse)
        passenger = self._chosen_passenger(cond, then, orelse)
        if accumulator is not None:
            self.kept[result] = accumulator
        elif passenger is not None:
            self.passengers[result] = passenger
        else:
            self.other.add(result)

    def _chosen(self, cond: Atom, then: Atom, orelse: Atom) -> Symbol | None:
        """The accumulator that a choice between these joins something with."""
        sides = [self.kept.get(a) if isinstance(a, Symbol) else None for a in (then, orelse)]
        if not self.depends(cond):
            if sides[0] is not None and sides[0] == sides[1]:
                return sides[0]
            return self._decided(then, sides[1]) or self._decided(orelse, sides[0])
        test = self.tests.get(cond) if isinstance(cond, Symbol) else None
        if test is not None:
            if test.if_true is not None and test.if_true == (orelse, then):
                return sides[1]
            if test.if_false is not None and test.if_false == (then, orelse):
                return sides[0]
            return sides[0] if then == orelse else None
        if isinstance(cond, Symbol) and cond in self.kept:  # kept && value, kept || value
            accumulator = self.kept[cond]
            decisive = _LOGICAL.get(self.combiners[accumulator])
            decided, other = (then, orelse) if decisive else (orelse, then)
            if decisive is not None and _is(decided, decisive) and not self.depends(other):
                return accumulator
        return None

    def _decided(self, value: Atom, accumulator: Symbol | None) -> Symbol | None:
        """``if (c) found = true;`` joins with a logical or."""
        if accumulator is None or self.combiners[accumulator] not in _LOGICAL:
            return None
        return accumulator if _is(value, _LOGICAL[self.combiners[accumulator]]) else None

    def _chosen_passenger(self, cond: Atom, then: Atom, orelse: Atom) -> Symbol | None:
        sides = [self.passengers.get(a) if isinstance(a, Symbol) else None for a in (then, orelse)]
        if not self.depends(cond):
            return sides[0] if sides[0] == sides[1] else None
        test = self.tests.get(cond) if isinstance(cond, Symbol) else None
        if test is None:
            return None
        if test.if_true is not None and sides[1] is not None and not self.depends(then):
            return sides[1]
        if test.if_false is not None and sides[0] is not None and not self.depends(orelse):
            return sides[0]
        return None

    def loop(self, s: For) -> bool:
        if any(self.depends(a) for a in (s.lo, s.hi)):
            return False
        for c in s.carried:
            if not isinstance(c.init, Symbol):
                continue
            for group in (self.kept, self.passengers):
                if c.init in group:
                    group[c.inner] = group[c.result] = group[c.init]
            if c.init in self.tests or c.init in self.other:
                self.other |= {c.inner, c.result}
        if not self.block(s.body):
            return False
        for c in s.carried:
            next_ = c.next if isinstance(c.next, Symbol) else None
            groups = (self.kept, self.passengers)
            same = any(next_ in g and g.get(c.inner) == g[next_] for g in groups if next_ is not None)
            if not same and (self.depends(c.inner) or self.depends(c.next)):
                return False
        return True

    def branch(self, s: If) -> bool:
        if (
            not self.visible
            and self.depends(s.cond)
            and any(isinstance(x, Store | Increment) for x in walk(Block((s,))))
        ):
            return False
        if not (self.block(s.then) and self.block(s.orelse)):
            return False
        for m in s.merges:
            self.choose(m.result, s.cond, m.then, m.orelse)
        return True


def _is_zero(atom: Atom) -> bool:
    return isinstance(atom, Const) and not atom.value


def _is(atom: Atom, truth: bool) -> bool:
    return isinstance(atom, Const) and bool(atom.value) == truth


def only_joins(
    body: Block,
    combiners: Mapping[Symbol, Combiner],
    passengers: Collection[Symbol],
    ends: Mapping[Symbol, Atom],
    visible: bool = False,
) -> bool:
    """Whether all that ``body`` does with its accumulators is to join something with them.

    ``combiners``: symbols that stand for the accumulators at the start; ``passengers``: symbols that stand
    for what is replaced together with one; ``ends``: their values at the end; ``visible``: effects may depend
    on them. Values must be numbered
    (``simplify``): a value is recognised by its atom.
    """
    joins = _Joins(combiners, passengers, visible)
    if not joins.block(body):
        return False
    for start, end in ends.items():
        group = joins.passengers if start in passengers else joins.kept
        if not isinstance(end, Symbol) or group.get(end) != start:
            return False
    return True


def empty_loses(body: Block, combiners: Mapping[Symbol, Combiner]) -> dict[Symbol, Atom]:
    """What comparisons of values with accumulators that are still empty may be taken for: any value wins.

    A value that would not (the largest number, infinity, not a number) is not kept by the reduction either.
    """
    found: dict[Symbol, Atom] = {}
    for s in walk(body):
        match s:
            case Let(target=target, op=Apply(fn=fn, args=(a, b))) if fn in _FLIPPED:
                for kept, relation in ((a, fn), (b, _FLIPPED[fn])):
                    combiner = combiners.get(kept) if isinstance(kept, Symbol) else None
                    if combiner in _BETTER:
                        found[target] = Const(relation in _BETTER[combiner], BOOL)
            case _:
                pass
    return found
