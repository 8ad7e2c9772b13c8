"""The C++ main program that verifies and times the variants of one translation unit.

The machinery is in ``harness*.hpp``; generated here is what depends on the signature: how parameters are held
and how the primal, the tangent and each variant are called.
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


@dataclass(frozen=True)
class Job:
    """A variant to build. ``code``: its header text in namespace ``"kad_" + key``, ``key`` alphanumeric."""

    key: str
    plan: Plan
    code: str


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
    """The translation unit, main program included."""
    jobs = {task.reference.key: task.reference, **{j.key: j for j in task.jobs}}
    signature = task.signature
    return "\n".join(
        [
            # an application's own main program gives way to the harness's
            "#define main kad_harness_users_main",
            f'#include "{task.kernel.absolute()}"',
            "#undef main",
            task.tangent,
            *(job.code for job in jobs.values()),
            '#include "harness.hpp"',
            _kernel(signature),
            *(_variant(signature, key) for key in jobs),
            _main(task.reference.key, jobs),
        ]
    )


def _kernel(signature: Signature) -> str:
    arguments = signature.arguments
    holders = ",\n      ".join(_holder(a) for a in arguments)
    loads = ",\n        ".join(f'{_holder(a)}(in, "{a.name}", {_role(a)})' for a in arguments)
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
        "struct Kernel {",
        "  using Parameters = std::tuple<",
        f"      {holders}>;",
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
        ("call(Kernel::Parameters& p)", ["workspace_", *values, *adjoints]),
        (
            f"call_seeded(Kernel::Parameters& p, double{' seed' if seed else ''})",
            ["workspace_", *values, *adjoints, *seed],
        ),
        ("call_alone(Kernel::Parameters& p)", [*values, *adjoints]),
    ]
    lines = [f"class Variant_{key} final : public kad_harness::Gradient<Kernel::Parameters> {{", " public:"]
    for head, arguments in calls:
        lines += [
            f"  double {head} override {{",
            *prepare,
            *_returning(signature, _call(gradient, arguments)),
            "  }",
        ]
    lines += [
        "  std::size_t memory() const override { return workspace_.memory(); }",
        "",
        " private:",
        f"  ::kad_{key}::{signature.name}_workspace workspace_;",
        "};",
    ]
    return "\n".join(lines) + "\n"


def _main(reference: str, keys: Iterable[str]) -> str:
    entries = [f'      {{"{k}", [] {{ return std::make_unique<Variant_{k}>(); }}}},' for k in keys]
    lines = [
        "int main(int argc, char** argv) {",
        "  kad_harness::Variants<Kernel::Parameters> variants{",
        *entries,
        "  };",
        f'  return kad_harness::Harness<Kernel>("{SENTINEL}", "{reference}", variants).main(argc, argv);',
        "}",
    ]
    return "\n".join(lines) + "\n"


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
