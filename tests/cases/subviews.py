"""Parts of Views."""

from tests.cases import Case, N

CASES = (
    Case("subviews", "row_in_kernel", {"a": (N, 4), "x": (4,), "n": N, "m": 4}),
    Case("subviews", "column_on_host", {"a": (N, 4), "j": 2, "n": N}),
    Case("subviews", "interior", {"u": (N,), "v": (N,), "n": N}),
    Case("subviews", "in_place_part", {"u": (N,), "lo": 1, "hi": 4}),
    Case("subviews", "in_place_part", {"u": (N,), "lo": 2, "hi": 2}, note="empty"),
    Case("subviews", "part_of_a_part", {"a": (N, 3, 4), "n": N, "m": 4}),
    Case("subviews", "passed_to_functions", {"a": (N, 4), "y": (N,), "n": N}),
    Case("subviews", "element", {"a": (N, 4), "i": 3, "j": 1}),
    Case("subviews", "overlapping_names", {"a": (N, N), "y": (N,), "n": N}),
    Case("subviews", "planes_in_time_loop", {"history": (5, N), "n": N, "steps": 5}),
    Case("subviews", "planes_in_time_loop", {"history": (5, N), "n": N, "steps": 1}, note="no steps"),
    Case(
        "subviews",
        "unsigned_part",
        {"u": (N,), "lo": 2},
        floats=frozenset({"u"}),
    ),
)
COMPILED = ("row_in_kernel", "passed_to_functions", "overlapping_names")
