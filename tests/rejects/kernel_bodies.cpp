// expect: 12:40 'r' is modified here
// expect: 13:48 a kernel index must be an integer by value
// expect: 14:29 this lambda capture is not supported
// expect: 15:18 this lambda is not known here
#include <Kokkos_Core.hpp>
inline auto make() {
  return [](double v) { return 2 * v; };
}

double kernel_bodies(Kokkos::View<double*> x, int n) {
  double r = 0;
  Kokkos::parallel_for(n, [&](int i) { r += x(i); });
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(double i) { x(int(i)) = 1; });
  Kokkos::parallel_for(n, [&v = x](int i) { v(i) = 1; });
  const auto f = make();
  return f(r);
}
