// expect: 10:14 the member function View::stride is not supported
// expect: 10:28 the member function View::span is not supported
// expect: 11:14 the member function basic_string::size is not supported
#include <Kokkos_Core.hpp>
double view_access(Kokkos::View<double**> A, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        s += A(i, 0) + A.access(i, 0);
        s += A.stride(0) + A.span();
        s += A.label().size();
      },
      r);
  return r;
}
