// expect: 11:8 the array 's_c' of the caller is changed
// expect: 11:8 the member 's.x' that is used is not public
#include <Kokkos_Core.hpp>
class Secret {
  Kokkos::View<double*> x;
 public:
  double a;
  double c[2];
  KOKKOS_INLINE_FUNCTION double at(int i) const { return x(i); }
};
double object_parameters(Secret& s, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) { sum += s.at(i); }, r);
  s.a += r;
  s.c[0] = r;
  return r;
}
