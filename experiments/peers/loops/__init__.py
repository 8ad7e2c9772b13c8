"""The loops of corpus kernels in plain C++, and how they are called with the kernels' Views.

``<kernel>.hpp`` defines ``<kernel>_loops(arrays and scalars in the kernel's order, extents, first, last)``:
the kernel's iterations ``[first, last)``, arrays by rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from transform.ir.types import View
from transform.signature import Argument, Signature

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Loops:
    """``count``: the number of iterations, and ``extents``: further parameters, as C++ of the Views."""

    kernel: str
    count: str
    extents: Mapping[str, str] = field(default_factory=dict)
    wrt: tuple[str, ...] | None = None

    @property
    def text(self) -> str:
        return (FOLDER / f"{self.kernel}.hpp").read_text()

    def function(self, threads: bool) -> str:
        return f"{self.kernel}_{'threads' if threads else 'loops'}"


LOOPS = (
    Loops("weighted_inner", "A.extent(0)", {"columns": "A.extent(1)"}, ("x", "y")),
    Loops("stencil", "u.extent(0) - 2", {"ny": "u.extent(1)"}, ("u",)),
    Loops("fe_energy", "conn.extent(0)"),
    Loops("laplace", "conn.extent(0)"),
    Loops("spmv", "values.extent(0)", {"entries": "values.extent(1)"}),
    Loops("map", "x.extent(0)"),
    Loops("theta", "data.extent(0)"),
)


def declared(a: Argument) -> str:
    """A parameter of the loops."""
    if isinstance(a.type, View):
        constant = "const " if a.type.read_only else ""
        return f"{constant}{a.type.element.name}* {a.name}"
    return f"{a.type.name} {a.name}"


def with_adjoints(
    signature: Signature, plain: Callable[[Argument], str], adjoint: Callable[[Argument], str]
) -> Iterator[str]:
    """For each parameter what ``plain`` says, behind it what ``adjoint`` says if it has one."""
    for a in signature.arguments:
        yield plain(a)
        if a.has_adjoint:
            yield adjoint(a)


def threaded(loops: Loops, signature: Signature) -> str:
    """The loops in one part per thread, with OpenMP; a sum is one of partial sums, since not every tool takes
    ``reduction``."""
    arguments = [declared(a) for a in signature.arguments] + [f"int {e}" for e in loops.extents]
    names = ", ".join([a.name for a in signature.arguments] + list(loops.extents))
    part = f"{loops.function(False)}({names}, first_of(count, p, parts), first_of(count, p + 1, parts))"
    head = f"{loops.function(True)}({', '.join(arguments)}, int count, double* partial, int parts) {{"
    first = "static int first_of(int n, int part, int parts) { return int(long(n) * part / parts); }"
    loop = "#pragma omp parallel for\n  for (int p = 0; p < parts; ++p)"
    if signature.returns is None:
        return f"{first}\n\nvoid {head}\n{loop} {part};\n}}\n"
    total = "double sum = 0.0;\n  for (int p = 0; p < parts; ++p) sum += partial[p];\n  return sum;"
    return f"{first}\n\ndouble {head}\n{loop} partial[p] = {part};\n  {total}\n}}\n"


def variant(loops: Loops, signature: Signature, tool: str) -> str:
    """A gradient as the harness calls it, in namespace ``kad_<tool>``, that calls ``<tool>_<kernel>`` (see
    ``tools.source``). Its value is 0: neither tool's gradient computes it."""
    name, returns = signature.name, "void" if signature.returns is None else "double"
    views = [
        f"const {a.spelling}& {a.name}" if isinstance(a.type, View) else f"{a.spelling} {a.name}"
        for a in signature.arguments
    ]
    active = [a for a in signature.arguments if a.has_adjoint]
    adjoints = [
        f"const {a.adjoint_spelling}& {a.name}_b" if isinstance(a.type, View) else f"double& {a.name}_b"
        for a in active
    ]
    seed = ["double = 1.0"] if signature.returns is not None else []
    data = with_adjoints(
        signature,
        lambda a: f"{a.name}.data()" if isinstance(a.type, View) else a.name,
        lambda a: f"{a.name}_b.data()" if isinstance(a.type, View) else f"&{a.name}_b",
    )
    passed = ", ".join([*data, *(f"int({e})" for e in loops.extents.values()), f"int({loops.count})"])
    value = "" if signature.returns is None else " return 0.0;"
    given = ", ".join([a.name for a in signature.arguments] + [f"{a.name}_b" for a in active])
    return f"""{entry(loops, signature, tool)};
namespace kad_{tool} {{
struct {name}_workspace {{
  std::size_t memory() const {{ return 0; }}
}};
inline {returns} {name}_grad({name}_workspace&, {", ".join([*views, *adjoints, *seed])}) {{
  {tool}_{loops.kernel}({passed});{value}
}}
inline {returns} {name}_grad({", ".join([*views, *adjoints, *seed])}) {{
  {name}_workspace workspace;
  return {name}_grad(workspace, {given});
}}
}}  // namespace kad_{tool}
"""


def entry(loops: Loops, signature: Signature, tool: str) -> str:
    """The declaration of the C function between the tool's compiler and ours: every array and scalar with its
    adjoint behind it, the extents, the number of iterations."""
    parameters = [*with_adjoints(signature, declared, lambda a: f"double* {a.name}_b")]
    parameters += [*(f"int {e}" for e in loops.extents), "int count"]
    return f'extern "C" void {tool}_{loops.kernel}({", ".join(parameters)})'
