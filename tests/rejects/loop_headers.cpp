// expect: 19:25 this loop condition is not supported
// expect: 20:32 this loop step is not supported
// expect: 21:32 this loop step is not supported
// expect: 22:25 the condition does not fit the direction of the step
// expect: 23:25 the condition does not fit the direction of the step
// expect: 24:35 an unsigned index is always >= 0: the loop never ends
// expect: 25:9 a loop without start, condition or step is not supported
// expect: 26:9 a loop without start, condition or step is not supported
// expect: 27:14 a loop index must be an integer
// expect: 28:9 a loop without start, condition or step is not supported
// expect: 29:14 this loop start is not supported
// expect: 30:29 a loop bound must be an integer
// expect: 32:9 a range-based for loop is not supported
#include <Kokkos_Core.hpp>
double loop_headers(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        for (int k = 0; 2 * k < n; ++k) s += x(k);
        for (int k = 1; k < n; k *= 2) s += x(k);
        for (int k = 0; k < n; k += i) s += x(k);
        for (int k = 0; k > n; ++k) s += x(k);
        for (int k = 0; k != n; k += 2) s += x(k);
        for (unsigned k = n; k >= 0; --k) s += x(k);
        for (int k = 0; k < n;) ++k;
        for (;;) s += 1;
        for (double t = 0; t < 1; t += 0.5) s += t;
        for (size_t k = n; k-- > 0;) s += x(k);
        for (int k = 0, l = 0; k < n; ++k) s += l;
        for (int k = 0; k < x(i); ++k) s += x(k);
        const double list[2] = {1, 2};
        for (double value : list) s += value;
      },
      r);
  return r;
}
