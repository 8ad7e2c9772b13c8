// expect: 5:39 one iteration writes an element of 'x' that another may read (the other access is at line 5) | read from one View and write to another
#include <Kokkos_Core.hpp>
void shift(Kokkos::View<double*> to, Kokkos::View<const double*> from, int n) {
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) { to(i) = from(i + 1) * from(i + 1); });
}
void aliasing_views(Kokkos::View<double*> x, int n) {
  shift(x, x, n);
}
