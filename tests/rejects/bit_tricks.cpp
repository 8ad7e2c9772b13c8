// expect: 13:15 a local union is not supported
// expect: 17:14 reinterpret_cast is not supported
// expect: 18:14 the function __builtin_popcount has no body here
// expect: 18:38 const_cast is not supported
// expect: 19:9 inline assembly is not supported
// expect: 20:9 try is not supported
// expect: 24:9 throw is not supported
#include <Kokkos_Core.hpp>
double bit_tricks(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        union Bits {
          double d;
          long l;
        };
        s += reinterpret_cast<long&>(s);
        s += __builtin_popcount(i) + const_cast<double&>(x(i));
        asm("nop");
        try {
          s += 1;
        } catch (...) {
        }
        throw 1;
      },
      r);
  return r;
}
