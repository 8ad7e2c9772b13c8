"""Print launches: the policy, the parameters, what surrounds the body, what is reduced."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from transform.emit import reductions
from transform.emit.expressions import SUM, cast
from transform.emit.inspectors import InspectorPrinter, Workspace
from transform.emit.kernel import Text
from transform.emit.names import Names
from transform.emit.require import holds, message, quoted
from transform.ir.build import scalar
from transform.ir.build import view as view_type
from transform.ir.nodes import (
    Assumption,
    Chunked,
    Colored,
    Dealt,
    Declare,
    For,
    How,
    Increment,
    Launch,
    Range,
    Reduction,
    Rows,
    Symbol,
    Teamed,
)
from transform.ir.types import Array
from transform.ir.walk import uses, walk
from transform.strategies.launch import Launching


class LaunchPrinter(InspectorPrinter):
    def __init__(
        self,
        text: Text,
        names: Names,
        workspace: Workspace,
        primal_lines: str,
        launching: Launching,
    ) -> None:
        super().__init__(text, names, workspace)
        self.launching = launching
        self.unroll = launching.unroll
        self.file = primal_lines
        self.tape_members: dict[str, str] = {}
        self.located: dict[Reduction, str] = {}  # the variable with an extremum and where it comes from
        self.in_kernels: dict[Symbol, str] = {}  # Views that kernels read under another name
        self.copies: dict[Symbol, Symbol] = {}  # private copies -> the View they belong to
        self.returned: str | None = None
        self.checked: set[tuple[str, Assumption]] = set()  # what certainly holds at this point

    def _replicas(self, space: str, shared: bool) -> str:
        """How many private copies there are."""
        return f"kad::replicas<{space}>({'ws.knobs.replicas' if shared else ''})"

    def _require(self, s: Launch) -> None:
        """Check what makes the iterations independent, unless that was done on the way here."""
        lows_and_highs = (f"{self.expr(r.lo, SUM)} < {self.expr(r.hi, SUM)}" for r in s.ranges)
        runs = " && ".join(lows_and_highs)
        for given in s.given:
            if (runs, given) in self.checked:
                continue
            self.checked.add((runs, given))
            self.text.add(f"kad::require_apart({runs}, {holds(given, self.expr)},")
            self.text.add(f"    {quoted(message(given))});")

    def launch(self, s: Launch) -> None:
        self._comment(s)
        for r in s.reductions:
            self._declare_result(r)
        self._sized_arrays(s)
        self.views |= self.in_kernels
        match s.schedule:
            case Chunked():
                self._chunked(s, s.schedule)
            case Colored():
                self._colored(s, s.schedule)
            case Rows():
                self._rows(s)
            case Dealt():
                self._dealt(s)
            case Teamed():
                self._teamed(s, s.schedule)
            case _:
                self._flat(s)
        for view in self.in_kernels:
            del self.views[view]
        for r in s.reductions:
            if r.location is not None:
                for symbol, member in ((r.result, "value"), (r.location, "where")):
                    name = self.names.declare(symbol)
                    self.text.add(f"const {scalar(symbol).name} {name} = {self.located[r]}.{member};")

    def _declare_result(self, r: Reduction) -> None:
        """The variable that a launch reduces into."""
        self.reductions[r.accumulator] = r
        if r.location is None:
            neutral = reductions.identity(r) if isinstance(r.result.type, Array) else "0"
            self.text.add(f"{reductions.value_type(r)} {self.names.declare(r.result)} = {neutral};")
        else:
            self.located[r] = self.names.fresh(f"{r.result.name}_at")
            self.text.add(f"{reductions.value_type(r)} {self.located[r]}{reductions.identity(r)};")

    def _sized_arrays(self, s: Launch) -> None:
        """Memory for local arrays that are sized at run time: a part for each iteration, or for each task
        that runs some of them in turn."""
        for x in walk(s.body):
            if not isinstance(x, Declare) or not x.extents:
                continue
            assert isinstance(x.target.type, Array)
            if isinstance(s.schedule, Chunked):
                counts = [f"kad::replicas<{s.space}>()"]
            else:
                bounds = [(self.expr(r.lo, SUM - 1), self.expr(r.hi, SUM)) for r in s.ranges]
                counts = [
                    f"({hi} > 0 ? {hi} : 0)" if lo == "0" else f"({hi} > {lo} ? {hi} - {lo} : 0)"
                    for lo, hi in bounds
                ]
            name = self.names.declare(x.target)
            stars = "*" * (len(counts) + len(x.extents))
            type_ = f"Kokkos::View<{x.target.type.element.name}{stars}, {s.space}>"
            member = self.workspace.member(name, f"kad::Buffer<{type_}>")
            sizes = ", ".join([*counts, *(self.expr(e) for e in x.extents)])
            self.text.add(f'const auto {name} = ws.{member}.get("{name}", {sizes});')
            self.slots[x.target] = ""  # known when the indices have names

    def _enter(self, s: Launch) -> None:
        """Say which part of sized arrays the iteration at hand has."""
        mine = [x.target for x in walk(s.body) if isinstance(x, Declare) and x.extents]
        if not mine:
            return
        if isinstance(s.schedule, Chunked):
            slot = self.names[s.schedule.replica]
        else:
            starts = [(self.names[r.index], self.expr(r.lo, SUM - 1)) for r in s.ranges]
            slot = ", ".join(index if start == "0" else f"{index} - {start}" for index, start in starts)
        self.slots |= dict.fromkeys(mine, slot)

    def _comment(self, s: Launch) -> None:
        lines = [x.loc.line for x in walk(s.body) if x.loc is not None and x.loc.file == self.file]
        if lines:
            span = f"line {lines[0]}" if min(lines) == max(lines) else f"lines {min(lines)}-{max(lines)}"
            self.text.add(f"// {s.label or 'parallel region'}: {span}")

    def _open(self, s: Launch, policy: str, parameters: list[str]) -> None:
        verb = "parallel_reduce" if s.reductions else "parallel_for"
        sums = [f"{reductions.value_type(r)}& {self.names.declare(r.accumulator)}" for r in s.reductions]
        head = f"{quoted(s.label)}, " if s.label else ""
        self.text.add(f"Kokkos::{verb}({head}{policy},")
        self.text.add(f"    KOKKOS_LAMBDA({', '.join([*parameters, *sums])}) {{")
        self.text.depth += 1

    def _close(self, results: list[str]) -> None:
        self.text.depth -= 1
        self.text.add("}" + "".join(f", {r}" for r in results) + ");")

    def _results(self, s: Launch) -> list[str]:
        return [reductions.reducer(r, self._variable(r)) for r in s.reductions]

    def _variable(self, r: Reduction) -> str:
        return self.names[r.result] if r.location is None else self.located[r]

    def _flat(self, s: Launch) -> None:
        with self.names.scope():
            bounds = [(self.expr(r.lo), self.expr(r.hi)) for r in s.ranges]
            if len(s.ranges) == 1:
                policy = self._range(s, scalar(s.ranges[0].index).name, ", ".join(bounds[0]))
            else:
                policy = self._tiles(s, bounds)
            self._open(s, policy, [self._parameter(s, r) for r in s.ranges])
            sums = self._local_sums(s) if _sums_in_loops(s) else []
            self._enter(s)
            self.begin(s.body)
            self.block(s.body)
            self._add_up(sums)
            self._close(self._results(s))

    def _range(self, s: Launch, index: str, bounds: str, *, dealt: bool = False) -> str:
        """A policy over one range. ``dealt``: there is one iteration per thread. Reductions keep the static
        schedule too: their sums would depend on who came first."""
        dynamic = self.launching.dynamic and not s.reductions and not dealt
        return self._policy("DynamicRange" if dynamic else "Range", s, index, bounds)

    def _tiles(self, s: Launch, bounds: list[tuple[str, str]]) -> str:
        """A policy over several ranges."""
        los = ", ".join(f"std::int64_t({lo})" for lo, _ in bounds)
        his = ", ".join(f"std::int64_t({hi})" for _, hi in bounds)
        return self._policy("Tiles", s, str(len(s.ranges)), f"{{{los}}}, {{{his}}}")

    def _policy(self, template: str, s: Launch, kind: str, bounds: str) -> str:
        """The policy, or a call of the function of the same name in small letters that makes a tuned one."""
        given = ", ".join(filter(None, (s.space, kind, self.launching.bounds)))
        if not self.launching.knobs:
            return f"kad::{template}<{given}>({bounds})"
        function = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", template).lower()
        return f"kad::{function}<{given}>({bounds}, ws.knobs)"

    def read_only(self, views: Iterable[Symbol]) -> None:
        """Let kernels read ``views`` through the device's read-only path."""
        for view in views:
            name = self.names.fresh(f"{self.names[view]}_read")
            self.text.add(f"const kad::ReadOnly<{view_type(view).spelling}> {name} = {self.names[view]};")
            self.in_kernels[view] = name

    def _parameter(self, s: Launch, r: Range) -> str:
        """A parallel index as a parameter; without a name where the body does not use it."""
        name = self.names.declare(r.index)
        used = any(r.index in uses(x) or (isinstance(x, Declare) and x.extents) for x in walk(s.body))
        return f"const {scalar(r.index).name}{f' {name}' if used else ''}"

    def _rows(self, s: Launch) -> None:
        with self.names.scope():
            outer = s.ranges[0]
            policy = self._range(s, scalar(outer.index).name, self._pair(outer))
            self._open(s, policy, [self._parameter(s, outer)])
            sums = self._local_sums(s)
            self._inner(s)
            self._add_up(sums)
            self._close(self._results(s))

    def _dealt(self, s: Launch) -> None:
        (outer,) = s.ranges
        tasks = self.names.fresh("tasks")
        self.text.add(f"const int {tasks} = kad::tasks<{s.space}>({self._pair(outer)});")
        with self.names.scope():
            task = self.names.fresh("task")
            self._open(s, self._range(s, "int", f"0, {tasks}", dealt=True), [f"const int {task}"])
            self._part(s, f"kad::deal<{s.space}>({self._pair(outer)}, {task}, {tasks})", "+= {}.step")
            self._close(self._results(s))

    def _chunked(self, s: Launch, how: Chunked) -> None:
        outer = s.ranges[0]
        count = self.names.fresh("replicas")
        self.text.add(f"const int {count} = {self._replicas(s.space, how.shared)};")
        tasks = count
        if how.shared:
            tasks = self.names.fresh("tasks")
            self.text.add(f"const int {tasks} = kad::tasks<{s.space}>({self._pair(outer)});")
        with self.names.scope():
            replica = self.names.declare(how.replica)
            task = self.names.fresh("task") if how.shared else replica
            mine = dict.fromkeys(
                x.memory for x in walk(s.body) if isinstance(x, Increment) and x.memory in self.copies
            )
            self._open(s, self._range(s, "int", f"0, {tasks}", dealt=True), [f"const int {task}"])
            if how.shared:
                self.text.add(f"const int {replica} = {task} % {count};")
            for copies in mine:
                original = self.copies[copies]
                own = self.names.fresh(f"{self.names[original]}_mine")
                get = "copy_of" if how.shared else "own_copy_of"
                where = f"{self.names[original]}, {self.names[copies]}, {replica}"
                self.text.add(f"const auto {own} = kad::{get}({where});")
                self.mine[copies] = own
            if how.shared:
                self._part(s, f"kad::deal<{s.space}>({self._pair(outer)}, {task}, {tasks})", "+= {}.step")
            else:
                self._part(s, f"kad::chunk({self._pair(outer)}, {replica}, {count})")
            for copies in mine:
                del self.mine[copies]
            self._close(self._results(s))

    def _teamed(self, s: Launch, how: Teamed) -> None:
        (outer,) = s.ranges
        n = len(how.copies)
        bytes_ = " + ".join(f"kad::team_bytes<{n}>({self.names[view]})" for _, view in how.copies)
        given = ", ".join(filter(None, (s.space, self.launching.bounds)))
        size = "ws.knobs.team_size" if "team_size" in dict(self.launching.knobs) else "256"
        with self.names.scope():
            member = self.names.fresh("member")
            self._open(
                s,
                f"kad::teams<{given}>({self._pair(outer)}, {bytes_}, {size})",
                [f"const typename kad::Teams<{given}>::member_type& {member}"],
            )
            for copy, view in how.copies:
                type_ = f"kad::TeamCopy<{n}, {view_type(view).spelling}>"
                self.text.add(f"const {type_} {self.names.declare(copy)}({self.names[view]}, {member});")
                self.team_copies.add(copy)
            self._part(s, f"kad::turns_of({self._pair(outer)}, {member})", "+= {}.step")
            for copy, view in how.copies:
                self.text.add(f"{self.names[copy]}.deliver({self.names[view]}, {member});")
            self._close(self._results(s))

    def _colored(self, s: Launch, how: Colored) -> None:
        coloring = self.names[how.coloring]
        blocks = self.names.fresh("blocks")
        self.text.add(f"const auto {blocks} = {coloring}.blocks();")
        color, b = (self.names.fresh(w) for w in ("color", "b"))
        bounds = f"{coloring}.first({color}), {coloring}.last({color})"
        block = f"kad::block({self._pair(s.ranges[0])}, {blocks}({b}), {self.block_sizes[how.coloring]})"
        loop = f"for (int {color} = 0; {color} < {coloring}.colors(); ++{color}) {{"
        if how.coloring in self.few_blocks and all(reductions.plain_sum(r) for r in s.reductions):
            self._few_blocks(s, loop, bounds, b, block, blocks)
        else:
            self._many_blocks(s, loop, bounds, b, block)

    def _many_blocks(self, s: Launch, loop: str, bounds: str, b: str, block: str) -> None:
        """A reduction for each color."""
        with self.names.scope():
            self.text.add(loop)
            self.text.depth += 1
            parts = [self.names.fresh(f"{self._variable(r)}_part") for r in s.reductions]
            for r, part in zip(s.reductions, parts, strict=True):
                self.text.add(f"{reductions.value_type(r)} {part} = {reductions.identity(r)};")
            self._open(s, self._range(s, "int", bounds), [f"const int {b}"])
            self._part(s, block)
            results = zip(s.reductions, parts, strict=True)
            self._close([reductions.reducer(r, part) for r, part in results])
            for r, part in zip(s.reductions, parts, strict=True):
                self.text.add(reductions.join(r, self._variable(r), part))
            self.text.depth -= 1
            self.text.add("}")

    def _few_blocks(self, s: Launch, loop: str, bounds: str, b: str, block: str, blocks: str) -> None:
        """Blocks go to whichever thread is free. Each keeps its own sums, so that these depend on the blocks
        only."""
        kept = []
        for r in s.reductions:
            name = self.names.fresh(f"{self._variable(r)}_of_block")
            kind = f"kad::Buffer<Kokkos::View<{reductions.value_type(r)}*, {s.space}>>"
            member = self.workspace.member(name, kind)
            self.text.add(f'const auto {name} = ws.{member}.get("{name}", {blocks}.extent(0));')
            kept.append(name)
        with self.names.scope():
            self.text.add(loop)
            self.text.depth += 1
            policy = self._policy("DynamicRange", s, "int", bounds)
            self._open(replace(s, reductions=()), policy, [f"const int {b}"])
            for r, name in zip(s.reductions, kept, strict=True):
                self.names.alias(r.accumulator, f"{name}({b})")
            self._part(s, block, alone=True)
            self._close([])
            self.text.depth -= 1
            self.text.add("}")
        for r, name in zip(s.reductions, kept, strict=True):
            self.text.add(f"{self._variable(r)} = kad::total<{s.space}>({name});")

    def _part(self, s: Launch, part: str, step: str = "", alone: bool = False) -> None:
        """Run a part of the outermost range, and all of the inner ones, in order. ``step``: how the index
        goes on, of a part that is not contiguous. ``alone``: no other part adds to the same sums."""
        outer = s.ranges[0]
        type_ = scalar(outer.index).name
        name = self.names.fresh("part")
        self.text.add(f"const auto {name} = {part};")
        sums = self._local_sums(s)
        index = self.names.declare(outer.index)
        on = f"{index} {step.format(name)}" if step else f"++{index}"
        self.text.add(f"for ({type_} {index} = {name}.begin; {index} < {name}.end; {on}) {{")
        self.text.depth += 1
        self._inner(s)
        self.text.depth -= 1
        self.text.add("}")
        self._add_up(sums, alone)

    def _inner(self, s: Launch) -> None:
        """The body, in loops over all ranges but the outermost."""
        inner = s.ranges[1:]
        for r in inner:
            type_ = scalar(r.index)
            lo, hi = (
                self.expr(a, SUM) if scalar(a) == type_ else cast(type_, self.expr(a)) for a in (r.lo, r.hi)
            )
            index = self.names.declare(r.index)
            self.text.add(f"for ({type_.name} {index} = {lo}; {index} < {hi}; ++{index}) {{")
            self.text.depth += 1
        self._enter(s)
        self.begin(s.body)
        self.block(s.body)
        for _ in inner:
            self.text.depth -= 1
            self.text.add("}")

    def _add_up(self, sums: list[tuple[Reduction, str, str]], alone: bool = False) -> None:
        """``alone``: nothing else is added to what receives the sums."""
        for r, accumulator, local in sums:
            self.text.add(f"{accumulator} = {local};" if alone else reductions.join(r, accumulator, local))

    def _local_sums(self, s: Launch) -> list[tuple[Reduction, str, str]]:
        """Reduce in a local of the task: the compiler need not fear that the reference is read elsewhere."""
        found = []
        for r in s.reductions:
            outer = self.names[r.accumulator]
            local = self.names.fresh(f"{r.accumulator.name}_local")
            self.text.add(f"{reductions.value_type(r)} {local} = {reductions.identity(r)};")
            self.names.alias(r.accumulator, local)
            found.append((r, outer, local))
        return found


def _sums_in_loops(s: Launch) -> bool:
    """Whether loops in an iteration contribute to reductions."""
    loops = (x for x in walk(s.body) if isinstance(x, For))
    return any(isinstance(y, Increment) and y.how is How.REDUCE for x in loops for y in walk(x.body))
