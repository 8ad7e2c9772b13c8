// expect: 9:9 a while loop is not supported
// expect: 10:9 a do loop is not supported
#include <Kokkos_Core.hpp>
double while_loops(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        int k = 0;
        while (k < 3) ++k;
        do {
          ++k;
        } while (k < 5);
        s += x(k);
      },
      r);
  return r;
}
