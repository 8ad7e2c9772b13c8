"""From a request to what can be searched: derivative, toolchain, workload, space, jobs and tasks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from autotune.evaluate import Inputs, Job, Limits, Task
from autotune.infer import check_accesses, infer_workload, shrink
from autotune.installation import candidates, find, read_installation
from autotune.legal import LegalPlans, plan_key
from autotune.narrow import fix, narrow, read_narrowing
from autotune.options import Request, tool_version
from autotune.select import Rules
from autotune.toolchain import Toolchain, find_toolchain, identity
from autotune.tuned import state_dir, write_atomically
from autotune.workload import Workload, load_workload, to_toml
from autotune.workload import fingerprint as workload_fingerprint
from search_spaces.model import Architecture, Constraint, Plan, SearchSpace, architectures
from transform import pipeline
from transform.diagnostics import UsageError
from transform.frontend.flags import KokkosHeadersMissing, ParseOptions, compiler_flags
from transform.ir.nodes import Program
from transform.ir.text import fingerprint
from transform.pipeline import Adjoint
from transform.signature import Signature
from transform.strategies.intermediates import is_spacing
from transform.strategies.launch import build_plan, run_time

Note = Callable[[str], None]

PORTABLE = Architecture(
    name="portable",
    title="any machine",
    backend="host",
    kokkos_arch="",
    macro="",
    compiler=(),
    flags=(),
)


@dataclass(frozen=True)
class Problem:
    """What is searched. ``job`` realises a plan, ``task`` puts jobs beside a reference into one program.

    ``deterministic`` tells whether a plan's gradient is bitwise reproducible by construction.
    """

    label: str
    identity: str
    legal: LegalPlans
    job: Callable[[Plan], Job]
    deterministic: Callable[[Plan], bool]
    task: Callable[[Job, tuple[Job, ...]], Task]
    inputs: Inputs
    limits: Limits
    rules: Rules = field(default_factory=Rules)


@dataclass(frozen=True)
class Derivation:
    """The kernel, read and differentiated."""

    program: Program
    adjoint: Adjoint
    signature: Signature

    @cached_property
    def kernel_fingerprint(self) -> str:
        return fingerprint(self.program)

    @cached_property
    def tangent(self) -> str:
        return pipeline.tangent_header(self.adjoint)

    @cached_property
    def wrt(self) -> tuple[str, ...]:
        return tuple(a.name for a in self.signature.arguments if a.independent)

    @cached_property
    def of(self) -> tuple[str, ...]:
        return tuple(a.name for a in self.signature.arguments if a.dependent)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the gradient does not do as the function does, with its place."""
        return tuple(
            f"{n.loc.file}:{n.loc.line}:{n.loc.column}: {n.text}" if n.loc is not None else n.text
            for n in self.program.notes
        )

    @cached_property
    def _variants(self) -> dict[str, pipeline.Variant]:
        return {}

    def variant(self, plan: Plan) -> pipeline.Variant:
        """The closed gradient for ``plan``, made once."""
        key = plan_key(plan)
        if key not in self._variants:
            self._variants[key] = pipeline.realise(self.adjoint, plan)
        return self._variants[key]


def architecture(name: str) -> Architecture:
    """The architecture called ``name``. Raises ``UsageError`` naming those that are known."""
    known = architectures()
    if name not in known:
        raise UsageError(f"unknown architecture '{name}' (known: {', '.join(sorted(known))})")
    return known[name]


def derive(request: Request, arch: Architecture) -> Derivation:
    """Read and differentiate the kernel.

    Raises ``Refused``, ``UsageError`` or ``KokkosHeadersMissing``.
    """
    program = pipeline.parse(request.kernel, parse_options(request, arch), request.function)
    if request.name is not None:
        program = replace(program, name=_identifier(request.name))
    adjoint = pipeline.differentiate(program, request.wrt, request.of)
    return Derivation(program, adjoint, pipeline.signature(adjoint))


def _identifier(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z]\w*", name):
        raise UsageError(f"--name {name}: not the name of a C++ function")
    return name


def derive_or_install(request: Request, arch: Architecture, note: Note) -> tuple[Derivation, Toolchain]:
    """``derive``, and the toolchain for ``arch``; where no Kokkos is there at all it is installed first.

    A kernel that cannot be differentiated is refused before anything is built for it.
    """
    try:
        derivation = derive(request, arch)
    except KokkosHeadersMissing:
        _toolchain(request, request.compiler_flags, arch, note)
        derivation = derive(request, arch)
    for text in derivation.notes:
        note(f"note: {text}")
    return derivation, _toolchain(request, _compile_flags(request, arch), arch, note)


def parse_options(request: Request, arch: Architecture) -> ParseOptions:
    """How to read the user's files."""
    return ParseOptions(
        include_dirs=tuple(d.absolute() for d in request.include_dirs),
        defines=request.defines,
        std=request.std or ParseOptions.std,
        compile_commands=request.compile_commands,
        kokkos_include=_headers(request.kokkos_root, arch),
        derivatives=request.derivatives,
    )


def _compile_flags(request: Request, arch: Architecture) -> tuple[str, ...]:
    """The user's flags; with ``-p`` those that the kernel is parsed with, less Kokkos' and the system's."""
    if request.compile_commands is None:
        return request.compiler_flags
    flags: list[str] = []
    words = iter(compiler_flags(request.kernel, parse_options(request, arch)))
    for word in words:
        if word == "-include":
            flags += [word, next(words)]
        elif word.startswith(("-I", "-D", "-U", "-std=")) and not word.startswith("-D_OPENMP"):
            flags.append(word)
    return tuple(flags)


