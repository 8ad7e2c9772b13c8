// expect: 4:25 'class_result' returns 'Kokkos::complex<double>'
// expect: 6:3 this return value is not supported
#include <Kokkos_Core.hpp>
Kokkos::complex<double> class_result(Kokkos::View<double*> x, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { x(i) = 1; });
  return 1;
}
