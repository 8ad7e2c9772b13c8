"""Views whose elements are complex numbers, small vectors or structs."""

from tests.cases import IDX, Case, N

CASES = (
    Case("views_of_objects", "spectrum", {"z": (N, 2)}),
    Case("views_of_objects", "rotated", {"z": (N, 2), "w": (N, 2), "a": 0.7}),
    Case("views_of_objects", "forces", {"x": (N, 3), "f": (N, 3)}),
    Case("views_of_objects", "scattered", {"z": (N, 2), "to": IDX, "y": (N,)}),
)
REFUSED = (
    "in_place_objects",
)  # an element is read that an earlier write through a loop index may have changed
COMPILED = ("spectrum", "rotated", "forces", "scattered")
