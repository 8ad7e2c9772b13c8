"""Inferred workloads: every access in range, index arrays recognised, and clear words where it cannot be."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from autotune.infer import check_accesses, infer_workload, shrink
from autotune.intervals import Sizes, footprint
from autotune.workload import Array, Value, Workload, arrays, load_workload, load_workloads
from tests.cases import KERNELS as KERNEL_FILES
from tests.gradient_support import primal
from tests.parse_support import CORPUS, default_signature, parse, parse_text
from transform.diagnostics import UsageError
from transform.ir.nodes import Program
from transform.ir.types import View
from transform.signature import Signature

KERNELS = sorted(p.stem for p in CORPUS.glob("*.cpp"))


def infer(directory: Path, text: str, size: int = 10_000) -> tuple[Program, Signature, Workload]:
    program = parse_text(directory, text)
    signature = default_signature(program)
    workload = infer_workload(program, signature, size)
    assert_in_range(program, signature, workload)
    return program, signature, workload


def assert_in_range(program: Program, signature: Signature, workload: Workload) -> None:
    """With the actual data, no interval of an index leaves its View."""
    data = arrays(workload, signature)
    views = [a for a in signature.arguments if isinstance(a.type, View)]
    integers = [a for a in signature.arguments if not isinstance(a.type, View) and not a.type.is_float]
    sizes = Sizes(
        {a.name: data[a.name].shape for a in views},
        {a.name: int(data[a.name]) for a in integers},
        {
            a.name: (int(data[a.name].min()), int(data[a.name].max()))
            for a in views
            if data[a.name].dtype.kind in "iu"
        },
    )
    found = footprint(program, sizes).accesses
    assert found
    for access in found:
        low, high = access.interval
        assert 0 <= low <= high < data[access.view.name].shape[access.dim], access
    check_accesses(workload, program, signature)


ASSUMPTIONS = KERNEL_FILES / "assumptions.cpp"


@pytest.mark.parametrize("function", ["leap", "padded", "strided", "mirrored_rows", "shifted", "source"])
def test_conditions_hold_for_inferred_values(function: str) -> None:
    program = primal(ASSUMPTIONS, function)
    signature = default_signature(program)
    for workload in (infer_workload(program, signature), infer_workload(program, signature, 400)):
        assert_in_range(program, signature, workload)


def test_a_workload_that_breaks_a_condition_is_refused() -> None:
    program = primal(ASSUMPTIONS, "leap")
    signature = default_signature(program)
    values = {**dict(infer_workload(program, signature).values), "now": 1, "old": 1}
    with pytest.raises(UsageError, match=r"\[w\] assumptions.cpp:14: .* unless now != old"):
        check_accesses(Workload("w", tuple(values.items())), program, signature)


def shape(workload: Workload, name: str) -> tuple[int, ...]:
    value = workload[name]
    assert isinstance(value, Array)
    return value.shape


@pytest.mark.parametrize("name", KERNELS)
def test_corpus(name: str) -> None:
    program = parse(CORPUS / f"{name}.cpp")
    signature = default_signature(program)
    full = infer_workload(program, signature)
    assert_in_range(program, signature, full)
    elements = sum(math.prod(v.shape) for _, v in full.values if isinstance(v, Array))
    assert 500_000 < elements < 8_000_000
    small = shrink(full, program, signature)
    assert_in_range(program, signature, small)
    assert sum(math.prod(v.shape) for _, v in small.values if isinstance(v, Array)) < 10_000


@pytest.mark.parametrize("name", KERNELS)
def test_corpus_workloads_are_in_range(name: str) -> None:
    program = parse(CORPUS / f"{name}.cpp")
    signature = default_signature(program)
    for workload in load_workloads(CORPUS / f"{name}.toml", signature):
        if workload.name != "large":
            check_accesses(workload, program, signature)
        assert shrink(workload, program, signature).name == "small"


def test_scalar_sizes_and_offsets(tmp_path: Path) -> None:
    _, _, w = infer(
        tmp_path,
        """double f(Kokkos::View<const double*> x, Kokkos::View<const double*> y, int n) {
          double r = 0;
          Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(const int i, double& s) {
            s += x(2 * i + 3) * y(n - 1 - i); }, r);
          return r; }""",
    )
    n = w["n"]
    assert isinstance(n, int)
    assert n > 1000
    assert shape(w, "x") == (2 * (n - 1) + 4,)
    assert shape(w, "y") == (n,)


def test_guarded_neighbours(tmp_path: Path) -> None:
    """A condition, a ternary and a remainder keep neighbours in range."""
    _, _, w = infer(
        tmp_path,
        """void f(Kokkos::View<const double*> x, Kokkos::View<double*> y) {
          const int n = x.extent(0);
          Kokkos::parallel_for(n, KOKKOS_LAMBDA(const int i) {
            const int left = i > 0 ? i - 1 : n - 1;
            double right = 0.0;
            if (i + 1 < n) right = x(i + 1);
            y(i) = x(left) + right + x((i + 2) % n); }); }""",
    )
    assert shape(w, "x") == shape(w, "y")


def test_quadratic_work_is_bounded(tmp_path: Path) -> None:
    _, _, w = infer(
        tmp_path,
        """double f(Kokkos::View<const double*> x) {
          const int n = x.extent(0); double r = 0;
          Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(const int i, double& s) {
            for (int j = 0; j < n; ++j) s += x(i) * x(j); }, r);
          return r; }""",
        1_000_000,
    )
    assert 1000 < shape(w, "x")[0] < 20_000


def test_flattened_index(tmp_path: Path) -> None:
    _, _, w = infer(
        tmp_path,
        """double f(Kokkos::View<const double*> a, int n, int m) {
          double r = 0;
          Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(const int i, double& s) {
            for (int j = 0; j < m; ++j) s += a(i * m + j) * a(i * m + j); }, r);
          return r; }""",
    )
    n, m = w["n"], w["m"]
    assert isinstance(n, int)
    assert isinstance(m, int)
    assert shape(w, "a") == (n * m,)


def test_sparse_rows(tmp_path: Path) -> None:
    """A compressed row structure: nondecreasing pointers, columns within x."""
    _, signature, w = infer(
        tmp_path,
        """double f(Kokkos::View<const int*> row, Kokkos::View<const int*> col,
                    Kokkos::View<const double*> a, Kokkos::View<const double*> x) {
          const int n = row.extent(0) - 1; double r = 0;
          Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(const int i, double& s) {
            double t = 0;
            for (int k = row(i); k < row(i + 1); ++k) t += a(k) * x(col(k));
            s += t * t; }, r);
          return r; }""",
    )
    data = arrays(w, signature)
    assert (np.diff(data["row"]) >= 0).all()
    assert data["row"][-1] == len(data["col"]) == len(data["a"])
    assert data["col"].max() < len(data["x"])


def test_views_that_are_copied_into_one_another_have_one_shape(tmp_path: Path) -> None:
    _, signature, w = infer(
        tmp_path,
        """double f(Kokkos::View<double*> u, Kokkos::View<double*> v, int n) {
          Kokkos::parallel_for(n - 1, KOKKOS_LAMBDA(const int i) { v(i) = u(i) * u(i + 1); });
          Kokkos::deep_copy(u, v);
          double r = 0;
          Kokkos::parallel_reduce(n - 1, KOKKOS_LAMBDA(const int i, double& s) { s += u(i); }, r);
          return r; }""",
    )
    data = arrays(w, signature)
    assert len(data["u"]) == len(data["v"]) >= data["n"]


def test_elements_have_distinct_nodes(tmp_path: Path) -> None:
    _, signature, w = infer(
        tmp_path,
        """double f(Kokkos::View<const int**> conn, Kokkos::View<const double*> u) {
          double r = 0;
          Kokkos::parallel_reduce(conn.extent(0), KOKKOS_LAMBDA(const int e, double& s) {
            for (int k = 0; k < 4; ++k) s += u(conn(e, k)) * u(conn(e, k)); }, r);
          return r; }""",
    )
    rows = arrays(w, signature)["conn"]
    assert rows.shape[1] == 4
    assert all(len(set(row)) == 4 for row in rows.tolist())


def test_local_view_and_static_extent(tmp_path: Path) -> None:
    _, _, w = infer(
        tmp_path,
        """void f(Kokkos::View<double* [3]> x, int steps) {
          const int n = x.extent(0);
          Kokkos::View<double*> t("t", n);
          for (int s = 0; s < steps; ++s) {
            Kokkos::parallel_for(n, KOKKOS_LAMBDA(const int i) { t(i) = x(i, 0) * x(i, 2); });
            Kokkos::parallel_for(n, KOKKOS_LAMBDA(const int i) { x(i, 1) += t(i); });
          } }""",
    )
    assert shape(w, "x")[1] == 3
    assert w["steps"] == 10


@pytest.mark.parametrize(
    ("index", "reason"),
    [("i - 1", "its values may be as low as -1"), ("(int)x(i)", "nothing bounds its values from above")],
)
def test_what_cannot_be_inferred_is_said(tmp_path: Path, index: str, reason: str) -> None:
    text = f"""double f(Kokkos::View<const double*> x, Kokkos::View<const double*> y) {{
      double r = 0;
      Kokkos::parallel_reduce(x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {{
        s += x(i) * y({index}); }}, r);
      return r; }}"""
    with pytest.raises(UsageError, match=rf"kernel.cpp:6:.*index 0 of y: {reason}; write .*--workload"):
        infer(tmp_path, text)


GATHER = """double f(Kokkos::View<const int*> k, Kokkos::View<const double*> x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(const int i, double& s) { s += x(k(i) + 1) * x(i); }, r);
  return r; }"""


def check(directory: Path, **values: Value) -> None:
    program = parse_text(directory, GATHER)
    check_accesses(Workload("w", tuple(values.items())), program, default_signature(program))


def test_accesses_out_of_range_are_found_before_anything_runs(tmp_path: Path) -> None:
    x = Array((9,), "uniform")
    check(tmp_path, k=Array((5,), "randint", (("high", 8),)), x=x, n=5)
    with pytest.raises(UsageError, match=r"\[w\] k: .*from 5 to 9, read from k, but x has extent 9"):
        check(tmp_path, k=Array((5,), "arange", (("start", 4),)), x=x, n=5)
    with pytest.raises(UsageError, match=r"\[w\] k: index 0 of k .* 0 to 6, but k has extent 5"):
        check(tmp_path, k=Array((5,), "constant", (("value", 0),)), x=x, n=7)
    with pytest.raises(UsageError, match=r"from -2 to -2"):
        check(tmp_path, k=Array((5,), "constant", (("value", -3),)), x=x, n=5)


def test_shrinking_keeps_rules(tmp_path: Path) -> None:
    program = parse_text(tmp_path, GATHER)
    signature = default_signature(program)
    file = tmp_path / "w.toml"
    file.write_text(
        """[big]
        k = { shape = [50000], fill = "randint", high = 70000 }
        x = { shape = [80000], fill = "normal", mean = 5.0 }
        n = 50000"""
    )
    small = shrink(load_workload(str(file), signature), program, signature)
    assert_in_range(program, signature, small)
    x = small["x"]
    assert isinstance(x, Array)
    assert x.fill == "normal"
    assert x.shape[0] < 1000


def test_data_files_are_not_shrunk(tmp_path: Path) -> None:
    program = parse_text(tmp_path, GATHER)
    signature = default_signature(program)
    np.save(tmp_path / "k.npy", np.zeros(5000, np.int32))
    file = tmp_path / "w.toml"
    file.write_text('[real]\nk = { file = "k.npy" }\nx = { shape = [6000] }\nn = 5000')
    workload = load_workload(str(file), signature)
    assert shrink(workload, program, signature) is workload
