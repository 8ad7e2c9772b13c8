"""Execution policies."""

from tests.cases import Case, N

CASES = (
    Case("policies", "rank_four", {"u": (2, 3, 2, 2), "v": (2, 3, 2, 2)}),
    Case("policies", "rank_five", {"u": (2, 1, 2, 3, 2), "w": (2,)}),
    Case("policies", "rank_six", {"u": (2, 1, 2, 2, 2, 2), "v": (2, 2)}),
    Case("policies", "tuned", {"v": (N,), "a": 0.7}),
)
COMPILED = ("rank_six", "tuned")
