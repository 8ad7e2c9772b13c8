// expect: 3:5 'integer_result' returns 'int'
#include <Kokkos_Core.hpp>
int integer_result(Kokkos::View<double*> x, Kokkos::View<double*> y, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { x(i) = 1; });
  return n;
}
