// expect: 6:56 a variable of type 'const double *' is not supported
// expect: 6:67 a scalar parameter that is written is not supported
// expect: 6:108 a View of type 'Kokkos::View<long double *>' is not supported
// expect: 6:120 an unnamed parameter is not supported
#include <Kokkos_Core.hpp>
void parameters(Kokkos::View<double*> x, const double* a, double& total, int n, Kokkos::View<long double*> wide, double) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { x(i) = a[i]; });
  total = 2;
}
