// expect: 9:9 a parallel construct inside a kernel is not supported
// expect: 10:31 a View is allocated inside a kernel
// expect: 11:9 deep_copy inside a kernel is not supported
#include <Kokkos_Core.hpp>
double nested_parallelism(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        Kokkos::parallel_for(n, [=](int j) { x(j) = 1; });
        Kokkos::View<double*> t("t", 3);
        Kokkos::deep_copy(x, 1.0);
        s += x(i);
      },
      r);
  return r;
}
