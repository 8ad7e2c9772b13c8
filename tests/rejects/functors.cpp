// expect: 30:30 a functor with its own reduction (Largest::init) is not supported
// expect: 31:27 a value of type 'const std::function<void (int)>' is not supported
// expect: 32:27 the call operator of 'Bodyless' has no body here
#include <Kokkos_Core.hpp>

#include <functional>

struct Largest {
  using value_type = double;
  Kokkos::View<double*> x;
  KOKKOS_INLINE_FUNCTION void operator()(int i, double& m) const {
    if (x(i) > m) m = x(i);
  }
  KOKKOS_INLINE_FUNCTION void init(double& m) const { m = -1e30; }
  KOKKOS_INLINE_FUNCTION void join(double& m, const double& other) const {
    if (other > m) m = other;
  }
  KOKKOS_INLINE_FUNCTION void join(volatile double& m, const volatile double& other) const {
    if (other > m) m = other;
  }
};

struct Bodyless {
  Kokkos::View<double*> x;
  void operator()(int i) const;
};

double functors(Kokkos::View<double*> x, int n, const std::function<void(int)>& f) {
  double r = 0;
  Kokkos::parallel_reduce(n, Largest{x}, r);
  Kokkos::parallel_for(n, f);
  Kokkos::parallel_for(n, Bodyless{x});
  return r;
}
