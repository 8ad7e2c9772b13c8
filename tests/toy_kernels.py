"""Two kernels with derivatives written by hand, to test the harness itself."""

from __future__ import annotations

from transform.ir.types import DOUBLE, FLOAT, INT, View
from transform.signature import Argument, Signature


def _view(spelling: str, extents: tuple[int | None, ...], element: str = "double") -> View:
    return View(INT if element == "int" else DOUBLE, extents, "const" in spelling, spelling)


def _argument(
    name: str,
    spelling: str,
    extents: tuple[int | None, ...],
    adjoint: str = "",
    independent: bool = True,
    dependent: bool = False,
) -> Argument:
    view = _view(spelling, extents, "double" if adjoint else "int")
    return Argument(name, view, spelling, adjoint, independent, dependent, written=dependent)


# ---- sum over i of a * x(idx(i))^2 ----

TOY_SOURCE = """
#include <Kokkos_Core.hpp>
double toy(Kokkos::View<const double*> x, Kokkos::View<const int*> idx, double a) {
  double r = 0.0;
  Kokkos::parallel_reduce("toy", static_cast<int>(idx.extent(0)), KOKKOS_LAMBDA(const int i, double& s) {
    s += a * x(idx(i)) * x(idx(i));
  }, r);
  return r;
}
"""

TOY = Signature(
    "toy",
    "toy",
    DOUBLE,
    (
        _argument("x", "Kokkos::View<const double*>", (None,), "Kokkos::View<double*>"),
        _argument("idx", "Kokkos::View<const int*>", (None,), "", independent=False),
        Argument("a", DOUBLE, "double", "double", True, False, False),
    ),
)

TOY_TANGENT = """
namespace kad {
inline double toy_tangent(Kokkos::View<const double*> x, Kokkos::View<const int*> idx, double a,
                          Kokkos::View<double*> x_d, double a_d, double& r_d) {
  double sum = 0.0;
  Kokkos::parallel_reduce("tangent", static_cast<int>(idx.extent(0)), KOKKOS_LAMBDA(const int i, double& s) {
    s += a_d * x(idx(i)) * x(idx(i)) + 2.0 * a * x(idx(i)) * x_d(idx(i));
  }, sum);
  r_d = sum;
  return ::toy(x, idx, a);
}
}
"""

_TOY_VARIANT = """
namespace kad_KEY {
struct toy_workspace {
  int calls = 0;
  std::size_t memory() const { return 1234; }
};
inline double toy_grad(toy_workspace& ws, Kokkos::View<const double*> x, Kokkos::View<const int*> idx,
                       double a, const Kokkos::View<double*>& x_b, double& a_b, double seed = 1.0) {
  ++ws.calls;
  FIRST
  double square = 0.0;
  Kokkos::parallel_reduce("grad", static_cast<int>(idx.extent(0)), KOKKOS_LAMBDA(const int i, double& s) {
    s += x(idx(i)) * x(idx(i));
    Kokkos::atomic_add(&x_b(idx(i)), 2.0 * seed * a * x(idx(i)));
  }, square);
  a_b += seed * square;
  BUG
  return a * square;
}
inline double toy_grad(Kokkos::View<const double*> x, Kokkos::View<const int*> idx, double a,
                       const Kokkos::View<double*>& x_b, double& a_b, double seed = 1.0) {
  toy_workspace ws;
  return toy_grad(ws, x, idx, a, x_b, a_b, seed);
}
}
"""


def toy_variant(key: str, bug: str = "", result: str = "", first: str = "") -> str:
    """A right variant with the statements ``first`` and ``bug`` added, and perhaps another ``result``."""
    code = _TOY_VARIANT.replace("KEY", key).replace("BUG", bug).replace("FIRST", first)
    return code.replace("return a * square;", f"return {result};") if result else code


