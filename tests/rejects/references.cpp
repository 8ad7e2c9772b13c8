// expect: 16:21 a reference to a choice of variables is passed to 'shift', which has side effects
// expect: 17:23 a reference to a choice of variables is not supported
// expect: 18:26 this construct (conditional operator) is not supported
#include <Kokkos_Core.hpp>
#include <algorithm>
constexpr double r0 = 2;
KOKKOS_INLINE_FUNCTION void shift(double& target, const double& source) {
  target *= 2;
  target += source;
}

double references(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        shift(x(i), i > 1 ? x(i - 1) : x(i));
        const double& larger = std::max(x(i), r0);
        double& chosen = i > 1 ? x(i) : x(0);
        const int& converted = 2 * i;
        double& other = x(i);
        other = larger + chosen + converted;
        s += other;
      },
      r);
  return r;
}
