// expect: 4:108 a View of type 'Kokkos::View<long double *>' is not supported
// expect: 5:57 this is not an element of a local array
#include <Kokkos_Core.hpp>
void parameters(Kokkos::View<double*> x, const double* a, double& total, int n, Kokkos::View<long double*> wide, double) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { x(i) = a[i]; });
  total = 2;
}
