// expect: 11:39 iterations of this parallel region may write the same element of 'y' | or use Kokkos::atomic_add
// expect: 13:39 iterations of this parallel region may write the same element of 'y' | or use Kokkos::atomic_add
// expect: 15:39 iterations of this parallel region may write the same element of 'y' | or use Kokkos::atomic_add
// expect: 17:39 one iteration writes an element of 'y' that another may read (the other access is at line 17) | read from one View and write to another
// expect: 20:49 iterations of this parallel region may write the same element of 'a' | or use Kokkos::atomic_add
// expect: 23:49 iterations of this parallel region may write the same element of 'y' | or use Kokkos::atomic_add
// expect: 25:39 iterations of this parallel region may write the same element of 'y' | or use Kokkos::atomic_add
#include <Kokkos_Core.hpp>
void data_races(Kokkos::View<double*> x, Kokkos::View<double*> y, Kokkos::View<double**> a, int n, int m) {
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) { y(0) += x(i); });
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) { y(i / 2) = x(i); });
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) { y(i % m) = 2 * x(i); });
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) { y(i) = y(i + 1) * x(i); });
  Kokkos::parallel_for(
      Kokkos::MDRangePolicy<Kokkos::Rank<2>>({0, 0}, {n, m}),
      KOKKOS_LAMBDA(const int i, const int j) { a(i + j, 0) = x(i) * x(j); });
  Kokkos::parallel_for(
      Kokkos::MDRangePolicy<Kokkos::Rank<2>>({0, 0}, {n, m}),
      KOKKOS_LAMBDA(const int i, const int j) { y(i) += a(i, j); });
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) { y(i * i - m * i) = x(i); });
}
