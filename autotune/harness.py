"""The C++ that verifies and times variants: a main program, and shared objects of variants that it loads.

The machinery is in ``harness*.hpp``; generated here is what depends on the signature: how parameters are held
and how the primal, the tangent and each variant are called. The program has the primal, the tangent and the
reference variant, and is compiled once for a search; an object has only variants.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autotune.compiler import Toolchain
from search_spaces.model import Plan
from transform.ir.types import View
from transform.signature import Argument, Signature

SENTINEL = "@kad-result@"
INCLUDE_DIR = Path(__file__).parent
_NAMESPACE = "kad_generated"
_ROW = f"kad_harness::Entry<{_NAMESPACE}::KadParameters>"
_ENTRY = "kad_harness_variants"  # of an object: its variants


@dataclass(frozen=True)
class Job:
    """A variant to build. ``key`` is alphanumeric; behind ``@`` may follow values of run-time choices, as in
    ``p1@tile=32x8;occupancy=50``: jobs that differ there only are one ``variant``, built once. ``code``: its
    header text in namespace ``"kad_" + variant``."""

    key: str
    plan: Plan
    code: str

    @property
    def variant(self) -> str:
        return self.key.partition("@")[0]


@dataclass(frozen=True)
class Task:
    """One translation unit: variants that are built together, and the reference they are compared with."""

    signature: Signature
    kernel: Path
    tangent: str  # header text of kad::<name>_tangent
    reference: Job
    jobs: tuple[Job, ...]
    toolchain: Toolchain
    include_dirs: tuple[Path, ...] = ()


def source(task: Task) -> str:
    """One program with everything in it, for toolchains without shared objects."""
    jobs = {job.variant: job for job in (task.reference, *task.jobs)}
    return _program(task, tuple(jobs.values()))


def program_source(task: Task) -> str:
    """The program that loads the task's object: it has the reference only."""
    return _program(task, (task.reference,))


def object_source(task: Task) -> str | None:
    """The shared object with the task's variants but the reference; None if there are no others."""
    jobs = {j.variant: j for j in task.jobs if j.variant != task.reference.variant}
    if not jobs:
        return None
    return "\n".join(
        [
            *_user_code(task),
            *(job.code for job in jobs.values()),
            '#include "harness_parameters.hpp"',
            f"namespace {_NAMESPACE} {{",
            _parameters(task.signature),
            *(_variant(task.signature, key) for key in jobs),
            f"}}  // namespace {_NAMESPACE}",
            f'extern "C" const {_ROW}* {_ENTRY}() {{',
            *_table(jobs),
            "  return variants;",
            "}\n",
        ]
    )


def _program(task: Task, jobs: tuple[Job, ...]) -> str:
    return "\n".join(
        [
            *_user_code(task),
            task.tangent,
            *(job.code for job in jobs),
            '#include "harness.hpp"',
            f"namespace {_NAMESPACE} {{",
            _parameters(task.signature),
            _kernel(task.signature),
            *(_variant(task.signature, job.variant) for job in jobs),
            f"}}  // namespace {_NAMESPACE}",
            _main(task.reference.variant, [job.variant for job in jobs]),
        ]
    )


def _user_code(task: Task) -> list[str]:
    # an application's own main program gives way to the harness's
    return [
        "#define main kad_harness_users_main",
        f'#include "{task.kernel.absolute()}"',
        "#undef main",
    ]


def _parameters(signature: Signature) -> str:
    holders = ",\n    ".join(_holder(a) for a in signature.arguments)
    return f"using KadParameters = std::tuple<\n    {holders}>;\n"


def _kernel(signature: Signature) -> str:
    arguments = signature.arguments
    loads = ",\n        ".join(
        f'std::tuple_element_t<{i}, Parameters>(in, "{a.name}", {_role(a)})' for i, a in enumerate(arguments)
    )
    names = ", ".join(f'"{a.name}"' for a in arguments if a.has_adjoint)
    prepare, values = _values(signature)
    tangents = [_of(signature, a, "tangent") for a in arguments if a.has_adjoint]
    floating = signature.returns is not None and signature.returns.is_float
    if floating and signature.returns is not None:
        tangent = [
            f"    {signature.returns.name} r_d = 0;",
            *prepare,
            f"    const double r = {_call(f'::kad::{signature.name}_tangent', [*values, *tangents, 'r_d'])};",
            "    value_d = static_cast<double>(r_d);",
            "    return r;",
        ]
    else:
        tangent = [
            "    value_d = 0;",
            *prepare,
            *_returning(signature, _call(f"::kad::{signature.name}_tangent", [*values, *tangents])),
        ]
    lines = [
        "struct KadKernel {",
        "  using Parameters = KadParameters;",
        f"  static constexpr bool returns = {'true' if floating else 'false'};",
        f"  static constexpr const char* active_names[] = {{{names or 'nullptr'}}};",
        "  static Parameters load(const kad_harness::Source& in) {",
        "    return Parameters{",
        f"        {loads}}};",
        "  }",
        "  static double primal(Parameters& p) {",
        *prepare,
        *_returning(signature, signature.call(lambda a: _of(signature, a, "value"))),
        "  }",
        "  static double tangent(Parameters& p, double& value_d) {",
        *tangent,
        "  }",
        "};",
    ]
    return "\n".join(lines) + "\n"


