// expect: 14:77 a variable of type 'double *' is not supported
// expect: 15:3 a View parameter passed by reference is given other memory
// expect: 17:50 which View 'empty' is cannot be told: it has no allocation
// expect: 18:18 this View constructor is not supported
// expect: 19:26 the order of the elements of this View depends on the backend
// expect: 20:30 this View constructor is not supported
// expect: 24:63 which View 'last' is cannot be told: it is made in an earlier iteration of a loop
// expect: 27:3 a View of rank 1 is allocated with 2 extent(s)
#include <Kokkos_Core.hpp>
#include <utility>

using Vector = Kokkos::View<double*>;

double view_handling(Vector& x, Vector y, Kokkos::View<double**> m, double* p, int n) {
  std::swap(x, y);
  Vector empty;
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { empty(i) = 1; });
  Vector wrapped(p, n);
  Kokkos::View<double**> rows(y.data(), n / 2, 2);
  Kokkos::View<double*> flat(m.data(), n);
  Vector last = y;
  for (int t = 0; t < n; ++t) {
    Vector fresh("fresh", n);
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { fresh(i) = last(i); });
    last = fresh;
  }
  Kokkos::resize(y, n, n);
  return 0;
}
