"""Execution policies."""

from tests.cases import Case, N

CASES = (
    Case("policies", "grid_of_four", {"u": (2, 3, 2, 2), "v": (2, 3, 2, 2)}),
    Case("policies", "grid_of_five", {"u": (2, 1, 2, 3, 2), "w": (2,)}),
    Case("policies", "grid_of_six", {"u": (2, 1, 2, 2, 2, 2), "v": (2, 2)}),
    Case("policies", "tuned", {"v": (N,), "a": 0.7}),
    Case("policies", "bounds_in_arrays", {"u": (3, 5), "v": (3, 5)}),
    Case("policies", "chunk_for_each_thread", {"y": (N,), "x": (N,), "n": N}),
)
COMPILED = ("chunk_for_each_thread", "grid_of_six", "tuned", "bounds_in_arrays")
