// expect: 9:23 the pointer variable 'p' is not supported | index the View or array, or use a reference
// expect: 12:9 this construct (unary operator) is not supported | rewrite it with scalars, arrays, loops and if / else
// expect: 14:15 dereferencing this pointer is not supported | use a reference or array[index]
#include <Kokkos_Core.hpp>
double pointer_arithmetic(Kokkos::View<double*> x, Kokkos::View<double*> y, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        const double* p = i % 2 ? x.data() : y.data();
        s += p[i];
        const double* q = &x(i);
        ++q;
        s += *q;
        s += *(&x(i) + (&y(i) - &y(0)));
      },
      r);
  return r;
}
