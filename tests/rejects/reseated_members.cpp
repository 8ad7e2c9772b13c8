// expect: 14:16 an object with a pointer or ScatterView is given another one | make an object for each
// expect: 19:14 an object with a pointer or ScatterView is given another one | make an object for each
#include <Kokkos_Core.hpp>
#include <Kokkos_ScatterView.hpp>
using Sums = Kokkos::Experimental::ScatterView<double*>;
struct Weighted { const double* value; double factor; };
struct Holder { Sums sums; double factor; };
double reseated_members(Kokkos::View<double*> y, Kokkos::View<double*> z, Kokkos::View<const double*> x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    const double a = x(i), b = 2 * x(i) * x(i);
    Weighted w{&a, 1.0};
    const Weighted other{&b, 2.0};
    if (i % 2) w = other;
    s += *w.value * w.factor;
  }, r);
  Sums first(y), second(z);
  Holder h{first, 1.0};
  if (n > 3) h = Holder{second, 2.0};
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { h.sums.access()(i) += h.factor * x(i); });
  Kokkos::Experimental::contribute(y, first);
  return r;
}
