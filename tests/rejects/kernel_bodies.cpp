// expect: 17:40 'r' is modified here
// expect: 18:27 a function object is not supported as a kernel
// expect: 19:48 a kernel index must be an integer by value
// expect: 20:29 this lambda capture is not supported
// expect: 21:18 this lambda is not known here
#include <Kokkos_Core.hpp>
struct Functor {
  Kokkos::View<double*> x;
  KOKKOS_INLINE_FUNCTION void operator()(int i) const { x(i) = 1; }
};
inline auto make() {
  return [](double v) { return 2 * v; };
}

double kernel_bodies(Kokkos::View<double*> x, int n) {
  double r = 0;
  Kokkos::parallel_for(n, [&](int i) { r += x(i); });
  Kokkos::parallel_for(n, Functor{x});
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(double i) { x(int(i)) = 1; });
  Kokkos::parallel_for(n, [&v = x](int i) { v(i) = 1; });
  const auto f = make();
  return f(r);
}
