"""Scratch memory of teams."""

from tests.cases import Case

T, N = 3, 4

ROWS = {
    "start": [0, 3, 3, 4, 8],
    "column": [0, 2, 4, 1, 3, 0, 2, 4],
    "value": (8,),
    "x": (5,),
    "y": (4,),
    "longest": 4,
}
CASES = (
    Case("scratch", "constant_scratch", {"x": (T, 4), "y": (T, 4), "teams": T}),
    Case("scratch", "sized_scratch", {"a": (N, N), "x": (T, N), "y": (T, N), "teams": T}),
    Case("scratch", "two_levels", {"x": (T, N), "teams": T, "n": N}),
    Case("scratch", "two_levels", {"x": (T, N), "teams": 0, "n": N}, note="no teams"),
    Case("scratch", "thread_scratch", {"x": (T, N), "y": (T, N), "teams": T, "n": 3}),
    Case("scratch", "summed_in_scratch", {"x": (T, N), "y": (T,), "teams": T, "n": N}),
    Case("scratch", "captured_by_copy", {"x": (T, 4), "y": (T, 4), "teams": T}),
    Case("scratch", "part_of_scratch", {"x": (T, N), "y": (T, N), "teams": T, "n": N}),
    Case("scratch", "row_scratch", ROWS),
    Case("scratch", "row_scratch", {**ROWS, "start": [0, 0, 0, 0, 0]}, note="empty rows"),
)
COMPILED = ("constant_scratch", "sized_scratch", "thread_scratch", "row_scratch")