TOY_WORKLOADS = """
[full]
x = { shape = [5000], fill = "uniform", low = 0.5, high = 1.5 }
idx = { shape = [40000], fill = "randint", high = 5000 }
a = 3.0

[small]
x = { shape = [11], fill = "uniform", low = 0.5, high = 1.5 }
idx = { shape = [30], fill = "randint", high = 11 }
a = 3.0
"""

# ---- in place, void, column-major, static extents, an output beside: u = u^2 w, y = sum over j of u ----

MIX_SOURCE = """
#include <Kokkos_Core.hpp>
void mix(Kokkos::View<float**, Kokkos::LayoutLeft> u, Kokkos::View<const float* [3]> w,
         Kokkos::View<float*> y) {
  Kokkos::parallel_for("mix", static_cast<int>(u.extent(0)), KOKKOS_LAMBDA(const int i) {
    y(i) = 0.0f;
    for (int j = 0; j < 3; ++j) {
      u(i, j) = u(i, j) * u(i, j) * w(i, j);
      y(i) += u(i, j);
    }
  });
}
int main() { return 0; }
"""

_U = "Kokkos::View<float**, Kokkos::LayoutLeft>"
_W, _W_B = "Kokkos::View<const float* [3]>", "Kokkos::View<float* [3]>"
_Y = "Kokkos::View<float*>"


def _float_argument(
    name: str,
    spelling: str,
    adjoint: str,
    extents: tuple[int | None, ...],
    independent: bool,
    dependent: bool,
) -> Argument:
    view = View(FLOAT, extents, "const" in spelling, spelling)
    return Argument(name, view, spelling, adjoint, independent, dependent, written=dependent)


MIX = Signature(
    "mix",
    "mix",
    None,
    (
        _float_argument("u", _U, _U, (None, None), True, True),
        _float_argument("w", _W, _W_B, (None, 3), True, False),
        _float_argument("y", _Y, _Y, (None,), False, True),
    ),
)

MIX_TANGENT = f"""
namespace kad {{
inline void mix_tangent({_U} u, {_W} w, {_Y} y, {_U} u_d, {_W_B} w_d, {_Y} y_d) {{
  Kokkos::parallel_for("tangent", static_cast<int>(u.extent(0)), KOKKOS_LAMBDA(const int i) {{
    y_d(i) = 0.0f;
    for (int j = 0; j < 3; ++j) {{
      u_d(i, j) = 2.0f * u(i, j) * u_d(i, j) * w(i, j) + u(i, j) * u(i, j) * w_d(i, j);
      y_d(i) += u_d(i, j);
    }}
  }});
  ::mix(u, w, y);
}}
}}
"""


def mix_variant(key: str) -> str:
    arguments = f"{_U} u, {_W} w, {_Y} y, {_U} u_b, {_W_B} w_b, {_Y} y_b"
    return f"""
namespace kad_{key} {{
struct mix_workspace {{
  std::size_t memory() const {{ return 0; }}
}};
inline void mix_grad({arguments}) {{
  Kokkos::parallel_for("grad", static_cast<int>(u.extent(0)), KOKKOS_LAMBDA(const int i) {{
    for (int j = 0; j < 3; ++j) {{
      const float out_b = u_b(i, j) + y_b(i);
      w_b(i, j) += out_b * u(i, j) * u(i, j);
      u_b(i, j) = 2.0f * out_b * u(i, j) * w(i, j);
    }}
    y_b(i) = 0.0f;
  }});
  ::mix(u, w, y);
}}
inline void mix_grad(mix_workspace&, {arguments}) {{ mix_grad(u, w, y, u_b, w_b, y_b); }}
}}
"""


MIX_WORKLOADS = """
[full]
u = { shape = [3000, 3], low = 0.5, high = 1.5 }
w = { shape = [3000, 3], low = 0.5, high = 1.5 }
y = { shape = [3000] }

[small]
u = { shape = [7, 3], low = 0.5, high = 1.5 }
w = { shape = [7, 3], low = 0.5, high = 1.5 }
y = { shape = [7] }
"""
