"""Random C++ sources of the supported language: one function with its helpers and functors."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from tests.kernel_generator import COLUMNS, LENGTH, MATRICES, ROWS, TYPES, VECTORS, Kernels, Scope, indented

PARAMETERS = (
    "Kokkos::View<double*> x, Kokkos::View<double*> y, Kokkos::View<double*> z, Kokkos::View<double**> A, "
    "Kokkos::View<double**> B, Kokkos::View<const int*> idx, Kokkos::View<const int*> perm, double a, "
    "double c, int n, int m"
)
PRELUDE = """
struct Pair {
  double u, v;
  KOKKOS_INLINE_FUNCTION Pair(double u_, double v_) : u(u_), v(v_) {}
  KOKKOS_INLINE_FUNCTION double dot(const Pair& o) const { return u * o.u - 0.5 * v * o.v; }
  KOKKOS_INLINE_FUNCTION Pair operator+(const Pair& o) const { return Pair(u + o.v, v + o.u); }
  KOKKOS_INLINE_FUNCTION void turn(double by) {
    const double old = u;
    u = u * cos(by) - v;
    v = 0.5 * v + old * by;
  }
};
KOKKOS_INLINE_FUNCTION void split(double p, double& q, double& r) {
  q = sin(p) + 0.5 * r;
  r = p * q;
}
template <class T> KOKKOS_INLINE_FUNCTION T blend(T p, T q) { return p > q ? p * T(0.3) + q : q * p; }
template <int N> KOKKOS_INLINE_FUNCTION double power(double p) {
  if constexpr (N == 0) return 1.0;
  else return sin(p) * power<N - 1>(p);
}
"""


class Source(Kernels):
    """One random source per state of ``chooser``."""

    # ---- the whole ----

    def text(self) -> str:
        """The function and its helpers; needs ``PRELUDE`` before it."""
        scope = Scope(["a", "c"], ["m", "n"], [])
        returns = self.chance(0.6)
        helpers = [self._function(k) for k in range(self.r.randint(0, 2))]
        self.helpers = [name for name, _ in helpers]
        body = self.host(scope, [*VECTORS, *MATRICES], self.r.randint(2, 5), 0)
        if returns:
            body.append(f"return {self.value(scope)};")
        kind = "double" if returns else "void"
        lines = [*(text for _, text in helpers), *self.outside]
        return "\n".join([*lines, f"{kind} {self.name}({PARAMETERS}) {{", *indented(body), "}", ""])

    def arguments(self) -> dict[str, Any]:
        rng = np.random.default_rng(self.r.randrange(2**31))
        return {
            **{v: rng.uniform(-1, 1, ROWS) for v in VECTORS},
            **{v: rng.uniform(-1, 1, (ROWS, COLUMNS)) for v in MATRICES},
            "idx": rng.integers(0, ROWS, ROWS).astype(np.int32),
            "perm": rng.permutation(ROWS).astype(np.int32),
            "a": 0.7,
            "c": -0.4,
            "n": LENGTH,
            "m": int(rng.choice([0, 1, 2, 3, 5])),
        }

    # ---- helper functions ----

    def _function(self, k: int) -> tuple[str, str]:
        name = f"{self.name}_helper{k}"
        self.helpers = [f"{self.name}_helper{j}" for j in range(k)]
        scope = Scope(["p", "q"], ["k"], ["p", "q"], leave="return p;")
        body = self.kernel(scope, self.r.randint(1, 4), 1)
        head = f"KOKKOS_INLINE_FUNCTION double {name}(double p, double q, int k) {{"
        return name, "\n".join([head, *indented([*body, f"return {self.value(scope)};"]), "}"])

    # ---- host ----

    def host(self, scope: Scope, views: list[str], count: int, depth: int) -> list[str]:
        out: list[str] = []
        views = [*views]
        can = self.features
        for _ in range(count):
            kind = self.weighted(
                {
                    "launch": 5,
                    "reduce": 4,
                    "scan": 1.0 * can.scans,
                    "team": 2.0 * can.teams,
                    "copy": 1,
                    "fill": 1,
                    "local": 1,
                    "let": 2,
                    "for": 2.0 * (depth < 2),
                    "while": 1.0 * (depth < 2 and can.jumps),
                    "swap": 1.0 * (depth < 1 and can.swaps),
                    "if": 1.5 * (depth < 2),
                }
            )
            match kind:
                case "launch":
                    out += self.launch(scope, views)
                case "reduce":
                    out += self.reduce(scope, views)
                case "scan":
                    out += self.scan(scope, views)
                case "team":
                    out += self.team(scope, views)
                case "copy":
                    target, source = self.pick(views), self.pick(views)
                    if target != source and self.type_of(target) == self.type_of(source):
                        out.append(f"Kokkos::deep_copy({target}, {source});")
                case "fill":
                    out.append(f"Kokkos::deep_copy({self.pick(views)}, {self.value(scope)});")
                case "local":
                    name, matrix = self.new("t"), self.chance(0.3)
                    self.local_views[name] = TYPES["A" if matrix else "x"]
                    extents = f"{ROWS}, {COLUMNS}" if matrix else str(ROWS)
                    out.append(f'{self.local_views[name]} {name}("{name}", {extents});')
                    views.append(name)
                case "let":
                    out.append(self.let(scope))
                case "for":
                    inner = scope.copy()
                    k = self.new("k")
                    inner.ints.append(k)
                    inner.loops += 1
                    body = self.host(inner, views, self.r.randint(1, 3), depth + 1)
                    head = f"for (int {k} = 0; {k} < {self.pick(['m', '2', '3'])}; ++{k}) {{"
                    out += [head, *indented(body), "}"]
                case "while":
                    inner = scope.copy()
                    k = self.new("k")
                    body = self.host(inner, views, self.r.randint(1, 2), depth + 1)
                    stop = [f"if ({self.condition(inner)}) break;"] if self.chance(0.5) else []
                    out += [
                        f"int {k} = 0;",
                        f"while ({k} < m) {{",
                        *indented([*body, f"++{k};", *stop]),
                        "}",
                    ]
                case "swap":
                    out += self.swapping(scope, views, depth)
                case "if":
                    out += self.branch(scope, lambda s: self.host(s, views, self.r.randint(1, 2), depth + 1))
        return out

    def swapping(self, scope: Scope, views: list[str], depth: int) -> list[str]:
        """A time loop whose two Views trade places."""
        first, second = self.new("old"), self.new("new")
        out = []
        for name in (first, second):
            self.local_views[name] = TYPES["x"]
            out.append(f'{TYPES["x"]} {name}("{name}", {ROWS});')
        out.append(f"Kokkos::deep_copy({first}, {self.pick(VECTORS)});")
        inner, k = scope.copy(), self.new("k")
        self.modes = {v: "read" for v in views}
        self.modes |= {first: "read", second: "own"}
        self.own = "i"
        factor = self.element("read", views)
        body = [f"{second}(i) = 0.7 * {first}((i + 1) % {ROWS}) + sin({first}(i)) * {factor};"]
        launch = ["Kokkos::parallel_for(8, KOKKOS_LAMBDA(const int i) {", *indented(body), "});"]
        more = self.host(inner, views, 1, depth + 2) if self.chance(0.3) else []
        out += [f"for (int {k} = 0; {k} < m; ++{k}) {{"]
        out += [*indented([*launch, *more, f"std::swap({first}, {second});"]), "}"]
        views.append(first)
        return out

    # ---- launches ----

    def begin(self, scope: Scope, views: list[str]) -> Scope:
        self.modes = {v: self.pick(["read", "read", "own", "atomic"]) for v in views}
        self.own, self.own_column = self.pick(["i", "i", "i", "perm(i)", "i + 2"]), ""
        inner = scope.copy()
        inner.ints, inner.variables, inner.loops = ["i"], [], 0
        return inner

    def launch(self, scope: Scope, views: list[str]) -> list[str]:
        inner = self.begin(scope, views)
        if self.chance(0.15):
            return self.grid(inner)
        inner.leave = "return;"
        body = self.kernel(inner, self.r.randint(2, 5), 0)
        body += self.write(inner) or []
        n = self.pick(["n", "n", "3", "m"])
        form = self.weighted(
            {
                "lambda": 4,
                "range": 2,
                "functor": 2.0 * self.features.functors,
                "named": 1.0 * self.features.functors,
            }
        )
        match form:
            case "lambda":
                return [f"Kokkos::parallel_for({n}, KOKKOS_LAMBDA(const int i) {{", *indented(body), "});"]
            case "range":
                head = f'Kokkos::parallel_for("k", Kokkos::RangePolicy<>(0, {n}), KOKKOS_LAMBDA(int i) {{'
                return [head, *indented(body), "});"]
            case "named":
                name = self.new("body")
                head = f"auto {name} = KOKKOS_LAMBDA(const int i) {{"
                return [head, *indented(body), "};", f"Kokkos::parallel_for({n}, {name});"]
            case _:
                return self.functor(scope, views, body, n)

    def grid(self, inner: Scope) -> list[str]:
        """Two ranges: an iteration owns one element of a matrix, and none of a vector."""
        shared = {v: mode for v, mode in self.modes.items() if self.type_of(v) == TYPES["x"]}
        self.modes |= {v: "read" if mode == "own" else mode for v, mode in shared.items()}
        self.own, self.own_column = "i", "j"
        inner.ints, inner.leave = ["i", "j"], "return;"
        body = [*self.kernel(inner, self.r.randint(2, 4), 0), *self.write(inner)]
        policy = f"Kokkos::MDRangePolicy<Kokkos::Rank<2>>({{0, 0}}, {{n, {COLUMNS}}})"
        head = f"Kokkos::parallel_for({policy}, KOKKOS_LAMBDA(const int i, const int j) {{"
        return [head, *indented(body), "});"]

    def functor(self, scope: Scope, views: list[str], body: list[str], n: str) -> list[str]:
        """The same body as a struct with members of the captured names."""
        words = set(re.findall(r"\b[A-Za-z_]\w*\b", "\n".join(body)))
        known = {**TYPES, **{v: self.local_views[v] for v in views if v in self.local_views}}
        known |= {name: "double" for name in scope.floats} | {k: "int" for k in scope.ints}
        members = [name for name in known if name in words]
        name = f"{self.name}_{self.new('Body')}"
        template = self.chance(0.4)
        lines = ["template <class Index>"] if template else []
        lines += [f"struct {name} {{"]
        lines += [f"  {known[m]} {m};" for m in members]
        tag = self.chance(0.3)
        if tag:
            lines.append("  struct Tag {};")
        kind = "Index" if template else "int"
        lines.append(
            f"  KOKKOS_INLINE_FUNCTION void operator()({'Tag, ' if tag else ''}const {kind} i) const {{"
        )
        self.outside.append("\n".join([*lines, *indented(body, 2), "  }", "};"]))
        full = f"{name}<int>" if template else name
        policy = f"Kokkos::RangePolicy<{full}::Tag>(0, {n})" if tag else n
        return [f"Kokkos::parallel_for({policy}, {full}{{{', '.join(members)}}});"]

    def reduce(self, scope: Scope, views: list[str]) -> list[str]:
        inner = self.begin(scope, views)
        body = self.kernel(inner, self.r.randint(1, 4), 0)
        result = self.new("r")
        kinds = {"Sum": 4.0, "two": 1.0}
        if self.features.reducers:
            kinds |= {"Max": 1.0, "Min": 1.0, "Prod": 1.0}
        kind = self.weighted(kinds)
        scope.floats.append(result)
        n = self.pick(["n", "3"])
        if kind == "two":
            second = self.new("r")
            scope.floats.append(second)
            body += [f"s += {self.value(inner)};", f"q += {self.value(inner)};"]
            head = f"Kokkos::parallel_reduce({n}, KOKKOS_LAMBDA(const int i, double& s, double& q) {{"
            return [
                f"double {result} = 0, {second} = 0;",
                head,
                *indented(body),
                f"}}, {result}, {second});",
            ]
        match kind:
            case "Sum":
                body.append(f"s += {self.value(inner)};")
                target = result
            case "Prod":
                body.append(f"s *= {self.value(inner)};")
                target = f"Kokkos::Prod<double>({result})"
            case _:
                candidate, relation = self.new("v"), ">" if kind == "Max" else "<"
                body.append(f"const double {candidate} = {self.value(inner)};")
                body.append(f"if ({candidate} {relation} s) s = {candidate};")
                target = f"Kokkos::{kind}<double>({result})"
        head = f"Kokkos::parallel_reduce({n}, KOKKOS_LAMBDA(const int i, double& s) {{"
        return [f"double {result} = 0;", head, *indented(body), f"}}, {target});"]

    def scan(self, scope: Scope, views: list[str]) -> list[str]:
        inner = self.begin(scope, views)
        self.modes = {v: "read" for v in views}
        target = self.pick([v for v in views if self.type_of(v) == TYPES["x"]])
        self.modes[target] = "own"
        self.own = "i"
        term = self.new("v")
        factor = self.element("read", [v for v in views if v != target])
        body = [f"const double {term} = {factor} * {self.value(inner)};"]
        store = f"if (last) {target}(i) = {self.pick(['s', 'sin(s)', f's * {term}'])};"
        update = f"s += {term};"
        body += [update, store] if self.chance(0.5) else [store, update]
        n = self.pick(["n", "3", "m"])
        head = f"Kokkos::parallel_scan({n}, KOKKOS_LAMBDA(const int i, double& s, const bool last) {{"
        return [head, *indented(body), "});"]

    def team(self, scope: Scope, views: list[str]) -> list[str]:
        """One team per row: reads anywhere, a reduction over the team, writes of the own row."""
        inner = self.begin(scope, views)
        self.own = "i"
        self.modes = {v: "read" if mode == "atomic" else mode for v, mode in self.modes.items()}
        reads = [v for v in views if self.modes[v] == "read"]
        body = ["const int i = team.league_rank();"]
        self.modes = {v: "read" for v in reads} | {v: "" for v in views if v not in reads}
        inner.ints = ["i", "j"]
        total = self.new("s")
        terms = self.value(inner) + (f" * {self.element('read', reads)}" if reads else "")
        policy = self.pick(["TeamThreadRange", "TeamThreadRange", "TeamVectorRange"])
        body += [
            f"double {total} = 0;",
            f"Kokkos::parallel_reduce(Kokkos::{policy}(team, 3), [&](const int j, double& l) {{",
            f"  l += {terms};",
            f"}}, {total});",
        ]
        inner.floats.append(total)
        for view in views:
            if view in reads or not self.chance(0.6):
                continue
            if self.type_of(view) == TYPES["A"]:
                old = f"{view}(i, j) * " if self.chance(0.5) else ""
                body += [
                    "team.team_barrier();",
                    "Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 3), [=](const int j) {",
                    f"  {view}(i, j) = {old}{self.value(inner)};",
                    "});",
                ]
            else:
                plain = replace(inner, ints=["i"])
                old = f"{view}(i) + " if self.chance(0.5) else ""
                store = f"{view}(i) = {old}{self.value(plain)};"
                body.append(f"Kokkos::single(Kokkos::PerTeam(team), [=]() {{ {store} }});")
        self.outside.append(f"using {self.name}_Team = Kokkos::TeamPolicy<>::member_type;")
        policy = "Kokkos::TeamPolicy<>(n, Kokkos::AUTO)"
        head = f"Kokkos::parallel_for({policy}, KOKKOS_LAMBDA(const {self.name}_Team& team) {{"
        return [head, *indented(body), "});"]
