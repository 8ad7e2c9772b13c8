// expect: 11:9 the accumulator of a parallel_reduce is overwritten
// expect: 12:9 the accumulator of a parallel_reduce is overwritten
// expect: 13:28 the accumulator of a parallel_reduce is read
// expect: 14:13 the accumulator of a parallel_reduce is read
// expect: 15:20 the accumulator of a parallel_reduce is read
#include <Kokkos_Core.hpp>
double accumulator_use(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        s = 1;
        s *= 2;
        const double now = s;
        if (s > 3) x(i) = 1;
        s += now + s;
      },
      r);
  return r;
}
