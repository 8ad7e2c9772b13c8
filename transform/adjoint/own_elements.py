"""Elements that an iteration writes and then reads again: the value is kept in a scalar as well.

``r(i) -= a; s += r(i) * r(i)`` becomes ``old = r(i); r(i) -= a; new = old - a; s += new * new``. A replay of
the iteration, which finds the element in another state, can then compute what was read. Writes stay where
they are; loads are only added where the program itself is bound to access the element.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from transform.adjoint.scope import reads_of_own_writes, trip_count
from transform.analysis.access import Footprints, Tuple
from transform.analysis.affine import Affine, Term
from transform.analysis.decode import determined
from transform.ir.build import Builder, Fresh, element
from transform.ir.nodes import (
    Apply,
    Atom,
    Block,
    Carried,
    Const,
    For,
    How,
    If,
    Increment,
    Launch,
    Let,
    Load,
    Merge,
    Program,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.walk import binds, defines, map_blocks, walk


def keep_own_elements(program: Program, last_id: int) -> Program:
    """IR before -> after: as above, in every kernel that reads what the same iteration wrote."""
    fresh = Fresh(last_id)

    def rewrite(block: Block) -> Block:
        return Block(
            tuple(_launch(s, fresh) if isinstance(s, Launch) else map_blocks(s, rewrite) for s in block.stmts)
        )

    body = rewrite(program.body)
    return program if body == program.body else replace(program, body=body)


def _launch(launch: Launch, fresh: Fresh) -> Launch:
    tried: set[tuple[Symbol, Tuple]] = set()
    while True:
        own = reads_of_own_writes(launch)
        footprints = Footprints(launch)
        place = next(
            (p for s in walk(launch.body) if id(s) in own and (p := _place(s, footprints)) not in tried), None
        )
        if place is None:
            return launch
        tried.add(place)
        launch = replace(launch, body=_Keeper(footprints, fresh, *place).outermost(launch.body))


def _place(s: Stmt, footprints: Footprints) -> tuple[Symbol, Tuple]:
    assert isinstance(s, Let) and isinstance(s.op, Load)
    return s.op.memory, tuple(footprints.affine(i) for i in s.op.index)


@dataclass(frozen=True)
class _Access:
    """How a statement touches the View: at the element, or perhaps at it."""

    same: bool
    writes: bool


class _Lost(Exception):
    """Other accesses may meet the element: the kernel stays as it is."""


def _local_terms(term: object) -> Iterator[Term]:
    """What a term depends on that is private to a part of the iteration."""
    if isinstance(term, Affine):
        for part, _ in term.terms:
            yield from _local_terms(part)
    elif isinstance(term, tuple) and term and term[0] == "local":
        yield term
    elif isinstance(term, tuple):
        for part in term[1:]:
            yield from _local_terms(part)


class _Keeper:
    """Keeps the value of one element of ``view`` through one kernel."""

    def __init__(self, footprints: Footprints, fresh: Fresh, view: Symbol, place: Tuple) -> None:
        self.footprints, self.view, self.place = footprints, view, place
        self.b = Builder(fresh)
        self.locals = {t for x in place for part, _ in x.terms for t in _local_terms(part)}

    def outermost(self, body: Block) -> Block:
        """Work on the largest block in which the element is the same all the time."""
        try:
            return self._region(body, self.locals)
        except _Lost:
            return body

    def _region(self, body: Block, unbound: set[Term]) -> Block:
        if not unbound:
            return Block(tuple(self._block(body, None)[0]))
        out: list[Stmt] = []
        inside = False
        for s in body.stmts:
            if isinstance(s, For) and unbound & {t for t, _ in self.footprints.affine(s.index).terms}:
                left = unbound - {t for t, _ in self.footprints.affine(s.index).terms}
                if not self._apart(s):
                    raise _Lost
                s = replace(s, body=self._region(s.body, left))
                inside = True
            elif isinstance(s, For | If):
                new = map_blocks(s, lambda b: self._region(b, unbound))
                inside = inside or new is not s
                s = new
            out.append(s)
        return Block(tuple(out)) if inside else body

    def _apart(self, loop: For) -> bool:
        """Whether every iteration of ``loop`` has an element of its own."""
        index = self.footprints.affine(loop.index)
        return index in determined(self.place, self.footprints.bounds)

    # ---- one region ----

    def _access(self, s: Stmt) -> _Access | None:
        match s:
            case Let(op=Load(memory=m, index=index)):
                writes = False
            case Store(memory=m, index=index) | Increment(memory=m, index=index):
                writes = True
            case _:
                return None
        if m != self.view:
            return None
        at = tuple(self.footprints.affine(i) for i in index)
        if at == self.place:
            if isinstance(s, Increment) and s.how is not How.PLAIN:
                raise _Lost
            return _Access(True, writes)
        if any(x.terms == y.terms and x.constant != y.constant for x, y in zip(at, self.place, strict=True)):
            return None  # another element
        if writes:
            raise _Lost
        return None

    def _accesses(self, block: Block) -> Iterator[_Access]:
        for s in walk(block):
            found = self._access(s)
            if found is not None:
                yield found

    def _block(self, block: Block, value: Atom | None) -> tuple[tuple[Stmt, ...], Atom | None]:
        """The statements with the element's value kept, and that value afterwards. ``value``: before;
        ``None`` where memory alone has it."""
        with self.b.block() as out:
            for position, s in enumerate(block.stmts):
                self.b.loc = getattr(s, "loc", None)
                value = self._stmt(s, value, Block(block.stmts[position + 1 :]))
        return tuple(out), value

    def _stmt(self, s: Stmt, value: Atom | None, rest: Block) -> Atom | None:
        access = self._access(s)
        match s:
            case Let(target=target) if access is not None:
                if value is None:
                    self.b.add_stmt(s)
                    return target
                self.b.add_stmt(replace(s, op=Apply("copy", (value,))))
                return value
            case Store(value=stored) if access is not None:
                self.b.add_stmt(s)
                return stored
            case Increment(index=index, value=added) if access is not None:
                if value is None:
                    value = self._load(index)
                self.b.add_stmt(s)
                return self.b.let(Apply("add", (value, added)), element(self.view))
            case If():
                return self._if(s, value, rest)
            case For():
                return self._for(s, value, rest)
            case _:
                self.b.add_stmt(s)
                return value

    def _load(self, index: tuple[Atom, ...]) -> Symbol:
        return self.b.let(Load(self.view, index), element(self.view))

    def _needed(self, s: Stmt, rest: Block) -> tuple[Atom, ...] | None:
        """The index of an access that certainly happens in ``rest``, if it is known before ``s`` already."""
        new = {n for x in walk(Block((s, *rest.stmts))) for n in (*defines(x), *binds(x))}
        for x in rest.stmts:
            if self._access(x) is None:
                continue
            match x:
                case Let(op=Load(index=index)) | Store(index=index) | Increment(index=index):
                    return None if any(a in new for a in index) else index
                case _:
                    pass
        return None

    def _if(self, s: If, value: Atom | None, rest: Block) -> Atom | None:
        inside = [*self._accesses(s.then), *self._accesses(s.orelse)]
        writes = any(a.writes for a in inside)
        if writes and value is None:
            index = self._needed(s, rest)
            if index is not None:
                value = self._load(index)
        then, then_value = self._block(s.then, value)
        orelse, else_value = self._block(s.orelse, value)
        if not writes:
            self.b.add_stmt(replace(s, then=Block(then), orelse=Block(orelse)))
            return value
        if then_value is None or else_value is None:
            self.b.add_stmt(replace(s, then=Block(then), orelse=Block(orelse)))
            return None
        result = self.b.fresh.symbol(f"{self.view.name}_value", element(self.view))
        merges = (*s.merges, Merge(result, then_value, else_value))
        self.b.add_stmt(replace(s, then=Block(then), orelse=Block(orelse), merges=merges))
        return result

    def _for(self, s: For, value: Atom | None, rest: Block) -> Atom | None:
        inside = list(self._accesses(s.body))
        if not any(a.writes for a in inside):
            body, _ = self._block(s.body, value)
            self.b.add_stmt(replace(s, body=Block(body)))
            return value
        if s.parallel:
            raise _Lost
        bound = True
        if value is None:
            index = self._needed(s, rest)
            if index is not None:
                value = self._load(index)
            elif (first := self._needed(s, s.body)) is not None and s.index not in first:
                bound = bool(trip_count(s))
                value = self._load(first) if bound else self._load_if_run(s, first)
            else:
                self.b.add_stmt(s)
                return None
        type_ = element(self.view)
        inner, result = (self.b.fresh.symbol(f"{self.view.name}_value", type_) for _ in range(2))
        body, after = self._block(s.body, inner)
        if after is None:
            self.b.add_stmt(s)
            return None
        carried = (*s.carried, Carried(inner, value, after, result))
        self.b.add_stmt(replace(s, body=Block(body), carried=carried))
        return result if bound else None

    def _load_if_run(self, s: For, index: tuple[Atom, ...]) -> Symbol:
        """The element where the loop has an iteration, which accesses it; else anything."""
        runs = self.b.compare("lt", s.lo, s.hi)
        with self.b.block() as then:
            loaded = self._load(index)
        value = self.b.fresh.symbol(f"{self.view.name}_value", element(self.view))
        anything = Const(0.0 if element(self.view).is_float else 0, element(self.view))
        self.b.add_stmt(If(runs, Block(tuple(then)), Block(()), (Merge(value, loaded, anything),), s.loc))
        return value
