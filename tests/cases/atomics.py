"""Sums that iterations share in the primal."""

from tests.cases import IDX, Case, N

NEAR = [[1, 5], [0, 3], [4, 4], [2, 0], [5, 1], [3, 2]]

CASES = (
    Case("atomics", "scatter", {"y": (N,), "x": (N,), "idx": IDX, "a": 0.7, "n": N}),
    Case("atomics", "scatter_loop", {"f": (N, 2), "u": (N,), "idx": IDX, "dt": 0.3, "n": N, "steps": 3}),
    Case("atomics", "scatter_to_another", {"y": (N,), "x": (N,), "idx": IDX, "n": N}),
    Case("atomics", "scatter_in_functions", {"y": (N,), "x": (N,), "idx": IDX, "n": N}),
    Case("atomics", "scatter_in_members", {"y": (N,), "z": (N,), "x": (N,), "idx": IDX, "n": N}),
    Case("atomics", "half_neighbours", {"f": (N, 2), "u": (N,), "neighbour": NEAR, "n": N, "m": 2}),
    Case("atomics", "atomic_parameter", {"f": (N, 2), "u": (N,), "idx": IDX, "n": N}),
)
COMPILED = (
    "scatter",
    "scatter_loop",
    "scatter_in_functions",
    "scatter_in_members",
    "half_neighbours",
    "atomic_parameter",
)
