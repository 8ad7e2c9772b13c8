// expect: 14:3 a View parameter passed by reference is given other memory
// expect: 16:50 which View 'empty' is cannot be told: it has no allocation
// expect: 17:18 this View constructor is not supported
// expect: 18:26 the order of the elements of this View depends on the backend
// expect: 19:30 this View constructor is not supported
// expect: 23:63 which View 'last' is cannot be told: it is made in an earlier iteration of a loop
// expect: 26:3 a View of rank 1 is allocated with 2 extent(s)
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
