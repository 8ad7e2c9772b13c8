"""Reductions and scans where they are easily got wrong."""

from tests.cases import IDX, Case, N

CASES = (
    Case("reductions_hard", "extremum_beside_scatter", {"x": (N,), "idx": IDX, "most": 0, "n": N}),
    Case("reductions_hard", "two_zeros", {"x": (N,), "shift": 0.13, "n": N}),
    Case("reductions_hard", "two_zeros", {"x": (N,), "shift": 0.5, "n": N}, note="none"),
    Case("reductions_hard", "product_in_place", {"u": (N,), "f": (N,), "n": N}),
    Case("reductions_hard", "shifted_range", {"x": (N,), "n": N}),
    Case("reductions_hard", "unsigned_range", {"x": (N,), "first": 1, "last": 5}),
    Case("reductions_hard", "unsigned_range", {"x": (N,), "first": 5, "last": 2}, note="reversed"),
    Case("reductions_hard", "result_in_body", {"x": (N,), "n": N}),
    Case("reductions_hard", "in_branches", {"x": (N,), "limit": 0.5, "n": N}),
    Case("reductions_hard", "in_branches", {"x": (N,), "limit": 5.0, "n": N}, note="product"),
    Case("reductions_hard", "chase", {"u": (N,), "dt": 0.3, "n": N, "steps": 4}),
    Case("reductions_hard", "functor_scan", {"y": (N,), "x": (N,), "a": 0.7, "n": N}),
    Case("reductions_hard", "scan_in_loop", {"u": (N,), "dt": 0.3, "n": N, "steps": 3}),
    Case("reductions_hard", "scan_if", {"y": (N,), "x": (N,), "n": N, "twice": True}),
    Case("reductions_hard", "scan_if", {"y": (N,), "x": (N,), "n": N, "twice": False}, note="not"),
    Case("reductions_hard", "league_max", {"A": (4, 3), "n": 4, "m": 3}),
)
COMPILED = ("extremum_beside_scatter", "chase", "scan_in_loop")
