"""Workload files: what they make, and what they say when they are wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from autotune.inputs import Inputs
from autotune.workload import Array, arrays, fingerprint, load_workload, load_workloads, to_toml
from tests.parse_support import CORPUS
from transform.diagnostics import UsageError
from transform.ir.types import BOOL, DOUBLE, FLOAT, INT, LONG, Scalar, View
from transform.signature import Argument, Signature


def array(name: str, element: Scalar, *extents: int | None, written: bool = False) -> Argument:
    spelling = f"Kokkos::View<{element.name}{'*' * len(extents)}>"
    floating = element.is_float and not written
    return Argument(
        name, View(element, extents, False, spelling), spelling, spelling, floating, written, written
    )


def scalar(name: str, kind: Scalar) -> Argument:
    return Argument(name, kind, kind.name, kind.name, kind.is_float, False, False)


SIGNATURE = Signature(
    "f",
    "f",
    DOUBLE,
    (
        scalar("n", INT),
        scalar("alpha", DOUBLE),
        scalar("flag", BOOL),
        array("x", DOUBLE, None),
        array("conn", INT, None, 3),
        array("y", FLOAT, None, None, written=True),
    ),
)

GOOD = """
[first]
n = 10
alpha = 2
flag = true
x = { shape = [10], fill = "uniform", low = 0.1, high = 1.0 }
conn = { shape = [7, 3], fill = "randint", low = 0, high = 10 }
y = { shape = [4, 5] }

