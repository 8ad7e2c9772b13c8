"""Element types, ranks and math functions."""

from tests.cases import Case, N

CASES = (
    Case("types", "single", {"x": (N,), "a": 0.7, "n": N}, floats=frozenset({"x"})),
    Case("types", "mixed", {"x": (N,), "y": (N,), "a": 0.7, "n": N}, floats=frozenset({"x"})),
    Case("types", "mixed_store", {"y": (N,), "x": (N,), "a": 0.7, "n": N}, floats=frozenset({"y"})),
    Case("types", "rank_zero", {"a": (), "x": (N,), "n": N}),
    Case("types", "rank_zero_fill", {"a": (), "b": (), "x": (N,), "c": 0.7, "n": N}),
    Case("types", "rank_four", {"t": (3, 2, 2, 2), "n": 3}),
    Case("types", "static_extents", {"y": (N, 3), "w": (3,), "n": N}),
    Case("types", "layouts", {"y": (3, 4), "x": (3, 4), "n": 3, "m": 4}),
    Case("types", "extents", {"x": (4,), "A": (3, 4)}),
    Case("types", "powers", {"x": (N,), "p": 1.7, "n": N}),
    Case("types", "extrema", {"x": (N,), "n": N}),
    Case("types", "math", {"x": (N,), "n": N}),
    Case("types", "positive_difference", {"x": (N,), "n": N}),
    Case("types", "scalars", {"a": 0.7, "b": 1.3, "n": N}),
    Case("types", "integer_bits", {"x": (N,), "key": [5, 7, 2, 9, 1, 12], "n": N}),
    Case("types", "gamma_function", {"x": (N,), "n": N}),
    Case("types", "restricted", {"y": (N,), "x": (N,), "z": (N,), "a": 0.7, "n": N}),
)
REFUSED = {"constant"}
COMPILED = ("mixed", "rank_four", "static_extents", "rank_zero_fill", "math", "extrema", "restricted")
