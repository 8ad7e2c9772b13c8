"""Give reductions that are not sums a derivative: minima, maxima and products of active values.

IR before -> after::

    m = min over i of c(i)            (value, where) = located min over i of c(i)
                                      carrier = c(where), a sum over that one iteration
                                      m = attach(value, carrier)

    p = product over i of c(i)        p' = product; product of the factors that are not 0, number of zeros
                                      carrier = sum over i of (product of the others, held fixed) * c(i)
                                      p = attach(p', carrier)

``attach`` has the value of the first and the derivative of the second operand, so everything downstream
knows sums only. Of equal extrema the first iteration gets the whole derivative; the derivative of a product
is exact where factors are 0. Carriers read what the kernel read: where it overwrites that, they run first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from transform.adjoint.scope import reads_of_own_writes
from transform.analysis.activity import Activity
from transform.diagnostics import Diagnostic, Refused
from transform.ir.build import Builder, Fresh, scalar
from transform.ir.liveness import remove_dead
from transform.ir.nodes import (
    Apply,
    Atom,
    Block,
    Combiner,
    Const,
    How,
    If,
    Increment,
    Launch,
    Let,
    Program,
    Range,
    Reduction,
    Stmt,
    Symbol,
)
from transform.ir.numbering import Numbering, numbering
from transform.ir.rename import renamed
from transform.ir.simplify import simplify
from transform.ir.types import INT, LONG, Accumulator
from transform.ir.walk import loaded, map_blocks, substitute, walk, without_effects, written

_EXTREMA = (Combiner.MIN, Combiner.MAX)


def attach(program: Program, active: Activity, first_id: int) -> Program:
    """``program`` with carriers for its active extrema and products.

    Raises ``Refused`` where a carrier would need what the kernel has overwritten.
    """
    return replace(program, body=_Attach(active, Fresh(first_id)).block(program.body))


def detach(block: Block) -> Block:
    """IR before -> after: every ``attach(value, carrier)`` is ``value``: all derivatives are taken."""

    def plain(s: Stmt) -> Stmt:
        if isinstance(s, Let) and isinstance(s.op, Apply) and s.op.fn == "attach":
            return replace(s, op=Apply("copy", s.op.args[:1]))
        return map_blocks(s, detach)

    return Block(tuple(plain(s) for s in block.stmts))


class _Attach:
    def __init__(self, active: Activity, fresh: Fresh) -> None:
        self.active = active
        self.fresh = fresh
        self.b = Builder(fresh)

    def block(self, block: Block) -> Block:
        out: list[Stmt] = []
        for s in block.stmts:
            if isinstance(s, Launch):
                chosen = [r for r in s.reductions if self._needs_carrier(r)]
                out += self._launch(s, chosen) if chosen else [s]
            else:
                out.append(map_blocks(s, self.block))
        return Block(tuple(out))

    def _needs_carrier(self, r: Reduction) -> bool:
        return r.combiner in (*_EXTREMA, Combiner.PROD) and r.result in self.active

    def _launch(self, s: Launch, chosen: list[Reduction]) -> list[Stmt]:
        body = simplify(s.body, self.fresh)  # a value that was just stored is not loaded again
        names = {r.accumulator for r in chosen}
        need = Block((replace(s, body=without_effects(body, names), reductions=tuple(chosen)),))
        loads = loaded(remove_dead(need, [r.result for r in chosen]))
        self.b.loc = s.loc
        with self.b.block() as out:
            if loads & written(s.body):
                self._refuse_lost(replace(s, body=body), names)
                rest = tuple(r for r in s.reductions if r not in chosen)
                alone = Block((replace(s, body=without_effects(body, names), reductions=tuple(chosen)),))
                (copy,) = renamed(alone, self.fresh)[0].stmts
                assert isinstance(copy, Launch)
                self._search(copy, list(copy.reductions), [r.result for r in chosen])
                for old, new in zip(chosen, copy.reductions, strict=True):
                    if old.location is not None and new.location is not None:
                        self.b.add_stmt(Let(old.location, Apply("copy", (new.location,)), s.loc))
                kept = replace(s, body=_without(s.body, names), reductions=rest)
                self.b.stmts += remove_dead(Block((kept,)), [r.result for r in rest]).stmts
            else:
                self._search(replace(s, body=body), chosen, [r.result for r in chosen])
        return list(out)

    def _refuse_lost(self, s: Launch, names: set[Symbol]) -> None:
        own = reads_of_own_writes(s)
        results = [r.result for r in s.reductions if r.accumulator in names]
        left = remove_dead(Block((replace(s, body=without_effects(s.body, names)),)), results)
        for lost in walk(left):
            if id(lost) in own:
                message = "the reduced value depends on what the same iteration has written"
                raise Refused([Diagnostic(message, lost.loc, "keep it in a local scalar")])

    def _search(self, s: Launch, chosen: list[Reduction], results: list[Symbol]) -> None:
        """Launch ``s`` with locations and numbers of zeros, then the carriers; define ``results``."""
        slices = {
            r.accumulator: renamed(without_effects(s.body, {r.accumulator}), self.fresh)[0] for r in chosen
        }
        values = {r.result: self.fresh.symbol(f"{r.result.name}_value", r.result.type) for r in chosen}
        locations: dict[Symbol, Symbol] = {}
        added: list[Symbol] = []  # those that have no location yet
        products: dict[Symbol, tuple[Reduction, Reduction]] = {}
        reductions: list[Reduction] = []
        for r in s.reductions:
            if r not in chosen:
                reductions.append(r)
                continue
            where = None
            if r.combiner in _EXTREMA:
                where = r.location or self.fresh.symbol(f"{r.result.name}_where", LONG)
                locations[r.accumulator] = where
                if r.location is None:
                    added.append(r.accumulator)
            reductions.append(replace(r, result=values[r.result], location=where))
            if r.combiner is Combiner.PROD:
                products[r.accumulator] = self._counts(r)
                reductions += products[r.accumulator]
        numbers = numbering(s.ranges, self.b)
        with self.b.block() as body:
            number = numbers.number(self.b)
            annotated = s.body
            for accumulator in added:
                annotated = _rewritten(annotated, accumulator, lambda i: [replace(i, index=(number,))])
            for accumulator, counts in products.items():
                annotated = self._counted(annotated, accumulator, counts)
            self.b.stmts += annotated.stmts
        self.b.add_stmt(replace(s, body=Block(tuple(body)), reductions=tuple(reductions)))
        for r, result in zip(chosen, results, strict=True):
            slice_ = slices[r.accumulator]
            if r.combiner is Combiner.PROD:
                carrier = self._product_carrier(s, r, slice_, products[r.accumulator])
            else:
                carrier = self._extremum_carrier(s, r, slice_, locations[r.accumulator], numbers)
            op = Apply("attach", (values[r.result], carrier))
            self.b.add_stmt(Let(result, op, s.loc))

    # ---- extrema ----

    def _extremum_carrier(
        self, s: Launch, r: Reduction, slice_: Block, where: Symbol, numbers: Numbering
    ) -> Symbol:
        """What the chosen iteration contributes, 0 if there is none."""
        accumulator, result = self._sum(r)
        with self.b.block() as body:
            found = self.b.compare("ge", where, Const(0, LONG))
            with self.b.block() as then:
                indices = numbers.indices(where, self.b)
                chosen = _rewritten(slice_, r.accumulator, lambda i: [replace(i, memory=accumulator)])
                self.b.stmts += substitute(chosen, indices).stmts
            self.b.add_stmt(If(found, Block(tuple(then)), Block(()), (), s.loc))
        once = Range(self.fresh.symbol("once", INT), Const(0, INT), Const(1, INT))
        label = f"{s.label or 'kernel'}, chosen iteration"
        reduction = Reduction(accumulator, result)
        self.b.add_stmt(Launch(label, s.space, (once,), Block(tuple(body)), (reduction,), loc=s.loc))
        return result

    # ---- products ----

    def _counts(self, r: Reduction) -> tuple[Reduction, Reduction]:
        """The product of the factors that are not 0, and the number of those that are."""
        type_ = scalar(r.result)
        others = Reduction(
            self.fresh.symbol(f"{r.accumulator.name}_nonzero", Accumulator(type_)),
            self.fresh.symbol(f"{r.result.name}_nonzero", type_),
            Combiner.PROD,
        )
        zeros = Reduction(
            self.fresh.symbol(f"{r.accumulator.name}_zeros", Accumulator(LONG)),
            self.fresh.symbol(f"{r.result.name}_zeros", LONG),
        )
        return others, zeros

    def _counted(self, body: Block, product: Symbol, counts: tuple[Reduction, Reduction]) -> Block:
        others, zeros = (r.accumulator for r in counts)
        b = self.b

        def count(stmt: Increment) -> list[Stmt]:
            with b.block() as stmts:
                b.add_stmt(stmt)
                vanishes = b.compare("eq", stmt.value, b.const(0, stmt.value))
                factor = b.select(vanishes, b.const(1, stmt.value), stmt.value)
                b.add_stmt(Increment(others, (), factor, How.REDUCE, stmt.loc))
                one = b.select(vanishes, Const(1, LONG), Const(0, LONG))
                b.add_stmt(Increment(zeros, (), one, How.REDUCE, stmt.loc))
            return list(stmts)

        return _rewritten(body, product, count)

    def _product_carrier(
        self, s: Launch, r: Reduction, slice_: Block, counts: tuple[Reduction, Reduction]
    ) -> Symbol:
        accumulator, result = self._sum(r)
        nonzero, zeros = counts[0].result, counts[1].result
        b = self.b

        def weigh(stmt: Increment) -> list[Stmt]:
            zero, none = b.const(0, stmt.value), Const(0, LONG)
            with b.block() as stmts:
                vanishes = b.compare("eq", stmt.value, zero)
                alone = b.select(b.compare("eq", zeros, Const(1, LONG)), nonzero, zero)
                rest = b.div(nonzero, stmt.value)
                others = b.select(b.compare("eq", zeros, none), rest, zero)
                weight = b.apply("attach", b.select(vanishes, alone, others), zero)
                b.add_stmt(Increment(accumulator, (), b.mul(weight, stmt.value), How.REDUCE, stmt.loc))
            return list(stmts)

        body = _rewritten(slice_, r.accumulator, weigh)
        ranges = tuple(Range(self.fresh.like(x.index), x.lo, x.hi) for x in s.ranges)
        indices: dict[Symbol, Atom] = {
            old.index: new.index for old, new in zip(s.ranges, ranges, strict=True)
        }
        label = f"{s.label or 'kernel'}, factors"
        reduction = Reduction(accumulator, result)
        launch = Launch(label, s.space, ranges, substitute(body, indices), (reduction,), s.schedule, s.loc)
        b.add_stmt(launch)
        return result

    def _sum(self, r: Reduction) -> tuple[Symbol, Symbol]:
        type_ = scalar(r.result)
        accumulator = self.fresh.symbol(f"{r.accumulator.name}_sum", Accumulator(type_))
        return accumulator, self.fresh.symbol(f"{r.result.name}_carrier", type_)


def _rewritten(block: Block, memory: Symbol, new: Callable[[Increment], list[Stmt]]) -> Block:
    """``block`` with each contribution to ``memory`` replaced."""
    out: list[Stmt] = []
    for s in block.stmts:
        if isinstance(s, Increment) and s.memory == memory:
            out += new(s)
        else:
            out.append(map_blocks(s, lambda b: _rewritten(b, memory, new)))
    return Block(tuple(out))


def _without(block: Block, accumulators: set[Symbol]) -> Block:
    """``block`` without contributions to ``accumulators``."""
    kept = (s for s in block.stmts if not (isinstance(s, Increment) and s.memory in accumulators))
    return Block(tuple(map_blocks(s, lambda b: _without(b, accumulators)) for s in kept))
