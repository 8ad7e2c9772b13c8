// expect: 12:14 the member function View::stride is not supported
// expect: 12:28 extent needs a constant dimension below the rank 2
// expect: 12:42 extent needs a constant dimension below the rank 2
// expect: 13:14 the member function basic_string::size is not supported
// expect: 14:30 the member function View::is_allocated is not supported
#include <Kokkos_Core.hpp>
double view_access(Kokkos::View<double**> A, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        s += A(i, 0) + A.access(i, 0);
        s += A.stride(0) + A.extent(i) + A.extent(2);
        s += A.label().size();
        const double total = A.is_allocated() ? 1 : 2;
        s += total;
      },
      r);
  return r;
}
