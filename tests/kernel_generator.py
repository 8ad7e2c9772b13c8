"""Random C++ bodies of kernels and helper functions, race-free by construction.

In one kernel a View is either only read (anywhere), or read and written in the iteration's own row, or only
updated atomically (anywhere). All choices come from a ``random.Random``, so that a property-based tester can
make and shrink them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

LENGTH = 4  # of most ranges
ROWS, COLUMNS = 12, 3  # Views are longer than ranges
VECTORS, MATRICES = ("x", "y", "z"), ("A", "B")

TYPES = {
    **dict.fromkeys(VECTORS, "Kokkos::View<double*>"),
    **dict.fromkeys(MATRICES, "Kokkos::View<double**>"),
    **dict.fromkeys(("idx", "perm"), "Kokkos::View<const int*>"),
    **dict.fromkeys("ac", "double"),
    **dict.fromkeys("nm", "int"),
}


@dataclass(frozen=True)
class Features:
    """What a source may use beyond counted loops, branches and lambdas."""

    jumps: bool = True  # break, continue, while, do, switch, early return
    objects: bool = True  # local structs, member functions
    functors: bool = True
    teams: bool = True
    reducers: bool = True
    scans: bool = True
    subviews: bool = True
    swaps: bool = True  # Views that trade places in host loops


@dataclass
class Scope:
    """What statements at one place may name."""

    floats: list[str]
    ints: list[str]
    variables: list[str] = field(default_factory=list)  # assignable doubles
    arrays: list[str] = field(default_factory=list)  # double[3]
    pairs: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)  # subviews: read only
    loops: int = 0
    leave: str = ""  # how a kernel or function may end early

    def copy(self) -> Scope:
        floats, ints, variables = [*self.floats], [*self.ints], [*self.variables]
        arrays, pairs, rows = [*self.arrays], [*self.pairs], [*self.rows]
        return Scope(floats, ints, variables, arrays, pairs, rows, self.loops, self.leave)


class Kernels:
    """Random bodies of kernels and helper functions."""

    def __init__(self, chooser: random.Random, features: Features | None = None, name: str = "f") -> None:
        self.r = chooser
        self.features = features or Features()
        self.name = name
        self.count = 0
        self.modes: dict[str, str] = {}
        self.own = "i"  # the row that an iteration owns
        self.own_column = ""  # and the column, if it owns one element only
        self.helpers: list[str] = []
        self.outside: list[str] = []  # helper functions and functors, before the function
        self.local_views: dict[str, str] = {}

    # ---- choices ----

    def chance(self, p: float) -> bool:
        return self.r.random() < p

    def pick(self, many: Sequence[str]) -> str:
        return self.r.choice(list(many))

    def weighted(self, weights: dict[str, float]) -> str:
        """One of the keys; a weight of zero excludes it."""
        many = [key for key, weight in weights.items() for _ in range(round(10 * weight))]
        return self.r.choice(many)

    def new(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def type_of(self, view: str) -> str:
        return self.local_views.get(view) or TYPES[view]

    # ---- statements ----

    def kernel(self, scope: Scope, count: int, depth: int) -> list[str]:
        out: list[str] = []
        can = self.features
        for _ in range(count):
            kind = self.weighted(
                {
                    "let": 4,
                    "assign": 2.0 * bool(scope.variables),
                    "load": 3.0 * bool(self.modes),
                    "array": 1,
                    "set": 2.0 * bool(scope.arrays),
                    "pair": 1.0 * can.objects,
                    "turn": 2.0 * bool(scope.pairs),
                    "split": 1.0 * (len(scope.variables) > 1),
                    "row": 1.0 * (can.subviews and any(self.mode(v) == "read" for v in MATRICES)),
                    "write": 2.0 * bool(self.modes),
                    "for": 1.5 * (depth < 3),
                    "while": 1.0 * (depth < 3 and can.jumps),
                    "switch": 0.7 * (depth < 3 and can.jumps),
                    "leave": 0.5 * bool(scope.leave and can.jumps and depth < 3),
                    "jump": 1.0 * bool(scope.loops and can.jumps),
                    "if": 2.0 * (depth < 3),
                }
            )
            match kind:
                case "let":
                    out.append(self.let(scope))
                case "assign":
                    target = self.pick(scope.variables)
                    form = self.pick(["= {}", "+= {}", "-= {}", "*= cos({})", "= 0.5 * " + target + " + {}"])
                    out.append(f"{target} {form.format(self.value(scope))};")
                case "load":
                    name = self.new("v")
                    out.append(f"const double {name} = {self.element('load', list(self.modes), scope)};")
                    scope.floats.append(name)
                case "array":
                    name = self.new("s")
                    out.append(f"double {name}[3] = {{{', '.join(self.value(scope) for _ in range(3))}}};")
                    scope.arrays.append(name)
                case "set":
                    array = self.pick(scope.arrays)
                    operator = self.pick(["=", "+=", "-="])
                    out.append(f"{array}[{self.index(scope, 3)}] {operator} {self.value(scope)};")
                case "pair":
                    name = self.new("w")
                    out.append(f"Pair {name}({self.value(scope)}, {self.value(scope)});")
                    scope.pairs.append(name)
                    scope.floats += [f"{name}.u", f"{name}.v"]
                case "turn":
                    out.append(self.pair_update(scope))
                case "split":
                    first, second = self.r.sample(scope.variables, 2)
                    out.append(f"split({self.value(scope)}, {first}, {second});")
                case "row":
                    name = self.new("row")
                    view = self.pick([v for v in MATRICES if self.mode(v) == "read"])
                    row = self.index(scope, ROWS)
                    out.append(f"auto {name} = Kokkos::subview({view}, {row}, Kokkos::ALL);")
                    scope.rows.append(name)
                case "write":
                    out += self.write(scope)
                case "for" | "while":
                    out += self.loop(scope, depth, kind)
                case "switch":
                    out += self.switch(scope, depth)
                case "leave":
                    out.append(f"if ({self.condition(scope)}) {scope.leave}")
                case "jump":
                    out.append(f"if ({self.condition(scope)}) {self.pick(['break', 'continue'])};")
                case "if":
                    out += self.branch(scope, lambda s: self.kernel(s, self.r.randint(1, 3), depth + 1))
        return out

    def mode(self, view: str) -> str:
        return self.modes.get(view, "")

    def pair_update(self, scope: Scope) -> str:
        pair = self.pick(scope.pairs)
        match self.r.randrange(4):
            case 0:
                return f"{pair}.turn({self.value(scope)});"
            case 1:
                return f"{pair} = {pair} + {self.pick(scope.pairs)};"
            case 2:
                return f"{pair}.{self.pick('uv')} = {self.value(scope)};"
            case _:
                name = self.new("v")
                scope.floats.append(name)
                return f"const double {name} = {pair}.dot({self.pick(scope.pairs)});"

    def let(self, scope: Scope) -> str:
        name = self.new("v")
        value = self.value(scope)
        if scope.rows and self.chance(0.5):
            value += f" * {self.pick(scope.rows)}({self.index(scope, 3)})"
        scope.floats.append(name)
        scope.variables.append(name)
        return f"double {name} = {value};"

    def loop(self, scope: Scope, depth: int, kind: str) -> list[str]:
        inner, k = scope.copy(), self.new("k")
        inner.ints.append(k)
        inner.loops += 1
        bound = self.pick(["2", "3", *scope.ints[:2], *(["m"] if self.modes else [])])
        if kind == "for":
            head = self.pick(
                [
                    f"for (int {k} = 0; {k} < {bound}; ++{k}) {{",
                    f"for (int {k} = {bound} - 1; {k} >= 0; --{k}) {{",
                    f"for (int {k} = 1; {k} <= {bound}; {k} += 2) {{",
                ]
            )
            return [head, *indented(self.kernel(inner, self.r.randint(1, 4), depth + 1)), "}"]
        body = self.kernel(inner, self.r.randint(1, 3), depth + 1)
        if self.chance(0.5):
            guard = f" && {self.condition(scope)}" if self.chance(0.4) else ""
            return [f"int {k} = 0;", f"while ({k} < {bound}{guard}) {{", *indented([f"++{k};", *body]), "}"]
        return [f"int {k} = 0;", "do {", *indented([f"++{k};", *body]), f"}} while ({k} < {bound});"]

    def switch(self, scope: Scope, depth: int) -> list[str]:
        out = [f"switch ({self.pick(scope.ints)} % 3) {{"]
        for label in ("case 0:", "case 1:", "default:"):
            inner = scope.copy()
            inner.loops = 0  # break leaves the switch; continue is left out
            body = self.kernel(inner, self.r.randint(1, 2), depth + 1)
            out += [f"  {label} {{", *indented(body, 2), "  }"]
            out += ["  break;"] if self.chance(0.8) else []
        return [*out, "}"]

    def branch(self, scope: Scope, body: Callable[[Scope], list[str]]) -> list[str]:
        out = [f"if ({self.condition(scope)}) {{", *indented(body(scope.copy())), "}"]
        if self.chance(0.5):
            out[-1:] = ["} else {", *indented(body(scope.copy())), "}"]
        return out

    def condition(self, scope: Scope) -> str:
        if self.chance(0.6):
            return f"{self.pick(scope.ints)} % 2 == {self.pick('01')}"
        return f"{self.pick(scope.floats)} {self.pick('<>')} 0.123"

    def value(self, scope: Scope) -> str:
        """An expression of moderate size."""
        p, q = self.pick(scope.floats), self.pick(scope.floats)
        forms = [
            f"{p} + {q}", f"({p} - {q})", f"{p} * cos({q})", f"sin({p} * {q})", f"{p} / (2.5 + sin({q}))",
            f"0.5 * sin({p})", f"({self.condition(scope)} ? {p} : {q} * 0.5)", f"fmax({p}, {q})",
            f"blend({p}, {q})", f"power<2>({p})", f"sqrt(1.0 + {p} * {p})",
        ]  # fmt: skip
        forms += [f"{h}({p}, {q}, {self.pick(scope.ints)})" for h in self.helpers]
        forms += [f"{array}[{self.index(scope, 3)}]" for array in scope.arrays[-2:]]
        forms += [f"{row}({self.index(scope, 3)})" for row in scope.rows[-1:]]
        return f"({self.pick(forms)})" if self.chance(0.5) else self.pick(forms)

    def index(self, scope: Scope, size: int) -> str:
        if self.chance(0.4):
            return str(self.r.randrange(size))
        at = self.pick(scope.ints)
        if size == ROWS and self.chance(0.3):
            at = f"{self.pick(['idx', 'perm'])}({at} % {ROWS})"
        elif self.chance(0.4):
            at = f"({at} + {self.pick('12')})"
        return f"{at} % {size}"

    def element(self, purpose: str, views: list[str], scope: Scope | None = None) -> str:
        """An element that may be read."""
        readable = [
            v for v in views if self.mode(v) == "read" or (purpose == "load" and self.mode(v) == "own")
        ]
        if not readable:
            return "a"
        view = self.pick(readable)
        row = (
            self.own if self.mode(view) == "own" else self.pick(["i", "i + 1", "idx(i)", f"(i + 3) % {ROWS}"])
        )
        if self.type_of(view) == TYPES["x"]:
            return f"{view}({row})"
        column = str(self.r.randrange(COLUMNS)) if scope is None else self.index(scope, COLUMNS)
        if self.mode(view) == "own":
            column = self.own_column or column
        return f"{view}({row}, {column})"

    def write(self, scope: Scope) -> list[str]:
        views = [v for v, mode in self.modes.items() if mode in ("own", "atomic")]
        if not views:
            return []
        view = self.pick(views)
        matrix = self.type_of(view) == TYPES["A"]
        if self.mode(view) == "atomic":
            row = self.index(scope, ROWS)
            where = f"{view}({row}, {self.index(scope, COLUMNS)})" if matrix else f"{view}({row})"
            return [f"Kokkos::atomic_add(&{where}, {self.value(scope)});"]
        column = self.own_column or self.index(scope, COLUMNS)
        where = f"{view}({self.own}, {column})" if matrix else f"{view}({self.own})"
        return [f"{where} {self.pick(['=', '=', '+=', '-=', '*='])} {self.value(scope)};"]


def indented(lines: list[str], depth: int = 1) -> list[str]:
    return ["  " * depth + line for line in lines]
