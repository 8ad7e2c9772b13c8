// expect: 19:15 dereferencing this pointer is not supported
// expect: 20:20 this pointer argument is not supported
// expect: 20:38 this pointer argument is not supported
// expect: 22:29 dereferencing this pointer is not supported
// expect: 23:17 the pointer variable 'heap' is not supported
// expect: 24:9 delete is not supported
// expect: 25:9 'p' is not a scalar variable of the function
// expect: 25:13 a pointer is not supported here
#include <Kokkos_Core.hpp>
KOKKOS_INLINE_FUNCTION double total(const double* values) { return values[0] + values[1]; }

double pointers(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        double a[3] = {1, 2, 3};
        double* p = a;
        const double* q = &x(i);
        s += *(a + 1) + p[1] + *q + a[0];
        s += total(x.data()) + total(a + 1);
        double J[2][2] = {};
        s += total(J[1]) + *reinterpret_cast<double*>(&a[0]);
        double* heap = new double[3];
        delete[] heap;
        p = &a[1];
      },
      r);
  return r;
}
