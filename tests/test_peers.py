"""The loops that Clad and Enzyme are given: what the corpus kernels compute, in plain C++."""

from __future__ import annotations

import ctypes
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.peers.loops import LOOPS, Loops, entry, threaded, variant
from experiments.peers.tools import Clad, Enzyme, older
from tests.corpus_support import CORPUS
from tests.gradient_support import primal
from tests.interpreter import run
from transform import pipeline
from transform.ir.types import View

_RNG = np.random.default_rng(5)
_CONN = np.array([[0, 1, 2], [2, 1, 3], [3, 4, 2], [4, 5, 3]], np.int32)


def _uniform(*shape: int) -> np.ndarray:
    return _RNG.uniform(0.2, 1.4, shape)


ARGUMENTS: dict[str, Callable[[], dict[str, Any]]] = {
    "weighted_inner": lambda: {"A": _uniform(5, 4), "x": _uniform(4), "y": _uniform(5)},
    "stencil": lambda: {"u": _uniform(6, 5), "f": _uniform(6, 5), "h": 0.5},
    "fe_energy": lambda: {"coords": _uniform(6, 2), "conn": _CONN, "u": _uniform(6), "kappa": 1.3},
    "laplace": lambda: {"conn": _CONN, "u": _uniform(6)},
    "spmv": lambda: {
        "values": _uniform(4, 3),
        "columns": _CONN,
        "x": _uniform(6),
        "b": _uniform(4),
    },
    "map": lambda: {"x": _uniform(7) - 0.8, "y": np.zeros(7)},
    "theta": lambda: {"data": _uniform(5, 8), "target": _uniform(5), "theta": _uniform(16)},
}


@pytest.mark.parametrize("loops", LOOPS, ids=lambda loops: loops.kernel)
def test_loops_compute_what_the_kernel_computes(loops: Loops, tmp_path: Path) -> None:
    program = primal(CORPUS / f"{loops.kernel}.cpp", None)
    signature = pipeline.signature(pipeline.differentiate(program, loops.wrt))
    source = tmp_path / "loops.cpp"
    source.write_text(f'#include <cmath>\nextern "C" {{\n{loops.text}\n{threaded(loops, signature)}}}\n')
    library = source.with_suffix(".so")
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-fopenmp", "-shared", "-fPIC"]
    if signature.returns is None:
        flags.append("-Wno-unused-parameter")  # partial sums
    subprocess.run(["g++", *flags, str(source), "-o", str(library)], check=True)
    loaded = ctypes.CDLL(str(library))

    expected = ARGUMENTS[loops.kernel]()
    plain, threads = (dict(expected) for _ in range(2))
    if "y" in expected and loops.kernel == "map":
        plain["y"], threads["y"] = np.zeros(7), np.zeros(7)
    partial = np.zeros(3)
    ends = [_evaluated(loops.count, expected)]
    extents = [_evaluated(e, expected) for e in loops.extents.values()]
    more = [partial.ctypes.data_as(ctypes.c_void_p), 3]
    values = [
        _call(loaded[loops.function(False)], plain, [*extents, 0, *ends]),
        _call(loaded[loops.function(True)], threads, [*extents, *ends, *more]),
    ]
    result = run(program, expected)
    for value, given in zip(values, (plain, threads), strict=True):
        if signature.returns is not None:
            assert value == pytest.approx(result, rel=1e-13)
        for a in signature.arguments:
            if isinstance(a.type, View):
                np.testing.assert_allclose(given[a.name], expected[a.name], 1e-13)


def _evaluated(count: str, arguments: dict[str, Any]) -> int:
    """``u.extent(0) - 2`` for numpy arrays."""
    shape, _, less = re.sub(r"\.extent\((\d)\)", r" \1", count).partition(" - ")
    name, dimension = shape.split()
    return int(arguments[name].shape[int(dimension)]) - int(less or 0)


def _call(function: Any, arguments: dict[str, Any], more: list[Any]) -> float:
    function.restype = ctypes.c_double
    given = [
        value.ctypes.data_as(ctypes.c_void_p) if isinstance(value, np.ndarray) else ctypes.c_double(value)
        for value in arguments.values()
    ]
    return float(function(*given, *more))


def test_what_the_tools_are_given() -> None:
    loops = next(x for x in LOOPS if x.kernel == "fe_energy")
    program = primal(CORPUS / "fe_energy.cpp", None)
    signature = pipeline.signature(pipeline.differentiate(program))
    declared = "const double* coords, double* coords_b, const int* conn, const double* u, double* u_b, "
    declared += "double kappa, double* kappa_b, int count)"
    assert entry(loops, signature, "clad") == f'extern "C" void clad_fe_energy({declared}'
    (enzyme,) = Enzyme("enzyme", "clang++", Path("x.so")).body(loops, signature, False)
    assert enzyme == (
        "  *kappa_b += __enzyme_autodiff_double((void*)fe_energy_loops, enzyme_dup, coords, coords_b, "
        "enzyme_const, conn, enzyme_dup, u, u_b, enzyme_out, kappa, enzyme_const, 0, enzyme_const, count);"
    )
    made, executed = Clad("clad", "clang++", Path("clad.so")).body(loops, signature, False)
    assert made == '  auto gradient = clad::gradient(fe_energy_loops, "coords, u, kappa");'
    assert executed == "  gradient.execute(coords, conn, u, kappa, 0, count, coords_b, u_b, kappa_b);"
    assert "clad_fe_energy(coords.data(), coords_b.data(), conn.data()" in variant(loops, signature, "clad")


def test_ir_of_a_newer_llvm() -> None:
    text = (
        "declare void @g(ptr captures(none) initializes((0, 8))) #1\n"
        "  call void @llvm.lifetime.start.p0(ptr %1)\n"
        "attributes #1 = { nocreateundeforpoison memory(readwrite, target_mem0: none) nounwind }\n"
    )
    assert older(text) == "declare void @g(ptr nocapture) #1\nattributes #1 = { nounwind }\n"
