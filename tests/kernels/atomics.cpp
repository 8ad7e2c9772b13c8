// Sums that iterations share in the primal: ScatterViews, Views whose elements are updated atomically.

#include <Kokkos_Core.hpp>
#include <Kokkos_ScatterView.hpp>

using Vector = Kokkos::View<double*>;
using Matrix = Kokkos::View<double**>;
using In = Kokkos::View<const double*>;
using Index = Kokkos::View<const int*>;

void scatter(Vector y, In x, Index idx, double a, int n) {
  Kokkos::Experimental::ScatterView<double*> s(y);
  Kokkos::parallel_for("scatter", n, KOKKOS_LAMBDA(int i) {
    auto access = s.access();
    access(idx(i)) += a * x(i) * x(i);
    access(i) -= x(idx(i));
  });
  Kokkos::Experimental::contribute(y, s);
}

// The forces of every step, into a matrix that starts with something.
void scatter_loop(Matrix f, Vector u, Index idx, double dt, int n, int steps) {
  auto scattered = Kokkos::Experimental::create_scatter_view(f);
  for (int k = 0; k < steps; ++k) {
    Kokkos::deep_copy(f, 0.1);
    Kokkos::parallel_for("forces", n, KOKKOS_LAMBDA(const int i) {
      auto a = scattered.access();
      const double force = (u(i) - u(idx(i))) * u(i);
      a(i, 0) += force;
      a(idx(i), 0) -= force;
      a(idx(i), 1).update(0.5 * force * force);
    });
    Kokkos::Experimental::contribute(f, scattered);
    scattered.reset_except(f);
    Kokkos::parallel_for("move", n, KOKKOS_LAMBDA(int i) { u(i) += dt * f(i, 0) * f(i, 1); });
  }
}

double scatter_to_another(Vector y, In x, Index idx, int n) {
  Vector t("t", n);
  Kokkos::Experimental::ScatterView<double*> s(t);
  Kokkos::parallel_for("scatter", n, KOKKOS_LAMBDA(int i) { s.access()(idx(i)) += x(i) * x(i); });
  Kokkos::Experimental::contribute(y, s);
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) { sum += y(i) * y(i) * x(i); }, r);
  return r;
}

using Atomic = Kokkos::View<double**, Kokkos::MemoryTraits<Kokkos::Atomic>>;

void half_neighbours(Matrix f, Vector u, Kokkos::View<const int**> neighbour, int n, int m) {
  Atomic shared = f;
  Kokkos::parallel_for("forces", n, KOKKOS_LAMBDA(const int i) {
    for (int k = 0; k < m; ++k) {
      const int j = neighbour(i, k);
      const double force = (u(i) - u(j)) * (u(i) - u(j)) * u(i);
      shared(i, 0) += force;
      shared(j, 0) -= force;
      shared(j, 1)++;
    }
  });
}

void atomic_parameter(Atomic f, Vector u, Index idx, int n) {
  Kokkos::parallel_for("add", n, KOKKOS_LAMBDA(const int i) { f(idx(i), 1) -= u(i) * u(idx(i)); });
}

// ScatterViews and accesses to them as arguments of functions; contributed by a member function, twice.
using Sums = Kokkos::Experimental::ScatterView<double*>;

template <class Access>
KOKKOS_INLINE_FUNCTION void put(const Access& access, int i, double value) {
  access(i) += value * value;
}

inline void add_squares(Sums sums, In x, Index idx, int n) {
  Kokkos::parallel_for("squares", n, KOKKOS_LAMBDA(int i) {
    auto access = sums.access();
    put(access, idx(i), x(i));
  });
}

template <class Scattered>
inline void add_products(const Scattered& sums, In x, Index idx, int n) {
  Kokkos::parallel_for("products", n, KOKKOS_LAMBDA(int i) { sums.access()(i) += x(i) * x(idx(i)); });
}

void scatter_in_functions(Vector y, In x, Index idx, int n) {
  auto sums = Kokkos::Experimental::create_scatter_view(y);
  add_squares(sums, x, idx, n);
  add_products(sums, x, idx, n);
  sums.contribute_into(y);
  sums.reset_except(y);
  Kokkos::parallel_for("scale", n, KOKKOS_LAMBDA(int i) { y(i) *= x(i); });
  add_squares(sums, x, idx, n);
  sums.contribute_into(y);
}

// ScatterViews as members of functors and of local objects.
struct AddCubes {
  Sums sums;
  In x;
  Index idx;
  AddCubes(const Sums& s, In from, Index to) : sums(s), x(from), idx(to) {}
  KOKKOS_INLINE_FUNCTION void operator()(int i) const {
    auto access = sums.access();
    access(idx(i)) += x(i) * x(i) * x(i);
  }
};

struct Scattered {
  Sums first, second;
  double factor;
};

void scatter_in_members(Vector y, Vector z, In x, Index idx, int n) {
  Sums sums(y), others(z);
  Kokkos::parallel_for("cubes", n, AddCubes(sums, x, idx));
  const Scattered both{sums, others, 0.5};
  Kokkos::parallel_for("both", n, KOKKOS_LAMBDA(int i) {
    both.first.access()(i) += both.factor * x(i);
    put(both.second.access(), idx(i), x(i));
  });
  Kokkos::Experimental::contribute(y, both.first);
  Kokkos::Experimental::contribute(z, others);
}
