// expect: 7:14 a View element is accessed outside a kernel
// expect: 8:3 a View element is accessed outside a kernel
// expect: 9:36 a View element is accessed outside a kernel
// expect: 11:3 deep_copy of a View to a scalar is not supported
#include <Kokkos_Core.hpp>
double host_access(Kokkos::View<double*> x, Kokkos::View<double*> y, int n) {
  double r = x(0);
  y(1) = r;
  for (int i = 0; i < n; ++i) r += x[i];
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { x(i) = r; });
  Kokkos::deep_copy(r, Kokkos::subview(x, 0));
  return r;
}
