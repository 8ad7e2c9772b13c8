// Subviews: parts of Views by ALL, pairs and indices, in kernels and on the host.

#include <Kokkos_Core.hpp>

#include <cmath>
#include <utility>

using Vector = Kokkos::View<double*>;
using Matrix = Kokkos::View<double**>;
using In = Kokkos::View<const double*>;
using InMatrix = Kokkos::View<const double**>;

double row_in_kernel(InMatrix a, In x, int n, int m) {
  double r = 0;
  Kokkos::parallel_reduce("row", n, KOKKOS_LAMBDA(int i, double& s) {
    auto row = Kokkos::subview(a, i, Kokkos::ALL);
    double t = 0;
    for (int j = 0; j < m; ++j) t += row(j) * x(j);
    s += t * t;
  }, r);
  return r;
}

double column_on_host(InMatrix a, int j, int n) {
  const auto column = Kokkos::subview(a, Kokkos::ALL(), j);
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += column(i) * column[i]; }, r);
  return r * column.extent(0);
}

void interior(Vector u, Vector v, int n) {
  auto inner = Kokkos::subview(v, std::make_pair(1, n - 1));
  const Kokkos::pair<int, int> first(0, n - 2);
  auto left = Kokkos::subview(u, first);
  auto right = Kokkos::subview(u, Kokkos::pair<size_t, size_t>(2, n));
  Kokkos::parallel_for(inner.extent(0), KOKKOS_LAMBDA(const size_t i) { inner(i) += left(i) * right(i); });
}

void in_place_part(Vector u, int lo, int hi) {
  auto part = Kokkos::subview(u, Kokkos::make_pair(lo, hi));
  Kokkos::parallel_for(part.size(), KOKKOS_LAMBDA(const int i) { part(i) = sin(part(i)) * part(i); });
  Kokkos::parallel_for(u.extent(0), KOKKOS_LAMBDA(const int i) { u(i) *= u(i); });
}

double part_of_a_part(Kokkos::View<const double***> a, int n, int m) {
  auto plane = Kokkos::subview(a, std::make_pair(1, n), 1, Kokkos::ALL);
  auto corner = Kokkos::subview(plane, std::make_pair(1, n - 1), std::make_pair(1, m));
  auto edge = Kokkos::subview(corner, Kokkos::ALL, 0);
  double r = 0;
  Kokkos::parallel_reduce(edge.extent(0), KOKKOS_LAMBDA(int i, double& s) {
    for (int k = 0; k < int(corner.extent(1)); ++k) s += corner(i, k) * edge(i) * plane(0, k);
  }, r);
  return r;
}

KOKKOS_INLINE_FUNCTION double norm2(Kokkos::View<const double*, Kokkos::LayoutStride> v) {
  double s = 0;
  for (int i = 0; i < v.extent_int(0); ++i) s += v(i) * v(i);
  return s;
}

template <class V>
KOKKOS_INLINE_FUNCTION void scale(const V& v, double a) {
  for (size_t i = 0; i < v.extent(0); ++i) v(i) *= a;
}

KOKKOS_INLINE_FUNCTION void halve(const Kokkos::View<double*, Kokkos::LayoutStride>& v) {
  for (size_t i = 0; i < v.extent(0); ++i) v(i) = 0.5 * v(i) * v(i);
}

void passed_to_functions(Matrix a, Vector y, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) {
    y(i) = norm2(Kokkos::subview(a, i, Kokkos::ALL()));
    halve(Kokkos::subview(a, i, Kokkos::ALL));
  });
}

double element(InMatrix a, int i, int j) {
  auto e = Kokkos::subview(a, i, j);
  double r = 0;
  Kokkos::parallel_reduce(2, KOKKOS_LAMBDA(int k, double& s) { s += e() * e() * k; }, r);
  return r;
}

// The same elements through two names, in one kernel and between kernels.
void overlapping_names(Matrix a, Vector y, int n) {
  auto first = Kokkos::subview(a, 0, Kokkos::ALL);
  auto column = Kokkos::subview(a, Kokkos::ALL, 0);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { first(i) = first(i) * a(0, i) + y(i); });
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) += column(i) * first(i); });
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { column(i) = sin(column(i)) * y(i); });
}

void planes_in_time_loop(Matrix history, int n, int steps) {
  for (int t = 1; t < steps; ++t) {
    auto now = Kokkos::subview(history, t, Kokkos::ALL);
    auto before = Kokkos::subview(history, t - 1, Kokkos::ALL);
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) {
      now(i) = before(i) + 0.1 * before((i + 1) % n) * before(i) + now(i);
    });
  }
}

void unsigned_part(Kokkos::View<float*> u, unsigned lo) {
  auto part = Kokkos::subview(u, std::make_pair(lo, unsigned(u.extent(0))));
  Kokkos::parallel_for(part.extent(0), KOKKOS_LAMBDA(const unsigned i) { part(i) = part(i) * part(i) * 0.5f; });
}
