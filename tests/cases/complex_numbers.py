"""Kokkos::complex as a local value."""

from tests.cases import Case, N

CASES = (
    Case("complex_numbers", "phased", {"a_re": 0.7, "a_im": -0.4, "b_re": 0.5, "b_im": 0.25, "x": (N, 2)}),
    Case("complex_numbers", "polynomial", {"x": (N, 2)}),
    Case("complex_numbers", "quotients", {"x": (N, 2)}),
    Case("complex_numbers", "roots", {"x": (N, 2)}),
    Case("complex_numbers", "iterated", {"x": (N, 2), "y": (N,)}),
    Case("complex_numbers", "single", {"x": (N,)}, floats=frozenset({"x"})),
)
COMPILED = ("polynomial", "quotients", "phased")
