"""Complete tuning runs of a kernel whose variants all have the code of the default one, and its noise."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from autotune import session
from autotune.evaluate import Binary, Inputs, Job, Limits, Task, build, compare
from autotune.interrupt import interrupts
from autotune.options import Request, SearchOptions
from autotune.outcome import Comparison
from autotune.problem import architecture, derive_or_install, space_of
from autotune.progress import PlainProgress, duration
from autotune.workers import LocalExecutor, machine
from autotune.workload import load_workload
from search_spaces.model import Plan

CORPUS = Path(__file__).parent.parent / "kernels"


class Twins:
    """Gives every variant the default one's code; all but number ``fast`` wait ``spin`` seconds more."""

    def __init__(self, spin: float = 0.0, fast: int = -1) -> None:
        self._spin, self._fast = spin, fast
        self._first: Job | None = None
        self._seen: list[str] = []

    def __call__(self, job: Job) -> Job:
        first = self._first = self._first or job
        if job.key not in self._seen:
            self._seen.append(job.key)
        code = first.code.replace(f"kad_{first.variant}", f"kad_{job.variant}")
        if self._spin and self._seen.index(job.key) != self._fast:
            code = _spinning(code, self._spin)
        return replace(job, code=code)

    def is_fast(self, job: Job) -> bool:
        return job.key in self._seen and self._seen.index(job.key) == self._fast


def _spinning(code: str, seconds: float) -> str:
    """The gradient's first overload, which the others call, begins with a wait."""
    wait = (
        "{ const auto kad_start = std::chrono::steady_clock::now(); "
        "while (std::chrono::duration<double>(std::chrono::steady_clock::now() - kad_start).count() < "
        f"{seconds!r}) {{}} }}"
    )
    changed = code.replace("seed) {", f"seed) {{ {wait}", 1)
    if changed == code:
        raise SystemExit("this kernel's gradient takes no seed; choose one that returns a value")
    return "#include <chrono>\n" + changed


def tune_repeatedly(kernel: str, workload: str, variants: int, runs: int, gain: float) -> None:
    """Tune ``runs`` times; print for each what was claimed, and at the end how often."""
    claims = hits = 0
    spin = 0.0
    if gain > 0:
        spin = gain * _default_time(kernel, workload)
    for number in range(runs):
        twins = Twins(spin, 1 + number % (variants - 1))
        tuned = _tune(kernel, workload, variants, twins, seed=number)
        selection = tuned.result.selection
        assert selection is not None
        claimed = selection.duel is not None and selection.duel.claimed
        right = claimed and twins.is_fast(tuned.problem.job(selection.winner.plan))
        claims, hits = claims + claimed, hits + right
        best = max((d.speedup.median for d in selection.duels), default=1.0)
        what = "nothing" if not claimed else "the faster variant" if right else "one that is not faster"
        finals = tuned.result.finals
        processes = len({r.process for r in finals.runs}) if finals else 0
        print(f"run {number + 1}: claimed {what}; {processes} processes, best {best:.4f} x", flush=True)
    if gain > 0:
        print(f"{hits} of {runs} runs found the variant that is {100 * gain:.0f} % faster")
    print(f"{claims - hits} of {runs} runs claimed a speed-up that is none")


def _tune(kernel: str, workload: str, variants: int, twins: Twins, seed: int) -> session.Tuned:
    executor = LocalExecutor()
    with tempfile.TemporaryDirectory() as out, interrupts() as stop:
        request = Request(
            CORPUS / f"{kernel}.cpp", out=Path(out), workload=f"{CORPUS / kernel}.toml:{workload}"
        )
        options = SearchOptions(trials=variants, sampler="random", seed=seed)
        with (Path(out) / "progress").open("w") as log:
            try:
                (tuned,) = session.tune(request, options, executor, PlainProgress(log), stop, mutate=twins)
            finally:
                executor.close()
    return tuned


def _default_time(kernel: str, workload: str) -> float:
    tuned = _tune(kernel, workload, 2, Twins(), seed=0)
    assert tuned.entry is not None
    print(f"default variant: {duration(tuned.entry.baseline.median)}", file=sys.stderr)
    return tuned.entry.baseline.median


def record(path: Path, kernel: str, workload: str, copies: int, processes: int) -> None:
    """Write the times of ``copies`` of the default variant, interleaved, in many processes."""
    source = CORPUS / f"{kernel}.cpp"
    request = Request(source)
    arch = architecture("host")
    derivation, toolchain = derive_or_install(request, arch, lambda text: None)
    plan: Plan = space_of(request, derivation, arch).default
    jobs = tuple(Job(f"c{i}", plan, derivation.variant(plan).code(f"kad_c{i}")) for i in range(copies))
    task = Task(derivation.signature, source, derivation.tangent, jobs[0], jobs[1:], toolchain)
    binary = build(task)
    if not isinstance(binary, Binary):
        raise SystemExit(binary.log)
    toml = source.with_suffix(".toml")
    inputs = Inputs(
        derivation.signature,
        load_workload(f"{toml}:{workload}", derivation.signature),
        load_workload(f"{toml}:small", derivation.signature),
    )
    rows, conditions = [], []
    for process in range(processes):
        with machine(exclusive=True):
            found = compare(binary, [j.key for j in jobs], inputs, Limits(), process)
        if not isinstance(found, Comparison):
            raise SystemExit(f"process {process}: {found}")
        least = min(len(t) for t in found.gradients.values())
        rows.append([[round(t, 10) for t in times[:least]] for times in found.gradients.values()])
        assert found.conditions is not None
        conditions.append(found.conditions[1].load)
        print(f"process {process + 1}: {least} samples, load {conditions[-1]:.1f}", file=sys.stderr)
    data = {"kernel": kernel, "workload": workload, "load": conditions, "processes": rows}
    path.write_text(json.dumps(data) + "\n")
