"""Loops written out, elements of local arrays as scalars, loops joined."""

from tests.cases import IDX, Case, N

CASES = (
    Case("short_loops", "backwards", {"x": (N, 4)}),
    Case("short_loops", "nested_results", {"x": (N,), "n": 3}),
    Case("short_loops", "mixed_places", {"x": (N,), "idx": IDX}),
    Case("short_loops", "joined", {"A": (N, 3), "x": (3,), "y": (N,)}),
    Case("short_loops", "joined", {"A": (N, 3), "x": (3,), "y": (N,)}, wrt=("x", "y"), note="vectors"),
    Case("short_loops", "kept_apart", {"A": (N, 3), "x": (3,)}),
    Case("short_loops", "through_memory", {"u": (N, 4), "v": (N, 4), "x": (N, 4)}),
)
COMPILED = ("mixed_places", "joined", "through_memory")
