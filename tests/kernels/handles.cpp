// Nasty but right programs: handles that outlive what they were made from, parts and swaps in odd places.

#include <Kokkos_Core.hpp>

#include <cmath>
#include <utility>

using Vector = Kokkos::View<double*>;
using Matrix = Kokkos::View<double**>;
using In = Kokkos::View<const double*>;

// The lambda keeps the Views that it captured.
void captured_before_swap(Vector u, Vector v, int n) {
  auto step = KOKKOS_LAMBDA(int i) { v(i) = u(i) * u(i) + v(i); };
  std::swap(u, v);
  Kokkos::parallel_for(n, step);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { v(i) = sin(u(i)) * v(i); });
}

void part_of_old_index(Matrix a, Vector y, int n) {
  int j = 0;
  auto row = Kokkos::subview(a, j, Kokkos::ALL);
  j = 2;
  auto other = Kokkos::subview(a, j, Kokkos::ALL);
  for (int t = 0; t < 2; ++t) {
    ++j;
    auto third = Kokkos::subview(a, j, Kokkos::ALL);
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) {
      const double sum = y(i) + row(i) * other(i) * third(i);
      y(i) = sum;
      third(i) *= sum;
    });
  }
}

void part_of_a_swapped_view(Vector u, Vector v, int n) {
  auto part = Kokkos::subview(u, std::make_pair(1, n));
  Kokkos::View<double*>& first = u;
  const Vector& also = v;
  std::swap(first, v);
  Kokkos::parallel_for(n - 1, KOKKOS_LAMBDA(int i) { part(i) *= part(i); });
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { u(i) = also(i) * u(i); });
}

inline void no_effect(Vector a, Vector b, int n) {
  std::swap(a, b);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { a(i) = a(i) * b(i); });
}

void swapped_by_value(Vector u, Vector v, int n) {
  no_effect(u, v, n);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { u(i) = sin(v(i)) * u(i); });
}

double swap_and_leave(Vector u, Vector v, int n, int steps, double limit) {
  double r = 0;
  for (int t = 0; t < steps; ++t) {
    Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += u(i) * u(i); }, r);
    if (r > limit) {
      std::swap(u, v);
      if (t == 3) break;
      continue;
    }
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { u(i) = 1.5 * u(i) + v(i) * v(i); });
    if (t == 4) return r * u(0);
    std::swap(v, u);
  }
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { u(i) *= v(i); });
  return r + u(1);
}

double host_branches(Vector x, Vector y, int n) {
  for (int i = 0; i < n; ++i) {
    if (x(i) > 0.5) {
      y(i) = x(i) * x(i);
    } else if (i > 0) {
      y(i) += x(i) * y(i - 1);
    }
  }
  if (y(0) > 0.2) x(0) = y(0) * y(1);
  const unsigned last = x.extent(0) - 1;
  auto tail = Kokkos::subview(x, std::make_pair(last - 1, last + 1));
  tail(0) *= tail(1) * x(0);
  double r = 0;
  for (unsigned i = 0; i < tail.extent(0); ++i) r += tail(i) * y(i);
  return r;
}

double resized_in_loop(In x, int n, int steps) {
  double r = 0;
  for (int t = 0; t < steps; ++t) {
    Vector w("w", n);
    Kokkos::deep_copy(w, x);
    Kokkos::resize(w, n + t);
    Kokkos::parallel_for(t, KOKKOS_LAMBDA(int i) { w(n + i) = x(i) * x(i); });
    double s = 0;
    Kokkos::parallel_reduce(n + t, KOKKOS_LAMBDA(int i, double& sum) { sum += w(i) * w(i) * (1 + t); }, s);
    r += s;
  }
  return r;
}

void filled_parts(Matrix a, double c, int n, int steps) {
  for (int t = 0; t < steps; ++t) {
    Kokkos::deep_copy(Kokkos::subview(a, t, std::make_pair(1, n)), c * t);
    Kokkos::deep_copy(Kokkos::subview(a, Kokkos::ALL, 0), Kokkos::subview(a, Kokkos::ALL, t + 1));
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { a(t, i) *= a(t, i) + c; });
  }
}

double three_ways(Vector u, Vector v, Vector w, int n, int mode) {
  Vector a = u, b = v;
  switch (mode) {
    case 0: std::swap(a, b); break;
    case 1: a = w; [[fallthrough]];
    case 2: b = u; break;
    default: a = b = w;
  }
  for (int t = 0; t < 3; ++t) {
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { u(i) = 0.5 * a(i) * b(i) + v(i); });
    if (mode != 1) std::swap(a, b);
  }
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += a(i) * b(i) + u(i); }, r);
  return r;
}
