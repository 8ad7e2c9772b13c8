// expect: 8:9 inline assembly is not supported | write the operation in C++
#include <Kokkos_Core.hpp>
double inline_assembly(Kokkos::View<double*> x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        double t = x(i);
        asm volatile("" : "+x"(t));
        s += t;
      },
      r);
  return r;
}
