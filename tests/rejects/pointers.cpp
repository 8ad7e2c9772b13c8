// expect: 18:17 the pointer variable 'p' is not supported
// expect: 19:23 the pointer variable 'q' is not supported
// expect: 20:14 dereferencing this pointer is not supported
// expect: 21:20 this pointer argument is not supported
// expect: 21:38 this pointer argument is not supported
// expect: 23:20 this pointer argument is not supported
// expect: 23:28 dereferencing this pointer is not supported
// expect: 24:17 the pointer variable 'heap' is not supported
// expect: 25:9 delete is not supported
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
      },
      r);
  return r;
}
