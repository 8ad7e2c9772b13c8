// expect: 15:23 a variable of type 'std::vector<double>' is not supported
// expect: 16:3 output is not supported
#include <Kokkos_Core.hpp>
#include <iostream>
#include <vector>

double host_control(Kokkos::View<double*> x, Kokkos::View<double*> y, int n) {
  double r = 1;
  if (n > 3) return 2;
  for (int i = 0; i < n; ++i) {
    if (i > 2) return 3;
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int j) { x(j) = y(j); });
  }
  while (r < 10) r *= 2;
  std::vector<double> list(3);
  std::cout << r << list[0];
}
