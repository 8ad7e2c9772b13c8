"""Every legal variant of the corpus kernels, built a few per program and shared by the tests of a session."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from autotune.evaluate import Binary, Inputs, Job, Task, build
from autotune.workload import load_workload
from search_spaces.model import Plan, architectures
from tests.kokkos_support import toolchain
from transform import pipeline
from transform.frontend.clang import ParseOptions
from transform.signature import Signature

CORPUS = Path(__file__).parent.parent / "experiments" / "kernels"
KERNELS = tuple(sorted(p.stem for p in CORPUS.glob("*.cpp")))
PER_PROGRAM = 8

# large enough for all threads to meet, small enough for many variants
WORKLOADS = {
    "fe_energy": """
coords = { fill = "grid2d", nx = 90, ny = 70, jitter = 0.2, shuffle = true }
conn   = { fill = "triangles", nx = 90, ny = 70, shuffle = true }
u      = { shape = [6300], fill = "uniform", low = -1.0, high = 1.0 }
kappa  = 1.3""",
    "heat": 'u = { shape = [20000], fill = "uniform" }\nkappa = 0.1\nsteps = 6',
    "laplace": """
conn = { fill = "triangles", nx = 90, ny = 70, shuffle = true }
u    = { shape = [6300], fill = "uniform", low = -1.0, high = 1.0 }""",
    "map": """
x = { shape = [30000], fill = "uniform", low = -2.0, high = 2.0 }
y = { shape = [30000], fill = "constant", value = 0.0 }""",
    "spmv": """
values  = { shape = [5000, 6], fill = "uniform", low = -1.0, high = 1.0 }
columns = { shape = [5000, 6], fill = "randint", low = 0, high = 4000 }
x       = { shape = [4000], fill = "uniform", low = -1.0, high = 1.0 }
b       = { shape = [5000], fill = "uniform", low = -1.0, high = 1.0 }""",
    "stencil": """
u = { shape = [150, 170], fill = "uniform", low = 0.5, high = 1.5 }
f = { shape = [150, 170], fill = "uniform", low = -1.0, high = 1.0 }
h = 0.5""",
    "theta": """
data   = { shape = [9000, 8], fill = "normal" }
target = { shape = [9000], fill = "normal" }
theta  = { shape = [16], fill = "uniform", low = 0.5, high = 1.5 }""",
    "weighted_inner": """
A = { shape = [250, 200], fill = "uniform", low = -1.0, high = 1.0 }
x = { shape = [200], fill = "uniform", low = -1.0, high = 1.0 }
y = { shape = [250], fill = "uniform", low = -1.0, high = 1.0 }""",
}


@dataclass(frozen=True)
class Kernel:
    """A corpus kernel with all its legal variants; the first is the default one."""

    name: str
    signature: Signature
    plans: tuple[Plan, ...]
    tasks: tuple[Task, ...]
    inputs: Inputs


@cache
def kernel(name: str) -> Kernel:
    """Read and differentiate. Skips the test where no Kokkos is installed."""
    tools = toolchain()
    path = CORPUS / f"{name}.cpp"
    adjoint = pipeline.differentiate(pipeline.parse(path, ParseOptions(kokkos_include=tools.kokkos.include)))
    signature = pipeline.signature(adjoint)
    plans = tuple(pipeline.search_space(adjoint, architectures()["host"]).plans())
    jobs = [
        Job(f"v{i}", plan, pipeline.realise(adjoint, plan).code(f"kad_v{i}")) for i, plan in enumerate(plans)
    ]
    tangent = pipeline.tangent_header(adjoint)
    tasks = tuple(
        Task(signature, path, tangent, jobs[0], tuple(jobs[first : first + PER_PROGRAM]), tools)
        for first in range(0, len(jobs), PER_PROGRAM)
    )
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "full.toml"
        file.write_text(f"[full]\n{WORKLOADS[name]}\n")
        full = load_workload(str(file), signature)
    little = load_workload(f"{CORPUS / name}.toml:small", signature)
    return Kernel(name, signature, plans, tasks, Inputs(signature, full, little))


@cache
def _built(name: str, group: int) -> Binary:
    binary = build(kernel(name).tasks[group])
    assert isinstance(binary, Binary), binary.log
    return binary


def binary(name: str, group: int = 0) -> Binary:
    """The program with the ``group``-th few variants of a kernel."""
    return _built(name, group)


def variants(name: str) -> Iterator[tuple[Binary, Job]]:
    """Every legal variant with the program that holds it."""
    for group, task in enumerate(kernel(name).tasks):
        for job in task.jobs:
            yield binary(name, group), job
