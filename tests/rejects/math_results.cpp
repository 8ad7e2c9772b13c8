// expect: 12:14 modf sets a variable and is called inside an expression | its own statement
// expect: 13:10 remquo is not supported | use remainder(x, y)
// expect: 14:29 this pointer argument is not supported | pass &x of a scalar
#include <Kokkos_Core.hpp>
#include <cmath>
double math_results(Kokkos::View<const double*> x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    double whole;
    double parts[2] = {0, 0};
    int quotient;
    s += 2 * std::modf(x(i), &whole);
    s += std::remquo(x(i), 0.3, &quotient);
    whole = std::modf(x(i), parts);
    s += whole;
  }, r);
  return r;
}
