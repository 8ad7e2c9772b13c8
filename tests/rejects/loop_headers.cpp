// expect: 9:35 an unsigned index is always >= 0: the loop never ends
// expect: 10:9 this loop never ends
// expect: 11:16 the accumulator of a parallel_reduce is read
#include <Kokkos_Core.hpp>
double loop_headers(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        for (unsigned k = n; k >= 0; --k) s += x(k);
        for (;;) s += 1;
        while (s < 0) return;
      },
      r);
  return r;
}
