"""The generated header, used as an application would: compiled without a warning, promises kept."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from autotune.compiler import compile_command
from autotune.toolchain import Toolchain
from search_spaces.model import architectures
from transform import pipeline
from transform.pipeline import ParseOptions

HERE = Path(__file__).parent
CORPUS = HERE.parent / "experiments" / "kernels"
STRICT = ("-Wall", "-Wextra", "-Werror")


def _adjoint(path: Path, toolchain: Toolchain) -> pipeline.Adjoint:
    return pipeline.differentiate(pipeline.parse(path, ParseOptions(kokkos_include=toolchain.kokkos.include)))


def _run(program: Path, threads: int) -> str:
    done = subprocess.run(
        [program],
        capture_output=True,
        text=True,
        timeout=120,
        env={"OMP_NUM_THREADS": str(threads), "OMP_PROC_BIND": "false", "PATH": ""},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.kokkos
@pytest.mark.parametrize(
    "answer", [{"accumulate.x": "atomic"}, {"accumulate.x": "coloring"}, {"accumulate.x": "privatization"}]
)
def test_promises_are_kept(answer: dict[str, str], toolchain: Toolchain, tmp_path: Path) -> None:
    adjoint = _adjoint(HERE / "contract" / "scatter.cpp", toolchain)
    space = pipeline.search_space(adjoint, architectures()["host"])
    plan = next(p for p in space.plans() if answer.items() <= p.items())
    variant = pipeline.realise(adjoint, plan)
    (tmp_path / "scatter_grad.hpp").write_text(
        pipeline.gradient_header(adjoint, {"KOKKOS_ARCH_OF_NOBODY": variant}, variant)
    )
    for name in ("scatter.cpp", "program.cpp"):
        shutil.copy(HERE / "contract" / name, tmp_path / name)
    program = tmp_path / "program"
    command = compile_command(toolchain, tmp_path / "program.cpp", program, (tmp_path,), *STRICT)
    compiled = subprocess.run(command, capture_output=True, text=True)
    assert compiled.returncode == 0, compiled.stderr
    for threads in (1, 2, 3):
        assert "0 failures" in _run(program, threads)


@pytest.mark.kokkos
def test_every_corpus_variant_compiles_alone_and_without_warnings(
    toolchain: Toolchain, tmp_path: Path
) -> None:
    """All variants of a kernel in one translation unit, without the kernel's own source."""
    failed = {}
    for path in sorted(CORPUS.glob("*.cpp")):
        adjoint = _adjoint(path, toolchain)
        plans = pipeline.search_space(adjoint, architectures()["host"]).plans()
        variants = [pipeline.realise(adjoint, p).code(f"kad_v{i}") for i, p in enumerate(plans)]
        source = tmp_path / f"{path.stem}_alone.cpp"
        source.write_text("\n".join([*variants, pipeline.tangent_header(adjoint)]))
        command = compile_command(
            toolchain, source, tmp_path / "object", (), *STRICT, "-O1", "-c", "-fsyntax-only"
        )
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            failed[path.stem] = done.stderr[-3000:]
    assert not failed
