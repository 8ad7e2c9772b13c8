"""Member functions of Views, View types of all kinds."""

from tests.cases import IDX, Case, N

CASES = (
    Case("view_members", "shapes", {"a": (N, 2, 3), "dim": 1}),
    Case("view_members", "shapes", {"a": (N, 2, 3), "dim": 3}, note="beyond"),
    Case("view_members", "highest_rank", {"a": (3, 1, 2, 1, 1, 2, 2, 2), "scale": ()}),
    Case("view_members", "layouts", {"a": (N, 3), "b": (N, 3), "c": (N, 3), "d": (N, 3), "n": N, "m": 3}),
    Case("view_members", "by_reference", {"a": (N, 2), "x": (N,), "n": N}),
    Case("view_members", "long_indices", {"key": IDX, "x": (N,), "n": N}),
)
COMPILED = ("shapes", "layouts")
