"""Increments of few elements."""

from tests.cases import Case, N

CONN = [[0, 1, 2], [1, 2, 3], [5, 0, 3], [4, 1, 5], [2, 3, 4]]

CASES = (
    Case(
        "accumulation",
        "same_in_loop",
        {"y": (4,), "x": (3,), "w": (N,), "row": [0, 2, 2, 5, 6], "first": [2, -1, 0, 2], "n": 4},
    ),
    Case(
        "accumulation",
        "from_table",
        {"strain": (7,), "table": (3, 2), "kind": [0, 2, 2, 0, 2, 0, 2], "scale": 1.3},
    ),
    Case(
        "accumulation",
        "polynomial",
        {"y": (N,), "x": (N,), "c": (4,), "shift": (), "terms": 4},
        floats=frozenset({"c"}),
    ),
    Case("accumulation", "weighted_mesh", {"u": (N,), "weight": (2,), "conn": CONN}),
    Case("accumulation", "scaled_grid", {"x": (3, 4), "scale": (3,)}),
)
COMPILED = ("same_in_loop", "from_table", "polynomial", "weighted_mesh", "scaled_grid")