[second]
n = 3
alpha = 2.5
flag = false
x = { shape = [10], fill = "normal", mean = 5.0, seed = 7 }
conn = { shape = [4, 3], fill = "permutation" }
y = { shape = [4, 5], fill = "linspace", low = 0.0, high = 19.0 }
"""


def write(directory: Path, text: str) -> Path:
    file = directory / "w.toml"
    file.write_text(text)
    return file


def test_values_types_and_shapes(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    data = arrays(load_workload(str(file), SIGNATURE), SIGNATURE)
    assert {k: (v.dtype.str, v.shape) for k, v in data.items()} == {
        "n": ("<i4", ()),
        "alpha": ("<f8", ()),
        "flag": ("|b1", ()),
        "x": ("<f8", (10,)),
        "conn": ("<i4", (7, 3)),
        "y": ("<f4", (4, 5)),
    }
    assert data["n"] == 10
    assert data["alpha"] == 2.0
    assert 0.1 <= data["x"].min() <= data["x"].max() <= 1.0
    assert 0 <= data["conn"].min() <= data["conn"].max() < 10
    assert not data["y"].any()


def test_named_workload_and_fills(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    data = arrays(load_workload(f"{file}:second", SIGNATURE), SIGNATURE)
    assert sorted(data["conn"].ravel()) == list(range(12))
    np.testing.assert_array_equal(data["y"].ravel(), np.arange(20))
    assert [w.name for w in load_workloads(file, SIGNATURE)] == ["first", "second"]
    with pytest.raises(UsageError, match=r"w\.toml: no workload 'third'; it has first, second"):
        load_workload(f"{file}:third", SIGNATURE)


def test_seeds_make_data_reproducible(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    first = load_workload(f"{file}:second", SIGNATURE)
    again = arrays(first, SIGNATURE)["x"]
    np.testing.assert_array_equal(arrays(first, SIGNATURE)["x"], again)
    other = load_workload(f"{write(tmp_path, GOOD.replace('seed = 7', 'seed = 8'))}:second", SIGNATURE)
    assert not np.array_equal(arrays(other, SIGNATURE)["x"], again)
    assert fingerprint(first, SIGNATURE) != fingerprint(other, SIGNATURE)


def test_same_rule_gives_parameters_different_data(tmp_path: Path) -> None:
    two = Signature("g", "g", DOUBLE, (array("a", DOUBLE, None), array("b", DOUBLE, None)))
    data = arrays(load_workload(str(write(tmp_path, "[w]\na = {shape=[9]}\nb = {shape=[9]}")), two), two)
    assert not np.array_equal(data["a"], data["b"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("n = 10\n", "", r"\[first\] n: missing; the parameter is a int"),
        ("n = 10\n", "n = 10\nm = 1\n", r"\[first\] m: f has no parameter of this name; it has n, alpha"),
        ("n = 10\n", "n = 1.5\n", r"\[first\] n: 1\.5 is not a value of type int"),
        ("n = 10\n", "n = true\n", r"n: True is not a value of type int"),
        ("n = 10\n", "n = 3000000000\n", r"n: 3000000000 does not fit int"),
        ("alpha = 2\n", 'alpha = "2"\n', r"alpha: '2' is not a value of type double"),
        ("flag = true", "flag = 1", r"flag: 1 is not a value of type bool"),
        ("shape = [10],", "shape = [10, 2],", r"x: shape \[10, 2\] has rank 2, not 1"),
        ("shape = [10],", "shape = [-1],", r"x: shape = \[-1\] is not a list of positive integers"),
        ("shape = [10],", "", r"x: shape = None is not a list"),
        ("shape = [7, 3]", "shape = [7, 4]", r"conn: extent 1 is 4, but .* fixes it to 3"),
        ('"uniform"', '"uniformly"', r"x: fill = 'uniformly' is not one of uniform, normal"),
        ('"uniform", low', '"uniform", lower', r'x: fill = "uniform" has no option \'lower\''),
        ("low = 0.1", "low = true", r"x: low = True is not a number"),
        (", high = 10 }", "}", r'conn: fill = "randint" needs high'),
        ("high = 10 }", "high = 0 }", r"conn: low = 0 is not below high = 0"),
        ('"randint", low = 0, high = 10', '"uniform"', r'conn: fill = "uniform" makes no integers'),
        ("low = 0, high = 10", "high = 2, distinct = true", r"conn: rows of 3 distinct values"),
        (', fill = "randint", low = 0, high = 10', "", r"conn: integers need a fill"),
        ("high = 1.0 }", "high = 1.0, seed = -1 }", r"x: seed = -1"),
        ("x = {", "x = 3\nz = {", r"z: f has no parameter"),
        (
            'x = { shape = [10], fill = "uniform", low = 0.1, high = 1.0 }',
            "x = 3",
            r"x: the parameter is a Kokkos",
        ),
        ("[first]", "first = 1\n[other]", r"first: values belong into a table"),
        ("[first]", "[first", r"not a TOML file"),
    ],
)
def test_errors_name_file_table_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(UsageError, match=r"w\.toml: .*" + message):
        load_workloads(write(tmp_path, GOOD.replace(old, new, 1)), SIGNATURE)


def test_missing_and_empty_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_workload(str(tmp_path / "none.toml"), SIGNATURE)
    with pytest.raises(UsageError, match="no workload"):
        load_workload(str(write(tmp_path, "")), SIGNATURE)


ONE = Signature("g", "g", DOUBLE, (array("x", DOUBLE, None), array("k", INT, None), array("l", LONG, None)))


def data_file(directory: Path, **data: np.ndarray) -> str:
    entries = []
    for name in ("x", "k", "l"):
        np.save(
            directory / f"{name}.npy",
            data.get(name, np.arange(3)) if name != "x" else data.get("x", np.ones(3)),
        )
        entries.append(f'{name} = {{ file = "{name}.npy" }}')
    return "[real]\n" + "\n".join(entries)


def test_real_data(tmp_path: Path) -> None:
    file = write(tmp_path, data_file(tmp_path, x=np.array([1.5, 2.5]), k=np.array([2, 1])))
    workload = load_workload(str(file), ONE)
    data = arrays(workload, ONE)
    np.testing.assert_array_equal(data["x"], [1.5, 2.5])
    assert data["k"].dtype == np.int32  # numpy's own integers are wider; values that fit are taken
    before = fingerprint(workload, ONE)
    np.save(tmp_path / "x.npy", np.array([1.5, 3.5]))
    assert fingerprint(workload, ONE) != before


def test_column_major_data_is_read_in_logical_order(tmp_path: Path) -> None:
    matrix = Signature("g", "g", DOUBLE, (array("x", DOUBLE, None, None),))
    values = np.arange(6.0).reshape(2, 3)
    np.save(tmp_path / "x.npy", np.asfortranarray(values))
    data = arrays(load_workload(str(write(tmp_path, '[w]\nx = {file="x.npy"}')), matrix), matrix)["x"]
    np.testing.assert_array_equal(data, values)
    assert data.flags["C_CONTIGUOUS"]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"x": np.array(["a"])}, "x: .*x.npy holds <U1, which does not fit float64"),
        ({"x": np.ones((2, 2))}, r"x: shape \[2, 2\] has rank 2, not 1"),
        ({"k": np.array([2**40])}, "k: .*k.npy holds int64, which does not fit int32"),
        ({"k": np.array([0.5])}, "k: .*k.npy holds float64, which does not fit int32"),
        ({"x": np.array([{}], dtype=object)}, "x: .*x.npy is not an array file"),
    ],
)
def test_unfitting_data(tmp_path: Path, bad: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_workload(str(write(tmp_path, data_file(tmp_path, **bad))), ONE)


def test_missing_data(tmp_path: Path) -> None:
    file = write(tmp_path, data_file(tmp_path).replace("k.npy", "gone.npy"))
    with pytest.raises(UsageError, match=r"\[real\] k: cannot read .*gone.npy: No such file"):
        load_workload(str(file), ONE)
    with pytest.raises(UsageError, match="'shape' makes no sense beside file"):
        load_workload(str(write(tmp_path, '[w]\nx = {file="x.npy", shape=[3]}')), ONE)


def test_toml_round_trip(tmp_path: Path) -> None:
    for workload in load_workloads(write(tmp_path, GOOD), SIGNATURE):
        again = load_workload(str(write(tmp_path, to_toml(workload))), SIGNATURE)
        assert again.values == workload.values
        assert again.name == workload.name


# ---- meshes ----


@pytest.mark.parametrize("shuffle", [False, True])
def test_triangulation_is_sound(shuffle: bool) -> None:
    """Positive areas that add up to the unit square, give or take the moved boundary; every node is used."""
    coords = Array((20, 2), "grid2d", (("nx", 5), ("ny", 4), ("jitter", 0.0), ("shuffle", shuffle)))
    moved = Array((20, 2), "grid2d", (("nx", 5), ("ny", 4), ("jitter", 0.25), ("shuffle", shuffle)))
    conn = Array((24, 3), "triangles", (("nx", 5), ("ny", 4), ("shuffle", shuffle)))
    mesh = Signature(
        "m",
        "m",
        DOUBLE,
        (array("coords", DOUBLE, None, 2), array("moved", DOUBLE, None, 2), array("conn", INT, None, 3)),
    )
    from autotune.workload import Workload

    data = arrays(Workload("mesh", (("coords", coords), ("moved", moved), ("conn", conn))), mesh)
    for nodes in (data["coords"], data["moved"]):
        p = nodes[data["conn"]]
        e, f = p[:, 1] - p[:, 0], p[:, 2] - p[:, 0]
        areas = 0.5 * (e[:, 0] * f[:, 1] - e[:, 1] * f[:, 0])
        assert (areas > 0).all()
        assert areas.sum() == pytest.approx(1.0, abs=1e-12 if nodes is data["coords"] else 0.5)
    assert set(data["conn"].ravel()) == set(range(20))
    assert (data["conn"][0].tolist() != [0, 4, 5]) == shuffle


def test_distinct_rows() -> None:
    from autotune.workload import Workload

    rule = Array((1000, 3), "randint", (("low", 2), ("high", 6), ("distinct", True)))
    signature = Signature("m", "m", DOUBLE, (array("conn", INT, None, 3),))
    rows = arrays(Workload("w", (("conn", rule),)), signature)["conn"]
    assert all(len(set(row)) == 3 for row in rows.tolist())
    assert set(rows.ravel()) == {2, 3, 4, 5}


# ---- files for the harness ----


def test_inputs_are_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAD_CACHE_DIR", str(tmp_path / "cache"))
    first, second = load_workloads(write(tmp_path, GOOD), SIGNATURE)
    full, small = Inputs(SIGNATURE, first, second).directories()
    assert "conn 2 7 3" in (full / "manifest.txt").read_text().splitlines()
    np.testing.assert_array_equal(
        np.fromfile(full / "conn.raw", np.int32).reshape(7, 3), arrays(first, SIGNATURE)["conn"]
    )
    before = (full / "x.raw").stat().st_mtime_ns
    assert Inputs(SIGNATURE, first, second).directories() == (full, small)
    assert (full / "x.raw").stat().st_mtime_ns == before


def test_corpus_has_a_small_workload_for_each_kernel() -> None:
    import tomllib

    for kernel in sorted(CORPUS.glob("*.cpp")):
        tables = tomllib.loads(kernel.with_suffix(".toml").read_text())
        assert {"small", "large"} <= set(tables), kernel.name
        assert next(iter(tables)) == "medium", kernel.name
