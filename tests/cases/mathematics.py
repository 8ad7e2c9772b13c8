"""Mathematical functions that are rare, or written with others."""

from tests.cases import Case, N

CASES = (
    Case("mathematics", "gamma_functions", {"x": (N,), "n": N}),
    Case("mathematics", "gamma_functions_of_floats", {"x": (N,), "n": N}, floats=frozenset({"x"})),
    Case("mathematics", "remainders", {"x": (N,), "y": (N,), "n": N}),
    Case("mathematics", "lengths", {"x": (N,), "y": (N,), "n": N}),
    Case("mathematics", "clamped", {"x": (N,), "y": (N,), "n": N}),
    Case("mathematics", "extrema_of_lists", {"x": (N,), "y": (N,), "n": N}),
    Case("mathematics", "classified", {"x": (N,), "y": (N,), "n": N}),
    Case("mathematics", "reciprocal_and_steps", {"x": (N,), "n": N}),
    Case("mathematics", "taken_apart", {"x": (N,), "y": (N,), "n": N}),
    Case("mathematics", "taken_apart_in_floats", {"x": (N,), "n": N}, floats=frozenset({"x"})),
    Case("mathematics", "compared", {"x": (N,), "y": (N,), "n": N}),
)
COMPILED = ("gamma_functions", "remainders", "clamped", "taken_apart", "taken_apart_in_floats", "compared")
