"""How codes use teams."""

from tests.cases import Case

T, M = 3, 4
ROWS, COLUMNS = [0, 2, 3, 3, 6, 7], [0, 3, 1, 2, 4, 0, 2]
CSR = {"rows": ROWS, "columns": COLUMNS, "a": (7,), "x": (5,), "y": (5,), "n": 5}

CASES = (
    Case("team_patterns", "blocks_of_rows", {**CSR, "per_team": 2}),
    Case("team_patterns", "blocks_of_rows", {**CSR, "per_team": 7}, note="one block"),
    Case("team_patterns", "guarded_rows", {**CSR, "per_team": 2}),
    Case("team_patterns", "team_functor", {"a": (T, M), "x": (M,), "y": (T,), "rows": T, "columns": M}),
    Case("team_patterns", "threads_by_hand", {"a": (T, M), "x": (M,), "y": (T,), "rows": T, "columns": M}),
    Case("team_patterns", "own_index", {"x": (8,), "y": (8,), "n": 7}),
    Case("team_patterns", "generic_team", {"a": (T, M), "y": (T,), "rows": T}),
    Case("team_patterns", "template_helper", {"a": (T, M), "x": (M,), "y": (T,), "rows": T}),
    Case("team_patterns", "prefix_sums", {"x": (T, M), "y": (T, M), "teams": T}),
    Case("team_patterns", "inclusive_sums", {"x": (T, 6), "y": (T, 6), "teams": T}),
    Case("team_patterns", "offset_threads", {"x": (T, M), "teams": T, "n": M}),
    Case("team_patterns", "offset_threads", {"x": (T, M), "teams": T, "n": 0}, note="empty"),
    Case("team_patterns", "largest_of_row", {"x": (T, M), "y": (T,), "teams": T}),
    Case("team_patterns", "partial_sums_of_threads", {"x": (T, M), "teams": T}),
    Case("team_patterns", "tiles_in_scratch", {"x": (T, 12), "y": (T, 4), "teams": T, "tiles": 3}),
    Case(
        "team_patterns", "tiles_in_scratch", {"x": (T, 12), "y": (T, 4), "teams": T, "tiles": 0}, note="none"
    ),
    Case("team_patterns", "sized_tiles", {"x": (T, 9), "y": (T, 3), "teams": T, "tiles": 3, "m": 3}),
    Case("team_patterns", "sums_of_all_threads", {"x": (T, 4), "teams": T}),
    Case("team_patterns", "uniform_jumps", {"x": (T, 4), "y": (T,), "teams": T}),
    Case("team_patterns", "jumps_in_single", {"x": (T, 4), "y": (T,), "teams": T}),
    Case("team_patterns", "temporary_of_the_team", {"x": (T, 4), "y": (T, 4), "teams": T}),
    Case("team_patterns", "team_kernels_in_time", {"x": (T, 4), "y": (T, 4), "teams": T, "steps": 3}),
)
COMPILED = ("blocks_of_rows", "offset_threads")
