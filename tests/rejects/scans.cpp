// expect: 9:3 the body of a parallel_scan does more with its partial sum than to add to it
// expect: 15:5 an increment in both passes of a parallel_scan is carried out twice
// expect: 17:3 the body of a parallel_scan does more with its partial sum than to add to it
// expect: 21:3 the body of a parallel_scan does more with its partial sum than to add to it
// expect: 25:3 the body of a parallel_scan does more with its partial sum than to add to it
#include <Kokkos_Core.hpp>
double scans(Kokkos::View<double*> x, Kokkos::View<double*> y, int n) {
  double r = 0;
  Kokkos::parallel_scan(n, KOKKOS_LAMBDA(int i, double& s, bool last) {
    s += x(i);
    y(i) = s;
  });
  Kokkos::parallel_scan(n, KOKKOS_LAMBDA(int i, double& s, bool last) {
    s += x(i);
    y(i) += 1;
  });
  Kokkos::parallel_scan(n, KOKKOS_LAMBDA(int i, double& s, bool last) {
    s = 0.5 * s + x(i);
    if (last) y(i) = s;
  });
  Kokkos::parallel_scan(n, KOKKOS_LAMBDA(int i, double& s, bool last) {
    if (last) x(i) = s;
    s += x(i);
  });
  Kokkos::parallel_scan(n, KOKKOS_LAMBDA(int i, double& s, bool last) {
    s = fmax(s, x(i));
    if (last) y(i) = s;
  });
  return r;
}
