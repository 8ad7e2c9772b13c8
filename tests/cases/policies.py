"""Execution policies."""

from tests.cases import Case, N

CASES = (
    Case("policies", "grid_of_four", {"u": (2, 3, 2, 2), "v": (2, 3, 2, 2)}),
    Case("policies", "grid_of_five", {"u": (2, 1, 2, 3, 2), "w": (2,)}),
    Case("policies", "grid_of_six", {"u": (2, 1, 2, 2, 2, 2), "v": (2, 2)}),
    Case("policies", "tuned", {"v": (N,), "a": 0.7}),
)
COMPILED = ("grid_of_six", "tuned")
