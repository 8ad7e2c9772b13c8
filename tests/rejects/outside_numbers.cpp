// expect: 15:13 the static variable 'calls' keeps its value between calls, and a result depends on it
// expect: 17:3 a result depends on a measured time
#include <Kokkos_Core.hpp>

double outside_numbers(Kokkos::View<double*> x) {
  static int quiet = 0;
  static double calls = 1;
  Kokkos::Timer timer;
  quiet++;
  double r = 0;
  Kokkos::parallel_reduce(x.extent(0), KOKKOS_LAMBDA(const int i, double& s) { s += x(i) * x(i); }, r);
  const double unused = timer.seconds();
  (void)unused;
  timer.reset();
  r *= 2 * (calls + 1);
  calls = r;
  r += timer.seconds();
  return r;
}
