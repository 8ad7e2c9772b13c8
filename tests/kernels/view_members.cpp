// Member functions of Views, View types of all kinds.

#include <Kokkos_Core.hpp>

#include <cmath>

using Vector = Kokkos::View<double*>;
using Matrix = Kokkos::View<double**>;
using In = Kokkos::View<const double*>;

double shapes(Kokkos::View<double**[3]> a, int dim) {
  double r = 0;
  Kokkos::parallel_reduce(a.extent(0), KOKKOS_LAMBDA(int i, double& s) {
    for (size_t j = 0; j < a.extent(1); ++j) {
      for (int k = 0; k < a.extent_int(2); ++k) s += a(i, j, k) * a(i, j, k) * (1 + k);
    }
  }, r);
  double total = 0;
  for (int d = 0; d < 5; ++d) total += a.extent(d) * (d + 1);
  if (a.is_allocated()) r *= a.size();
  return r * total * a.extent(dim) * a.extent(7) + int(a.rank);
}

double highest_rank(Kokkos::View<double******[2][2]> a, Kokkos::View<const double, Kokkos::HostSpace> scale) {
  double r = 0;
  Kokkos::parallel_reduce(a.extent(0), KOKKOS_LAMBDA(int i, double& s) {
    for (int j = 0; j < 2; ++j) s += a(i, 0, j, 0, 0, 1, j, 1 - j) * a(i, 0, 0, 0, 0, 0, 0, 0);
  }, r);
  return r * scale();
}

void layouts(
    Kokkos::View<double**, Kokkos::LayoutLeft> a, Kokkos::View<const double**, Kokkos::LayoutRight> b,
    Kokkos::View<const double**, Kokkos::MemoryTraits<Kokkos::RandomAccess>> c,
    Kokkos::View<double**, Kokkos::MemoryTraits<Kokkos::Restrict>> d, int n, int m) {
  Kokkos::parallel_for(
      Kokkos::MDRangePolicy<Kokkos::Rank<2>>({0, 0}, {n, m}), KOKKOS_LAMBDA(int i, int j) {
        a(i, j) = b(i, j) * c(i, j) + a(i, j) * a(i, j);
        d(i, j) += a(i, j) * c(i, 0);
      });
}

double by_reference(Matrix& a, const Kokkos::View<const double*>& x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += a(i, 0) * x(i) * x[i]; }, r);
  return r;
}

double long_indices(Kokkos::View<const long*> key, Vector x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += x(key(i)) * x(i); }, r);
  return r;
}
