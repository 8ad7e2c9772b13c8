// expect: 13:3 assigning a View makes it name other data
// expect: 14:3 the function std::swap is not supported
// expect: 15:25 a View without an allocation is not supported
// expect: 16:33 this View constructor is not supported
// expect: 17:3 the function Kokkos::resize is not supported
// expect: 18:39 a variable of type 'Kokkos::View<std::complex<double> *>' is not supported
#include <Kokkos_Core.hpp>
#include <complex>
#include <utility>

double view_handling(Kokkos::View<double*> x, Kokkos::View<double*> y, int n) {
  Kokkos::View<double*> a = x;
  a = y;
  std::swap(x, y);
  Kokkos::View<double*> empty;
  Kokkos::View<double*> wrapped(x.data(), n);
  Kokkos::resize(x, n + 1);
  Kokkos::View<std::complex<double>*> z("z", n);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { a(i) = 1; });
  return 0;
}
