"""References that functions return, operators, and objects that are changed through them."""

from tests.cases import Case, N

CASES = (
    Case("references", "chosen_members", {"x": (N, 3)}),
    Case("references", "chained", {"x": (N, 3)}),
    Case("references", "matrices", {"x": (N, 4)}),
    Case("references", "in_place", {"u": (N, 3), "a": 0.7}),
)
COMPILED = ("chosen_members", "matrices")
