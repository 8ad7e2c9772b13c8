// expect: 6:65 this value depends on an independent and is turned into an integer here | round it before if its derivative is 0 (std::floor, std::trunc), compute the integer from inactive data, or exclude
// expect: 11:24 this value depends on an independent and is turned into an integer here | round it before if its derivative is 0 (std::floor, std::trunc), compute the integer from inactive data, or exclude
#include <Kokkos_Core.hpp>
double through_integers(Kokkos::View<double*> x, Kokkos::View<double*> table, Kokkos::View<int*> bin, int n) {
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) { bin(i) = static_cast<int>(1000 * x(i)); });
  double r = 0;
  Kokkos::parallel_reduce(
      n,
      KOKKOS_LAMBDA(const int i, double& s) {
        const long k = x(i) * 8;
        s += k * 0.125 * table(i) + bin(i) * 0.001;
      },
      r);
  return r;
}
