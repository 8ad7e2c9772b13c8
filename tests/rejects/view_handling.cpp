// expect: 15:3 assigning a View makes it name other data
// expect: 16:3 the function std::swap is not supported
// expect: 17:25 a View without an allocation is not supported
// expect: 18:33 this View constructor is not supported
// expect: 19:3 the function Kokkos::resize is not supported
// expect: 20:17 the function Kokkos::create_mirror_view is not supported
// expect: 21:39 a variable of type 'Kokkos::View<std::complex<double> *>' is not supported
// expect: 22:3 deep_copy with an execution space is not supported
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
  auto mirror = Kokkos::create_mirror_view(x);
  Kokkos::View<std::complex<double>*> z("z", n);
  Kokkos::deep_copy(Kokkos::DefaultExecutionSpace(), x, y);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { a(i) = mirror(i); });
  return 0;
}
