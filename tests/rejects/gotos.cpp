// expect: 11:7 a label is not supported | use loops and if / else
// expect: 13:20 goto is not supported | use loops and if / else
// expect: 17:14 goto is not supported | use loops and if / else
// expect: 19:1 a label is not supported | use loops and if / else
#include <Kokkos_Core.hpp>
double gotos(Kokkos::View<double*> x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        double t = x(i);
      again:
        t *= 0.5;
        if (t > 1) goto again;
        s += t;
      },
      r);
  if (r > 1) goto done;
  r *= 2;
done:
  return r;
}
