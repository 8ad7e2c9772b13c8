// Functions to differentiate that are not plain free functions: `--function` names them.
#include <Kokkos_Core.hpp>

namespace model {
template <class T>
T weighted(Kokkos::View<const T*> x, T a) {
  T s = 0;
  Kokkos::parallel_reduce("weighted", x.extent(0), KOKKOS_LAMBDA(const int i, T& sum) { sum += a * x(i) * x(i); }, s);
  return s;
}

template <int N, class V>
void repeated(V y, V x) {
  for (int k = 0; k < N; ++k)
    Kokkos::parallel_for("repeated", x.extent(0), KOKKOS_LAMBDA(const int i) { y(i) += (k + 1) * y(i) * x(i); });
}
}  // namespace model
