"""Copies of statements with symbols of their own, so that code may appear twice in a program."""

from __future__ import annotations

from dataclasses import replace

from transform.ir.build import Fresh
from transform.ir.nodes import (
    Allocate,
    Block,
    Chunked,
    Color,
    Declare,
    For,
    If,
    Invert,
    Launch,
    Let,
    PrefixSum,
    Program,
    Replicate,
    Restore,
    Stmt,
    Symbol,
    Teamed,
)
from transform.ir.walk import binds, defines, map_blocks, substitute, walk


def renamed(block: Block, fresh: Fresh) -> tuple[Block, dict[Symbol, Symbol]]:
    """``block`` with every symbol that it defines replaced by a fresh one, and the replacements."""
    mapping = {name: fresh.like(name) for s in walk(block) for name in (*defines(s), *binds(s))}

    def new(s: Symbol) -> Symbol:
        return mapping.get(s, s)

    def rename(s: Stmt) -> Stmt:
        s = map_blocks(s, lambda b: Block(tuple(rename(x) for x in b.stmts)))
        match s:
            case Let() | Declare() | Allocate() | Restore() | Replicate():
                return replace(s, target=new(s.target))
            case For(index=index, carried=carried, exit=leave):
                copies = tuple(replace(c, inner=new(c.inner), result=new(c.result)) for c in carried)
                copy_exit = None if leave is None else replace(leave, trips=new(leave.trips))
                return replace(s, index=new(index), carried=copies, exit=copy_exit)
            case If(merges=merges):
                return replace(s, merges=tuple(replace(m, result=new(m.result)) for m in merges))
            case Launch(ranges=ranges, reductions=reductions, schedule=schedule):
                if isinstance(schedule, Chunked):
                    schedule = replace(schedule, replica=new(schedule.replica))
                elif isinstance(schedule, Teamed):
                    schedule = Teamed(tuple((new(copy), view) for copy, view in schedule.copies))
                return replace(
                    s,
                    ranges=tuple(replace(r, index=new(r.index)) for r in ranges),
                    reductions=tuple(
                        replace(
                            r,
                            accumulator=new(r.accumulator),
                            result=new(r.result),
                            location=None if r.location is None else new(r.location),
                        )
                        for r in reductions
                    ),
                    schedule=schedule,
                )
            case Invert(starts=starts, entries=entries):
                return replace(s, starts=new(starts), entries=new(entries))
            case PrefixSum(total=Symbol() as total):
                return replace(s, total=new(total))
            case Color(target=target, unit=unit):
                return replace(s, target=new(target), unit=replace(unit, index=new(unit.index)))
            case _:
                return s

    copy = Block(tuple(rename(s) for s in block.stmts))
    return substitute(copy, dict(mapping)), mapping


def distinct_views(program: Program) -> Program:
    """IR before -> after: no two Views that live in different statements have one name, so that a name tells
    which is meant."""
    taken = {p.symbol.name for p in program.params}
    mapping: dict[Symbol, Symbol] = {}
    for s in walk(program.body):
        if not isinstance(s, Allocate):
            continue
        name, n = s.target.name, 1
        while name in taken:
            n += 1
            name = f"{s.target.name}{n}"
        taken.add(name)
        if name != s.target.name:
            mapping[s.target] = replace(s.target, name=name)
    if not mapping:
        return program

    def rename(block: Block) -> Block:
        return Block(tuple(one(s) for s in block.stmts))

    def one(s: Stmt) -> Stmt:
        s = map_blocks(s, rename)
        return replace(s, target=mapping.get(s.target, s.target)) if isinstance(s, Allocate) else s

    return replace(program, body=rename(substitute(program.body, dict(mapping))))
