// expect: 3:8 no result of 'no_active_path' depends on an independent (x, y) | choose others with --wrt and --of
#include <Kokkos_Core.hpp>
double no_active_path(Kokkos::View<double*> x, Kokkos::View<double*> y, int n) {
  int positive = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, int& s) { s += x(i) > y(i) ? 1 : 0; }, positive);
  return positive;
}
