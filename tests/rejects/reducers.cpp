// expect: 10:92 the reducer Kokkos::Max is not supported
// expect: 11:78 the reducer Kokkos::Prod is not supported
// expect: 12:78 the reduction result Kokkos::View is not supported
// expect: 13:78 the result of a reduction must be a scalar variable
// expect: 14:3 the function Kokkos::parallel_scan is not supported
#include <Kokkos_Core.hpp>
double reducers(Kokkos::View<double*> x, Kokkos::View<double*> y, int n) {
  double r = 0, list[2] = {};
  Kokkos::View<double> result("result");
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s = x(i) > s ? x(i) : s; }, Kokkos::Max<double>(r));
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s *= x(i); }, Kokkos::Prod<double>(r));
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += x(i); }, result);
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += x(i); }, list[1]);
  Kokkos::parallel_scan(n, KOKKOS_LAMBDA(int i, double& s, bool last) { s += x(i); if (last) y(i) = s; });
  return r;
}
