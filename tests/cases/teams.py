"""Kernels of teams."""

from tests.cases import Case

T, M = 3, 4
TO = [[0, 3, 1, 1], [2, 2, 0, 3], [1, 0, 3, 2]]

CASES = (
    Case("teams", "matrix_vector", {"a": (T, M), "x": (M,), "y": (T,)}),
    Case("teams", "quadratic_form", {"a": (T, M), "x": (M,), "y": (T,), "rows": T, "columns": M}),
    Case(
        "teams",
        "quadratic_form",
        {"a": (T, M), "x": (M,), "y": (T,), "rows": 0, "columns": M},
        note="no teams",
    ),
    Case("teams", "three_levels", {"a": (T, M, 2), "x": (T, M), "y": (T, M), "teams": T}),
    Case("teams", "outer_and_inner_reduce", {"x": (T, M), "y": (T,), "teams": T}),
    Case("teams", "vector_range", {"x": (T, M), "y": (T, M), "c": 0.7, "teams": T}),
    Case("teams", "broadcast", {"x": (T, M), "y": (T, M), "teams": T}),
    Case("teams", "phases", {"x": (T, M), "y": (T, M), "z": (T, M), "teams": T}),
    Case("teams", "captured_accumulator", {"x": (T, M), "teams": T}),
    Case("teams", "atomic_scatter", {"x": (T, M), "to": TO, "y": (M,), "teams": T}),
    Case("teams", "helper_with_team", {"x": (T, M), "y": (T, M), "teams": T}),
    Case("teams", "uniform_branch", {"x": (T, M), "y": (T,), "teams": T}),
    Case("teams", "product_of_row", {"x": (T, M), "y": (T,), "teams": T}),
    Case("teams", "team_time_loop", {"u": (T, 6), "v": (T, 6), "c": 0.4, "teams": T, "steps": 3}, wrt=("u",)),
    Case(
        "teams",
        "team_time_loop",
        {"u": (T, 6), "v": (T, 6), "c": 0.4, "teams": T, "steps": 0},
        wrt=("u",),
        note="no steps",
    ),
    Case("teams", "redundant_store", {"x": (T, M), "y": (T,), "teams": T}),
)
COMPILED = ("matrix_vector", "three_levels", "broadcast")
