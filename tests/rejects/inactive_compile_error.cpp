// expect: 4:57 use of undeclared identifier 'undeclared'
#include <Kokkos_Core.hpp>
double inactive_compile_error(Kokkos::View<double*> x, Kokkos::View<double*> y, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { x(i) = undeclared; });
  return 0;
}
