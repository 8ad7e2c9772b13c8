// expect: 15:8 the private reference behind 's.rates.x' has no name outside its class
#include <Kokkos_Core.hpp>
struct Rates {
  Kokkos::View<double*> x;
};
class Secret {
  const Rates& rates;
 public:
  explicit Secret(const Rates& given) : rates(given), a(0), c{0, 0} {}
  double a;
  double c[2];
  KOKKOS_INLINE_FUNCTION double at(int i) const { return rates.x(i); }
};

double object_parameters(Secret& s, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) { sum += s.at(i); }, r);
  s.a += r;
  s.c[0] = r;
  return r;
}