def _variant(signature: Signature, key: str) -> str:
    gradient = f"::kad_{key}::{signature.name}_grad"
    prepare, values = _values(signature)
    adjoints = [_of(signature, a, "adjoint") for a in signature.arguments if a.has_adjoint]
    floating = signature.returns is not None and signature.returns.is_float
    seed = [f"static_cast<{signature.returns.name}>(seed)"] if floating and signature.returns else []
    calls = [
        ("call(KadParameters& p)", ["workspace_", *values, *adjoints]),
        (
            f"call_seeded(KadParameters& p, double{' seed' if seed else ''})",
            ["workspace_", *values, *adjoints, *seed],
        ),
        ("call_alone(KadParameters& p)", [*values, *adjoints]),
    ]
    lines = [f"class Variant_{key} final : public kad_harness::Gradient<KadParameters> {{", " public:"]
    for head, arguments in calls:
        lines += [
            f"  double {head} override {{",
            *prepare,
            *_returning(signature, _call(gradient, arguments)),
            "  }",
        ]
    lines += [
        "  std::size_t memory() const override { return workspace_.memory(); }",
        "  void set(const std::string& knob, const std::string& value) override {",
        "    kad_harness::set_knob(workspace_, knob, value);",
        "  }",
        "",
        " private:",
        f"  ::kad_{key}::{signature.name}_workspace workspace_;",
        "};",
    ]
    return "\n".join(lines) + "\n"


def _main(reference: str, keys: Iterable[str]) -> str:
    harness = f"kad_harness::Harness<{_NAMESPACE}::KadKernel>"
    lines = [
        "int main(int argc, char** argv) {",
        *_table(keys),
        f'  return {harness}("{SENTINEL}", "{reference}", variants).main(argc, argv);',
        "}",
    ]
    return "\n".join(lines) + "\n"


def _table(keys: Iterable[str]) -> list[str]:
    make = f"kad_harness::make_variant<{_NAMESPACE}::Variant_{{}}, {_NAMESPACE}::KadParameters>"
    rows = [f'      {{"{key}", {make.format(key)}}},' for key in keys]
    return [f"  static constexpr {_ROW} variants[] = {{", *rows, "      {nullptr, nullptr}};"]


def _holder(argument: Argument) -> str:
    if isinstance(argument.type, View):
        numbers = f", {argument.type.element.name}" if argument.type.objects else ""
        if argument.has_adjoint:
            return f"kad_harness::ActiveArray<{argument.spelling}, {argument.adjoint_spelling}{numbers}>"
        return f"kad_harness::PassiveArray<{argument.spelling}{numbers}>"
    kind = "ActiveScalar" if argument.has_adjoint else "PassiveScalar"
    return f"kad_harness::{kind}<{argument.type.name}>"


def _role(argument: Argument) -> str:
    flags = (argument.independent, argument.dependent, argument.written)
    return "{" + ", ".join("true" if f else "false" for f in flags) + "}"


def _of(signature: Signature, argument: Argument, what: str) -> str:
    return f"std::get<{signature.arguments.index(argument)}>(p).{what}()"


def _call(function: str, arguments: Iterable[str]) -> str:
    return f"{function}({', '.join(arguments)})"


def _values(signature: Signature) -> tuple[list[str], list[str]]:
    """Statements that make the objects of a call, and its arguments without adjoints."""

    def value(argument: Argument) -> str:
        return _of(signature, argument, "value")

    return [f"    {line}" for line in signature.prepare(value)], signature.passed(value)


def _returning(signature: Signature, call: str) -> list[str]:
    """Call, keep what the call changed in objects, and return its value."""
    after = [f"    {line}" for line in signature.finish(lambda a: _of(signature, a, "value"))]
    if after and signature.returns is not None:
        return [f"    const double value = static_cast<double>({call});", *after, "    return value;"]
    if signature.returns is None:
        return [f"    {call};", *after, "    return 0.0;"]
    return [f"    return static_cast<double>({call});"]
