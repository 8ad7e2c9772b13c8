// expect: 11:14 the result of an atomic update depends on the schedule
// expect: 12:9 the function Kokkos::atomic_exchange is not supported
// expect: 13:9 the function Kokkos::atomic_fetch_max is not supported
// expect: 15:28 this atomic update is not of a View element
// expect: 17:28 this atomic update is not of a View element
#include <Kokkos_Core.hpp>
double atomics(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        s += Kokkos::atomic_fetch_add(&x(i), 1.0);
        Kokkos::atomic_exchange(&x(i), 1.0);
        Kokkos::atomic_fetch_max(&x(i), 1.0);
        double local = 1;
        Kokkos::atomic_add(&local, 1.0);
        double* p = &local;
        Kokkos::atomic_add(p, 1.0);
      },
      r);
  return r;
}
