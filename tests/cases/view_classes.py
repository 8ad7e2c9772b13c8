"""Parameters of Kokkos' classes around Views."""

from tests.cases import Case, N

CASES = (
    Case("view_classes", "smoothed", {"out_view": (N,), "in_view": (N, 3), "a": 0.3}),
    Case("view_classes", "on_device", {"x_d_view": (N,), "y_d_view": (N,)}),
    Case("view_classes", "on_host", {"x_h_view": (N,)}),
)
COMPILED = ("smoothed", "on_device", "on_host")
