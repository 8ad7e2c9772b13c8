"""Reductions other than sums."""

from tests.cases import Case, N

CASES = (
    Case("reducers", "largest", {"x": (N,), "a": 0.7, "n": N}),
    Case("reducers", "largest", {"x": (N,), "a": 0.7, "n": 0}, note="empty"),
    Case("reducers", "largest", {"x": (N,), "a": -0.7, "n": N}, note="negative"),
    Case("reducers", "smallest", {"x": (N,), "n": N}),
    Case("reducers", "smallest_float", {"x": (N,), "n": N}, floats=frozenset({"x"})),
    Case("reducers", "steepest", {"x": (N,), "skip": [1, 0, 1, 1, 1, 0], "n": N}),
    Case("reducers", "steepest", {"x": (N,), "skip": [0, 0, 0, 0, 0, 0], "n": N}, note="none"),
    Case("reducers", "matrix_max", {"A": (4, 5), "n": 4, "m": 5}),
    Case("reducers", "tie", {"x": (N,), "n": N}),
    Case("reducers", "update_and_largest", {"u": (N,), "f": (N,), "dt": 0.3, "n": N}),
    Case("reducers", "updated_largest", {"u": (N,), "f": (N,), "dt": 0.3, "n": N}),
    Case("reducers", "time_loop", {"u": (N,), "cfl": 0.4, "n": N, "steps": 4}),
    Case("reducers", "time_loop", {"u": (N,), "cfl": 0.4, "n": N, "steps": 0}, note="no steps"),
    Case("reducers", "error_as_condition", {"x": (N,), "tolerance": 0.2, "n": N}, wrt=("x",)),
    Case("reducers", "error_as_condition", {"x": (N,), "tolerance": 0.2, "n": 0}, wrt=("x",), note="empty"),
    Case("reducers", "several", {"x": (N,), "w": (N,), "n": N}),
    Case("reducers", "several", {"x": (N,), "w": (N,), "n": N}, wrt=("w",), note="w"),
    Case("reducers", "product", {"x": (N,), "a": 0.7, "n": N}),
    Case("reducers", "product", {"x": (N,), "a": 0.7, "n": 0}, note="empty"),
    Case("reducers", "product_of_two", {"x": (N,), "skip": [1, 3, 1, 3, 1, 0], "n": N}),
    Case("reducers", "shifted_product", {"A": (3, 2), "shift": 0.13, "n": 3, "m": 2}, note="zero"),
    Case("reducers", "shifted_product", {"A": (3, 2), "shift": 2.0, "n": 3, "m": 2}),
    Case("reducers", "logic", {"x": (N,), "a": 0.7, "n": N}),
    Case("reducers", "number_result", {"x": (N,), "n": N}),
    Case("reducers", "sum_into_view", {"y": (), "x": (N,), "n": N}),
    Case("reducers", "through_helper", {"x": (N,), "n": N}),
)
COMPILED = ("largest", "updated_largest", "several", "product")
