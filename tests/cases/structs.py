"""Objects of the user's classes as local variables."""

from tests.cases import Case, N

CASES = (
    Case(
        "structs",
        "enumerations",
        {"x": (N,), "state_geometry": 1, "state_radius": 1.2, "state_solver": 1, "g": 0, "s": 0, "a": 0.7},
    ),
    Case("structs", "members", {"x": (N,)}),
    Case("structs", "member_functions", {"x": (N, 3)}),
    Case("structs", "changed_in_loops", {"x": (N,), "y": (N,)}),
    Case("structs", "nested", {"x": (N, 3)}),
    Case("structs", "inherited", {"x": (N,)}),
    Case("structs", "of_class_template", {"x": (N,)}),
    Case("structs", "arrays_of_objects", {"x": (N, 3)}),
    Case("structs", "returned_from_branches", {"x": (N,)}),
    Case("structs", "by_reference", {"x": (N,), "y": (N,)}),
    Case("structs", "captured", {"x": (N,), "y": (N,), "a": 0.7}),
)
COMPILED = ("enumerations", "member_functions", "nested", "inherited", "arrays_of_objects")
