// expect: 11:11 'k' is modified here
// expect: 15:29 the loop bound changes inside the loop
// expect: 18:29 the loop bound changes inside the loop
// expect: 21:14 'outer' may be used uninitialised
#include <Kokkos_Core.hpp>
double loop_invariance(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        for (int k = 0; k < n; ++k) {
          k += 1;
          s += x(k);
        }
        int end = n;
        for (int k = 0; k < end; ++k) {
          if (x(k) > 1) end = k + 1;
        }
        for (int k = 0; k < m(i); ++k) m(i) = 2;
        int outer;
        for (outer = 0; outer < n; ++outer) s += x(outer);
        s += outer;
      },
      r);
  return r;
}
