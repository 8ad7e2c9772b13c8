// expect: 18:27 a kernel that captures by reference is not supported
// expect: 19:27 a kernel that captures by reference is not supported
// expect: 20:27 the lambda capture [v=x] is not supported
// expect: 20:44 'v' is not a View known here
// expect: 21:27 a function object is not supported as a kernel
// expect: 22:8 a named lambda is not supported
// expect: 23:27 a function object is not supported as a kernel
// expect: 24:48 a kernel index must be an integer by value
// expect: 25:3 what this lambda captures cannot be read
#include <Kokkos_Core.hpp>
#define MY_FOR(count, body) Kokkos::parallel_for(count, [=](int i) { body; })
struct Functor {
  Kokkos::View<double*> x;
  KOKKOS_INLINE_FUNCTION void operator()(int i) const { x(i) = 1; }
};

void kernel_bodies(Kokkos::View<double*> x, Kokkos::View<double*> y, int n) {
  Kokkos::parallel_for(n, [&](int i) { x(i) = 1; });
  Kokkos::parallel_for(n, [&x](int i) { x(i) = 1; });
  Kokkos::parallel_for(n, [v = x](int i) { v(i) = 1; });
  Kokkos::parallel_for(n, Functor{x});
  auto named = KOKKOS_LAMBDA(int i) { x(i) = 1; };
  Kokkos::parallel_for(n, named);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(double i) { x(int(i)) = 1; });
  MY_FOR(n, x(i) = 1);
}
