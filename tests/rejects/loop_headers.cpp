// expect: 10:35 an unsigned index is always >= 0: the loop never ends
// expect: 11:9 this loop never ends
// expect: 15:14 'last' may be used uninitialised
// expect: 16:16 the accumulator of a parallel_reduce is read
#include <Kokkos_Core.hpp>
double loop_headers(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        for (unsigned k = n; k >= 0; --k) s += x(k);
        for (;;) s += 1;
        double last;
        int k = 0;
        while (k < m(i)) last = x(k);
        s += last;
        while (s < 0) return;
      },
      r);
  return r;
}
