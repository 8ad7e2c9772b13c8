// expect: 11:81 this kernel does more with its accumulator than a max may
// expect: 13:27 this kernel does more with its accumulator than a max may
// expect: 19:6 this kernel does more with its accumulator than a max may
// expect: 20:77 this kernel does more with its accumulator than a max may
// expect: 22:27 this kernel does more with its accumulator than a max may
// expect: 23:82 this kernel does more with its accumulator than a product may
// expect: 29:6 this kernel does more with its accumulator than a max may
#include <Kokkos_Core.hpp>
double reducers(Kokkos::View<double*> x, Kokkos::View<double*> y, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& m) { m = m + x(i); }, Kokkos::Max<double>(r));
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& m) { m = x(i) < m ? x(i) : m; },
                          Kokkos::Max<double>(r));
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& m) {
    if (x(i) > m) {
      m = x(i);
      y(i) = 1;
    }
  }, Kokkos::Max<double>(r));
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& m) { m = x(i); }, Kokkos::Max<double>(r));
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& m) { if (x(i) > m + 1) m = x(i); },
                          Kokkos::Max<double>(r));
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& p) { p *= p * x(i); }, Kokkos::Prod<double>(r));
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& m) {
    for (int k = 0; k < n; ++k) {
      if (m > 3) x(i) += 1;
    }
    m = fmax(m, x(i));
  }, Kokkos::Max<double>(r));
  return r;
}
