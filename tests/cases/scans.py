"""parallel_scan."""

from tests.cases import Case, N

CASES = (
    Case("scans", "inclusive", {"y": (N,), "x": (N,), "n": N}),
    Case("scans", "inclusive", {"y": (N,), "x": (N,), "n": 0}, note="empty"),
    Case("scans", "exclusive", {"y": (N,), "x": (N,), "n": N}),
    Case("scans", "exclusive_with_total", {"y": (N,), "x": (N,), "a": 0.7, "n": N}),
    Case("scans", "exclusive_with_total", {"y": (N,), "x": (N,), "a": 0.7, "n": 1}, note="one"),
    Case(
        "scans",
        "exclusive_with_total",
        {"y": (N,), "x": (N,), "a": 0.7, "n": -2},
        note="negative",
        portable=False,
    ),
    Case("scans", "exclusive_with_total", {"y": (N,), "x": (N,), "a": 0.7, "n": N}, wrt=("a",), note="a"),
    Case("scans", "scan_in_place", {"u": (N,), "n": N}),
    Case("scans", "compaction", {"y": (N,), "x": (N,), "where": [0] * N, "n": N}),
    Case("scans", "direct_compaction", {"y": (N,), "x": (N,), "n": N}),
    Case("scans", "row_sums", {"y": (N,), "x": (N,), "n": N, "m": 3}),
    Case("scans", "row_sums", {"y": (N,), "x": (N,), "n": 1, "m": 3}, note="reversed"),
    Case("scans", "scan_loop", {"u": (N,), "dt": 0.1, "n": N, "steps": 4}),
    Case("scans", "scan_loop", {"u": (N,), "dt": 0.1, "n": N, "steps": 0}, note="no steps"),
    Case("scans", "scan_floats", {"y": (N,), "x": (N,), "n": N}, floats=frozenset({"x", "y"})),
    Case("scans", "scanned_twice", {"y": (N,), "z": (N,), "x": (N,), "n": N}),
    Case("scans", "stored_terms", {"t": (N,), "x": (N,), "n": N}),
)
COMPILED = ("exclusive_with_total", "scan_loop", "compaction")