def _toolchain(request: Request, flags: tuple[str, ...], arch: Architecture, note: Note) -> Toolchain:
    return find_toolchain(arch, request.kokkos_root, flags, build_missing=True, progress=note)


def _headers(root: Path | None, arch: Architecture) -> Path | None:
    """Where the best Kokkos for ``arch`` has its headers; any Kokkos will do to read the kernel."""
    if root is not None:
        named = read_installation(root)
        return named.include if named else root
    fitting = find(arch)
    found = (fitting,) if fitting else candidates()
    return found[0].include if found else None


_FEW_CHECKPOINTS = ("binomial:16", "binomial:4")  # offered where memory is limited


def checkpoint_answers(values: Iterable[object]) -> tuple[str, ...]:
    """Those of a plan's or the user's values that say how host loops are checkpointed."""
    return tuple(dict.fromkeys(str(v) for v in values if is_spacing(str(v))))


def space_of(request: Request, derivation: Derivation, arch: Architecture) -> SearchSpace:
    """What is legal, less what the user's options exclude. Raises ``UsageError``."""
    more = checkpoint_answers(value for _, value in request.settings)
    if request.max_memory is not None:
        more = tuple(dict.fromkeys((*more, *_FEW_CHECKPOINTS)))
    space = pipeline.search_space(derivation.adjoint, arch, more)
    if request.space is not None:
        space = narrow(space, read_narrowing(request.space, arch.name))
    space = fix(space, request.settings)
    if not request.deterministic:
        return space
    reproducible = Constraint(
        "not bitwise reproducible (--deterministic)", lambda plan: derivation.variant(plan).deterministic
    )
    space = replace(space, constraints=(*space.constraints, reproducible))
    if next(space.plans(), None) is None:
        raise UsageError("--deterministic: every legal variant of this kernel adds in varying order")
    return space


def workload_of(request: Request, derivation: Derivation, note: Note) -> Workload:
    """The named workload, or one inferred from the code, which is shown and written beside the config."""
    if request.workload is not None:
        workload = load_workload(request.workload, derivation.signature)
        check_accesses(workload, derivation.program, derivation.signature)
        return workload
    workload = infer_workload(derivation.program, derivation.signature)
    path = request.out / f"{derivation.signature.name}.workload.toml"
    text = to_toml(workload)
    note(f"no --workload given; inferred from the code:\n{text}".rstrip())
    if not path.exists():
        write_atomically(path, text)
        note(f"written to {path}: edit it and pass --workload {path}")
    elif path.read_text() != text:
        note(f"{path} differs and is left alone; pass --workload {path} to use it")
    return workload


def prepare(
    request: Request,
    derivation: Derivation,
    arch: Architecture,
    toolchain: Toolchain,
    workload: Workload,
    *,
    limits: Limits,
    mutate: Callable[[Job], Job] | None = None,
    objectives: tuple[str, ...] = ("time",),
) -> Problem:
    """The search problem for one architecture and workload. ``objectives``: see ``Rules``.

    ``mutate`` may change a job before it is built; tests inject faults with it. Raises ``UsageError``.
    """
    signature = derivation.signature
    space = space_of(request, derivation, arch)
    legal = LegalPlans(space)
    include_dirs = tuple(d.absolute() for d in request.include_dirs)

    def job(plan: Plan) -> Job:
        built = build_plan(plan)
        variant = "p" + hashlib.sha256(plan_key(built).encode()).hexdigest()[:12]
        settings = ";".join(f"{knob}={value}" for knob, value in run_time(plan).items())
        key = f"{variant}@{settings}" if settings else variant
        made = Job(key, plan, derivation.variant(built).code(f"kad_{variant}"))
        return mutate(made) if mutate is not None else made

    def task(reference: Job, jobs: tuple[Job, ...]) -> Task:
        return Task(
            signature, request.kernel.absolute(), derivation.tangent, reference, jobs, toolchain, include_dirs
        )

    small = shrink(workload, derivation.program, signature)
    known = [
        derivation.kernel_fingerprint,
        derivation.variant(space.default).code("kad"),
        derivation.tangent,
        repr((derivation.wrt, derivation.of, arch, space.parameters)),
        *(c.reason for c in space.constraints),
        *(workload_fingerprint(w, signature) for w in (workload, small)),
        identity(toolchain),
        tool_version(),
        *(["cold caches"] if limits.cold else []),
        *objectives[1:],
    ]
    return Problem(
        label=f"{signature.name}.{arch.name}",
        identity=hashlib.sha256("\0".join(known).encode()).hexdigest()[:16],
        legal=legal,
        job=job,
        deterministic=lambda plan: derivation.variant(plan).deterministic,
        task=task,
        inputs=Inputs(signature, workload, small),
        limits=limits,
        rules=Rules(request.deterministic, request.max_memory, objectives),
    )


def portable(derivation: Derivation) -> pipeline.Variant:
    """The variant for architectures that nobody tuned for."""
    return derivation.variant(pipeline.search_space(derivation.adjoint, PORTABLE).default)


def journal_path(out: Path, label: str) -> Path:
    return state_dir(out) / f"{label}.journal"
