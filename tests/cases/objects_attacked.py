"""Objects in the ways that go wrong most easily."""

from tests.cases import Case, N

CASES = (
    Case("objects_attacked", "self_aliased", {"u": (N, 2)}),
    Case("objects_attacked", "defaults", {"u": (N, 2)}),
    Case("objects_attacked", "counted", {"u": (N, 2), "n": 3}),
    Case("objects_attacked", "counted", {"u": (N, 2), "n": 0}, note="empty"),
    Case("objects_attacked", "by_member_reference", {"u": (N, 2)}),
    Case("objects_attacked", "cells", {"c": (N, 4), "d": (N, 4), "q": 0.7}),
    Case("objects_attacked", "cells", {"c": (N, 4), "d": (N, 4), "q": 0.7}, wrt=("c", "q"), note="some"),
    Case("objects_attacked", "moved_in_loop", {"u": (N, 2)}),
    Case("objects_attacked", "of_floats", {"z": (N, 2)}, floats=frozenset({"z"})),
    Case("objects_attacked", "host_objects", {"x": (N,), "a": 0.7, "b": 1.3}),
)
COMPILED = ("self_aliased", "cells", "moved_in_loop")
