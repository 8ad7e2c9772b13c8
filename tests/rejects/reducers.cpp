// expect: 12:81 this kernel does more with its accumulator than a max may
// expect: 14:27 this kernel does more with its accumulator than a max may
// expect: 20:6 this kernel does more with its accumulator than a max may
// expect: 21:77 this kernel does more with its accumulator than a max may
// expect: 23:27 this kernel does more with its accumulator than a max may
// expect: 24:82 this kernel does more with its accumulator than a product may
// expect: 30:6 this kernel does more with its accumulator than a max may
// expect: 31:3 the function Kokkos::parallel_scan is not supported
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
  Kokkos::parallel_scan(n, KOKKOS_LAMBDA(int i, double& s, bool last) { s += x(i); if (last) y(i) = s; });
  return r;
}
