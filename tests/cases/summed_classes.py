"""Sums of classes of the user's own."""

from tests.cases import Case, N

CASES = (
    Case("summed_classes", "pair_energy", {"x": (N,), "a": 0.7}),
    Case("summed_classes", "skewness", {"x": (N,)}),
    Case("summed_classes", "skewness_with_reducer", {"x": (N,)}),
    Case("summed_classes", "pair_forces", {"x": (N, 2), "f": (N, 2)}),
)
COMPILED = ("pair_energy", "skewness", "skewness_with_reducer", "pair_forces")
