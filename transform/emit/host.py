"""Print host statements: workspace buffers, tapes, control flow."""

from __future__ import annotations

from transform.emit.expressions import cast, inlined
from transform.emit.launches import LaunchPrinter
from transform.ir.build import scalar
from transform.ir.build import view as view_type
from transform.ir.nodes import (
    Allocate,
    Atom,
    Block,
    Color,
    Combine,
    DeepCopy,
    For,
    If,
    Invert,
    Launch,
    Output,
    PrefixSum,
    Replicate,
    Restore,
    Return,
    Save,
    Stmt,
    Symbol,
)
from transform.ir.types import View
from transform.ir.walk import uses, walk


class HostPrinter(LaunchPrinter):
    def stmt(self, s: Stmt) -> None:
        match s:
            case Launch():
                self._require(s)
                self.launch(s)
            case For() | If():
                checked = set(self.checked)
                super().stmt(s)
                self.checked = checked
            case Allocate(target=target, extents=extents, zeroed=zeroed):
                self._allocate(target, extents, "zeroed" if zeroed else "get")
            case DeepCopy(target=target, source=source):
                self.text.add(f"Kokkos::deep_copy({self.names[target]}, {self.expr(source)});")
            case PrefixSum(view=view, start=start, total=total, backward=backward):
                result = ""
                if total is not None:
                    result = f"const {scalar(total).name} {self.names.declare(total)} = "
                verb = "suffix_sum" if backward else "prefix_sum"
                given = cast(view_type(view).element, self.expr(start))
                self.text.add(f"{result}kad::{verb}({self.names[view]}, {given});")
            case Save(tape=tape, source=source):
                self.text.add(f"ws.{self._tape(tape, source)}.push({self.expr(source)});")
            case Restore(target=target, tape=tape):
                member = self._tape(tape, target)
                name = self.names.declare(target)
                self.text.add(f"const auto {name} = ws.{member}.pop();")
            case Replicate():
                self._replicate(s)
            case Combine(target=target, replicas=replicas):
                self.text.add(f"kad::add_copies({self.names[target]}, {self.names[replicas]});")
            case Color():
                self._color(s)
            case Invert():
                self._invert(s)
            case Output() | Return():
                pass
            case _:
                super().stmt(s)

    # ---- buffers ----

    def _allocate(self, target: Symbol, extents: tuple[Atom, ...], how: str) -> None:
        assert isinstance(target.type, View)
        name = self.names.declare(target)
        if self.temporary:
            (extent,) = extents
            wish = f'Kokkos::view_alloc("{name}", Kokkos::WithoutInitializing)'
            self.text.add(f"const {target.type.spelling} {name}({wish}, {self.expr(extent)});")
            return
        member = self.workspace.member(name, f"kad::Buffer<{target.type.spelling}>")
        dynamic = [
            f", {self.expr(e)}"
            for e, fixed in zip(extents, target.type.static_extents, strict=True)
            if fixed is None
        ]
        self.text.add(f'const auto {name} = ws.{member}.{how}("{name}"{"".join(dynamic)});')

    def _tape(self, tape: str, source: Atom) -> str:
        if tape not in self.tape_members:
            if isinstance(source, Symbol) and isinstance(source.type, View):
                saved = source.type
                owned = saved.writable.spelling if saved.objects else f"kad::adjoint_of<{saved.spelling}>"
                type_ = f"kad::Tape<{owned}>"
            else:
                type_ = f"kad::Scalars<{source.type.name}>"  # type: ignore[union-attr]
            self.tape_members[tape] = self.workspace.member(f"{tape}_tape", type_)
            self.workspace.tapes.append(self.tape_members[tape])
        return self.tape_members[tape]

    def _replicate(self, s: Replicate) -> None:
        """Memory for private copies; the tasks of the launch that follows bind their own (``_chunked``)."""
        spelling = view_type(s.source).spelling
        name = self.names.declare(s.target)
        member = self.workspace.member(name, f"kad::Buffer<kad::Slabs<{spelling}>>")
        count = f"({self._replicas(s.space, s.shared)} - 1)"
        original = self.names[s.source]
        how = "zeroed" if s.shared else "get"  # a task zeroes the copy that it alone has
        self.text.add(f'const auto {name} = ws.{member}.{how}("{name}", {count} * kad::slab({original}));')
        self.copies[s.target] = s.source

    # ---- host control flow ----

    def host_block(self, block: Block) -> None:
        self.begin_host(block)
        self.block(block)

    def begin_host(self, block: Block) -> None:
        """Write host temporaries in place too, but never inside a launch (captures read variables)."""
        chosen = inlined(block)
        captured = {
            a
            for s in walk(block)
            if isinstance(s, Launch | Color)
            for inner in walk(s.body)
            for a in uses(inner)
        }
        self._find(block, chosen - captured)
