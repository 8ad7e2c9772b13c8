"""Index arrays, stencils and grids."""

import numpy as np

from tests.cases import IDX, PERM, Case, N

PLACES = np.array([0.2, 3.9, 1.1, 1.7, 3.6, 0.8, 1.2])

CASES = (
    Case("indices", "gather", {"x": (N,), "idx": IDX, "n": N}),
    Case("indices", "scatter_permutation", {"y": (N,), "x": (N,), "perm": PERM, "n": N}),
    Case("indices", "in_place_permutation", {"y": (N,), "x": (N,), "perm": PERM, "n": N}),
    Case("indices", "scatter_atomic", {"y": (N,), "x": (N,), "idx": IDX, "n": N}),
    Case("indices", "two_index_arrays", {"y": (N,), "x": (N,), "perm": PERM, "idx": IDX, "n": N}),
    Case(
        "indices",
        "conditional_permutation",
        {"y": (N,), "x": (N,), "z": (N,), "idx": [0, 0, 2, 0, 4, 2], "n": N},
    ),
    Case(
        "indices",
        "connectivity",
        {"c": (N, 2), "u": (N,), "conn": [[0, 1, 2], [1, 2, 3], [5, 0, 3]], "ne": 3},
    ),
    Case("indices", "stencil", {"y": (N,), "x": (N,), "n": N}),
    Case("indices", "even_odd", {"u": (2 * N,), "n": N}),
    Case("indices", "offsets", {"x": (2 * N + 3,), "n": N, "k": 2}),
    Case("indices", "divided", {"x": (N,), "n": N}),
    Case("indices", "narrowed", {"x": (200,), "n": N}),
    Case("indices", "narrowed_plain", {"x": (256,), "n": 260}),
    Case("indices", "rounded", {"x": (N,), "t": (1,), "n": N}, wrt=("x",)),
    Case("indices", "springs", {"x": (5, 3), "ends": [[0, 1], [3, 1], [4, 0], [2, 4]], "n": 4}),
    Case("indices", "interpolated", {"field": (5,), "position": PLACES, "n": 7}, wrt=("field",)),
    Case("indices", "grid", {"y": (4, 5), "x": (4, 5), "n": 4, "m": 5}),
    Case("indices", "transposed", {"y": (3, 4), "x": (4, 3), "n": 4, "m": 3}),
    Case("indices", "flattened", {"x": (4, 3), "w": (3,), "n": 4, "m": 3}),
    Case("indices", "cube", {"a": (4, 2, 3), "w": (4,), "n": 4}),
    Case("indices", "theta", {"data": (N, 4), "theta": (4,), "n": N}),
    Case("indices", "reversed", {"y": (N,), "x": (N,), "n": N}),
    Case("indices", "added_then_read", {"y": (2 * N + 2,), "x": (N + 1,), "n": N}),
    Case("indices", "unsigned_stencil", {"x": (N,)}),
    Case("indices", "unsigned_stencil", {"x": (1,)}, note="one"),
    Case("indices", "unsigned_stencil", {"x": (2,)}, note="two"),
    Case("indices", "unsigned_shift", {"x": (N,), "first": 2, "last": N + 1}),
    Case("indices", "unsigned_shift", {"x": (N,), "first": 2, "last": 0}, note="empty"),
    Case("indices", "grid_in_place", {"y": (4, 5), "x": (4, 5), "n": 4, "m": 5}),
    Case("indices", "grid_in_place", {"y": (3, 5), "x": (3, 5), "n": 3, "m": 5}, note="narrow"),
    Case("indices", "grid_in_place", {"y": (2, 2), "x": (2, 2), "n": 2, "m": 2}, note="empty"),
    Case("indices", "grid_transposed", {"y": (3, 4), "x": (5, 4), "n": 3, "m": 4}),
    Case("indices", "wide_stencil", {"x": (12,), "w": (12,), "n": 12}),
    Case("indices", "wide_stencil", {"x": (9,), "w": (9,), "n": 9}, note="short"),
    Case("indices", "wide_stencil", {"x": (6,), "w": (6,), "n": 6}, note="empty"),
    Case("indices", "permuted_rows", {"A": (N, 3), "x": (N,), "idx": PERM, "n": N}),
    Case(
        "indices",
        "compressed_rows",
        {"entries": (8,), "x": (N,), "row": [0, 2, 2, 5, 8], "column": [5, 0, 1, 1, 4, 3, 3, 0], "n": 4},
    ),
    Case("indices", "flat_grid", {"y": (12,), "x": (12,), "n": 3, "m": 4}),
    Case("indices", "flat_grid", {"y": (12,), "x": (12,), "n": 3, "m": 1}, note="thin"),
    Case("indices", "rows_and_columns", {"A": (3, 4), "x": (12,), "m": 4}),
    Case("indices", "element_blocks", {"corner": (3 * N,), "x": (N,), "n": N}),
    Case("indices", "mirrored_halo", {"u": (3, 6), "rows": 3, "depth": 2}),
    Case("indices", "flat_cube", {"y": (24,), "n": 2, "m": 3, "l": 4}),
    Case(
        "indices", "columns_of_a_buffer", {"buffer": (30,), "field": (N, 2), "n": N, "depth": 2, "offset": 3}
    ),
)
COMPILED = ("connectivity", "scatter_atomic", "grid", "cube", "conditional_permutation")
