"""Print what is found out about index arrays and kept in the workspace: colorings and inverse maps."""

from __future__ import annotations

from transform.emit.expressions import cast
from transform.emit.kernel import KernelPrinter, Text
from transform.emit.names import Names
from transform.ir.build import scalar
from transform.ir.nodes import Color, Invert, Range, Symbol
from transform.ir.types import DEFAULT_SPACE, INT, View


class Workspace:
    """Members of ``f_workspace``: their declarations, in order of first use."""

    def __init__(self) -> None:
        self.members: dict[str, str] = {}  # name -> type
        self.tapes: list[str] = []
        self.knobs = ""  # initial values of its kad::Knobs, if it has any

    def member(self, wish: str, type_: str) -> str:
        name, n = wish, 1
        while name in self.members:
            n += 1
            name = f"{wish}_{n}"
        self.members[name] = type_
        return name


class InspectorPrinter(KernelPrinter):
    """Prints ``Color`` and ``Invert``; the host printer extends it with the other statements of the host."""

    def __init__(self, text: Text, names: Names, workspace: Workspace) -> None:
        super().__init__(text, names)
        self.workspace = workspace
        self.block_sizes: dict[Symbol, str] = {}  # coloring -> the variable with its block size
        self.few_blocks: set[Symbol] = set()  # colorings with some blocks for each thread
        self.temporary = False  # Views are not kept in the workspace

    def _color(self, s: Color) -> None:
        member = self.workspace.member("coloring", f"kad::Coloring<{DEFAULT_SPACE}>")
        name = self.names.fresh("coloring")
        self.names.alias(s.target, name)
        keys = [k for k in s.keys if isinstance(k.type, View)]
        copies = self._remembered(s.keys)
        lo, hi = self.expr(s.unit.lo), self.expr(s.unit.hi)
        self.text.add(f"auto& {name} = ws.{member};")
        size = self.names.fresh("block")
        self.block_sizes[s.target] = size
        if s.block is None:
            self.few_blocks.add(s.target)
        number = f"kad::share<{DEFAULT_SPACE}>({self._pair(s.unit)})" if s.block is None else s.block
        self.text.add(f"const int {size} = {number};")
        self.text.add("{")
        self.text.depth += 1
        first = "0"
        for view in s.views:
            self.text.add(f"const std::size_t {self.names[view]}_first = {first};")
            first = f"{self.names[view]}_first + {self.names[view]}.size()"
        self.text.add(f"const std::size_t targets = {first};")
        self.text.add(self._changed(name, s.keys, copies, [lo, hi, size, "targets"]))
        self.text.depth += 1
        for k in keys:
            mirror = f"{self.names[k]}_host"
            copied = f"Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), {self.names[k]})"
            self.text.add(f"const auto {mirror} = {copied};")
            self.views[k] = mirror
        type_ = scalar(s.unit.index).name
        self.text.add(
            f"const auto visit = [&](const {type_} first, const {type_} last, const auto& touch) {{"
        )
        self.text.depth += 1
        with self.names.scope():
            index = self.names.declare(s.unit.index)
            self.text.add(f"for ({type_} {index} = first; {index} < last; ++{index}) {{")
            self.text.depth += 1
            self.begin(s.body)
            self.block(s.body)
            self.text.depth -= 1
            self.text.add("}")
        self.text.depth -= 1
        self.text.add("};")
        self.text.add(f"{name}.build(numbers, {self._pair(s.unit)}, {size}, targets, visit);")
        for k in keys:
            self.text.add(f"ws.{copies[k]}.remember({self.names[k]});")
            del self.views[k]
        self.text.depth -= 1
        self.text.add("}")
        self.text.depth -= 1
        self.text.add("}")

    def _remembered(self, watched: tuple[Symbol, ...]) -> dict[Symbol, str]:
        """The members of the workspace that tell whether the Views among ``watched`` changed."""
        return {
            k: self.workspace.member(f"{self.names[k]}_indices", f"kad::Remembered<{k.type.spelling}>")
            for k in watched
            if isinstance(k.type, View)
        }

    def _changed(
        self, name: str, watched: tuple[Symbol, ...], copies: dict[Symbol, str], numbers: list[str]
    ) -> str:
        """Whether what ``name`` was built from changed: the head of an if statement."""
        given = [*numbers, *(self.names[k] for k in watched if k not in copies)]
        cast = ", ".join(f"double({n})" for n in given)
        self.text.add(f"const std::vector<double> numbers{{{cast}}};")
        same = (f" || !ws.{m}.same({self.names[k]}, ws.indices_are_static_)" for k, m in copies.items())
        return f"if (!{name}.built_for(numbers){''.join(same)}) {{"

    def _invert(self, s: Invert) -> None:
        member = self.workspace.member("inverse", f"kad::InverseMap<{s.space}>")
        name = self.names.fresh("inverse")
        self.text.add(f"auto& {name} = ws.{member};")
        if s.watched is None:
            self.text.add(f"{name}.build({{}}, {self.names[s.keys]}, {self.expr(s.targets)});")
        else:
            copies = self._remembered(s.watched)
            self.text.add("{")
            self.text.depth += 1
            with self.names.scope():
                self.text.add(self._changed(name, s.watched, copies, [self.expr(s.targets)]))
                self.text.depth += 1
                self.text.add(f"{name}.clear();")
                self.temporary = True
                self.block(s.body)
                self.temporary = False
                for k, copy in copies.items():
                    self.text.add(f"ws.{copy}.remember({self.names[k]});")
                self.text.add(f"{name}.build(numbers, {self.names[s.keys]}, {self.expr(s.targets)});")
                self.text.depth -= 1
            self.text.add("}")
            self.text.depth -= 1
            self.text.add("}")
        for symbol, what in ((s.starts, "starts"), (s.entries, "entries")):
            self.text.add(f"const auto {self.names.declare(symbol)} = {name}.{what}();")

    def _pair(self, outer: Range) -> str:
        type_ = scalar(outer.index)
        bounds = (
            self.expr(a)
            if a.type == type_ and (isinstance(a, Symbol) or type_ == INT)
            else cast(type_, self.expr(a))
            for a in (outer.lo, outer.hi)
        )
        return ", ".join(bounds)
