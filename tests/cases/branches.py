"""Branches and early exits."""

from tests.cases import IDX, Case, N

CASES = (
    Case("branches", "out_parameters", {"x": (N,), "n": N}),
    Case("branches", "early_returns_in_helper", {"x": (N,), "n": N}),
    Case("branches", "rotated", {"x": (N,), "n": N}),
    Case("branches", "guard", {"y": (N,), "x": (N,), "n": N}),
    Case("branches", "ternary_out_of_range", {"x": (N,), "n": N}),
    Case("branches", "branch_overwrites_array", {"x": (N,), "n": N}),
    Case("branches", "branch_on_active", {"x": (N,), "threshold": 0.9, "n": N}),
    Case("branches", "one_sided_branches", {"x": (N,), "w": (N,), "n": N}),
    Case("branches", "one_sided_branches", {"x": (N,), "w": (N,), "n": N}, wrt=("x",), note="wrt x"),
    Case("branches", "logic", {"x": (N,), "n": N, "both": True}),
    Case("branches", "nested_ternary", {"x": (N,), "n": N}),
    Case("branches", "asserted", {"x": (N,), "n": N}),
    Case("branches", "switched", {"x": (N,), "kind": IDX, "n": N}),
)
