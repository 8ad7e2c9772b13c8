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
    header = pipeline.gradient_header(
        adjoint, {"KOKKOS_ARCH_OF_NOBODY": [pipeline.Winner(variant, 1)]}, variant
    )
    program = _built("program.cpp", header, toolchain, tmp_path)
    for threads in (1, 2, 3):
        assert "0 failures" in _run(program, threads)


@pytest.mark.kokkos
@pytest.mark.parametrize("program", ["program.cpp", "sizes.cpp"])
def test_each_size_gets_its_winner(program: str, toolchain: Toolchain, tmp_path: Path) -> None:
    """Atomics, which hold no memory, up to 500 elements; private copies beyond."""
    adjoint = _adjoint(HERE / "contract" / "scatter.cpp", toolchain)
    space = pipeline.search_space(adjoint, architectures()["host"])
    small, large = (
        pipeline.realise(adjoint, next(p for p in space.plans() if p["accumulate.x"] == answer))
        for answer in ("atomic", "privatization")
    )
    winners = {"": [pipeline.Winner(large, 2500), pipeline.Winner(small, 100), pipeline.Winner(small, 50)]}
    header = pipeline.gradient_header(adjoint, winners, small)
    assert header.count("\nnamespace kad::size_") == 2
    assert "0 failures" in _run(_built(program, header, toolchain, tmp_path), 2)


def _built(program: str, header: str, toolchain: Toolchain, directory: Path) -> Path:
    (directory / "scatter_grad.hpp").write_text(header)
    for name in ("scatter.cpp", program):
        shutil.copy(HERE / "contract" / name, directory / name)
    command = compile_command(toolchain, directory / program, directory / "program", (directory,), *STRICT)
    compiled = subprocess.run(command, capture_output=True, text=True)
    assert compiled.returncode == 0, compiled.stderr
    return directory / "program"


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


@pytest.mark.kokkos
def test_a_header_next_to_the_source_need_not_be_found_again(toolchain: Toolchain, tmp_path: Path) -> None:
    """The gradient lies elsewhere and is compiled after the source, which includes ``"law.hpp"``."""
    here, out = tmp_path / "here", tmp_path / "out"
    here.mkdir()
    out.mkdir()
    (here / "law.hpp").write_text(
        "#pragma once\n#include <Kokkos_Core.hpp>\n"
        "KOKKOS_INLINE_FUNCTION double law(double x) { return x * x; }\n"
    )
    kernel = here / "sum.cpp"
    kernel.write_text(
        '#include "law.hpp"\ndouble sum(Kokkos::View<double*> x) {\n  double s = 0;\n'
        "  Kokkos::parallel_reduce(x.extent(0), KOKKOS_LAMBDA(int i, double& t) { t += law(x(i)); }, s);\n"
        "  return s;\n}\n"
    )
    adjoint = _adjoint(kernel, toolchain)
    plan = next(iter(pipeline.search_space(adjoint, architectures()["host"]).plans()))
    variant = pipeline.realise(adjoint, plan)
    (out / "sum_grad.hpp").write_text(pipeline.gradient_header(adjoint, {}, variant))
    (out / "all.cpp").write_text(f'#include "{kernel}"\n#include "sum_grad.hpp"\n')
    command = compile_command(toolchain, out / "all.cpp", out / "object", (), *STRICT, "-fsyntax-only")
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
