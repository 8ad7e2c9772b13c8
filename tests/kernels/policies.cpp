// Execution policies: ranks 4 to 6, and what changes how they run but not what they compute.
#include <Kokkos_Core.hpp>

void grid_of_four(Kokkos::View<const double****> u, Kokkos::View<double****> v) {
  Kokkos::parallel_for(
      "rank 4", Kokkos::MDRangePolicy<Kokkos::Rank<4>>({0, 0, 0, 0}, {u.extent(0), u.extent(1), u.extent(2), u.extent(3)}),
      KOKKOS_LAMBDA(const int i, const int j, const int k, const int l) { v(i, j, k, l) += u(i, j, k, l) * v(i, j, k, l); });
}

double grid_of_five(Kokkos::View<const double*****> u, Kokkos::View<const double*> w) {
  double r = 0;
  Kokkos::parallel_reduce(
      Kokkos::MDRangePolicy<Kokkos::Rank<5>, Kokkos::IndexType<int>>(
          {0, 0, 0, 0, 0}, {static_cast<int>(u.extent(0)), static_cast<int>(u.extent(1)), static_cast<int>(u.extent(2)),
                            static_cast<int>(u.extent(3)), static_cast<int>(u.extent(4))}),
      KOKKOS_LAMBDA(const int i, const int j, const int k, const int l, const int m, double& s) {
        s += w(i) * u(i, j, k, l, m) * u(i, j, k, l, m) * w(m);
      },
      r);
  return r;
}

void grid_of_six(Kokkos::View<const double******> u, Kokkos::View<double**> v) {
  Kokkos::MDRangePolicy<Kokkos::Rank<6, Kokkos::Iterate::Right, Kokkos::Iterate::Right>> all(
      {0, 0, 0, 0, 0, 0}, {u.extent(0), u.extent(1), u.extent(2), u.extent(3), u.extent(4), u.extent(5)});
  Kokkos::parallel_for(all, KOKKOS_LAMBDA(const int i, const int j, const int k, const int l, const int m, const int n) {
    const double e = u(i, j, k, l, m, n);
    Kokkos::atomic_add(&v(i, n), e * e);
  });
}

struct Scale {};
struct Square {};

struct Steps {
  Kokkos::View<double*> v;
  double a;
  KOKKOS_INLINE_FUNCTION void operator()(Scale, const int i) const { v(i) *= a; }
  KOKKOS_INLINE_FUNCTION void operator()(const Square&, const int i) const { v(i) *= v(i); }
};

// schedules, bounds, chunks, execution-space instances and tags
void tuned(Kokkos::View<double*> v, double a) {
  const int n = v.extent(0);
  const Steps steps{v, a};
  const Kokkos::DefaultExecutionSpace space;
  Kokkos::parallel_for(Kokkos::RangePolicy<Kokkos::Schedule<Kokkos::Dynamic>, Kokkos::LaunchBounds<128, 2>, Scale>(0, n), steps);
  Kokkos::parallel_for("squares", Kokkos::RangePolicy<Square>(space, 1, n - 1, Kokkos::ChunkSize(2)), steps);
  Kokkos::parallel_for(Kokkos::RangePolicy<Kokkos::DefaultExecutionSpace, Kokkos::Schedule<Kokkos::Static>>(space, 0, n),
                       KOKKOS_LAMBDA(const int i) { Kokkos::atomic_fetch_add(&v(i), a * a); });
  space.fence();
}

// Bounds that local arrays hold.
void bounds_in_arrays(Kokkos::View<const double**> u, Kokkos::View<double**> v) {
  const Kokkos::Array<int64_t, 2> lower{0, 1};
  const Kokkos::Array<int64_t, 2> upper{int64_t(u.extent(0)), int64_t(u.extent(1)) - 1};
  using Policy = Kokkos::MDRangePolicy<Kokkos::Rank<2>>;
  Kokkos::parallel_for("inside", Policy(lower, upper), KOKKOS_LAMBDA(const int i, const int j) {
    v(i, j) = u(i, j) * (u(i, j + 1) - u(i, j - 1));
  });
}

// How many threads there are only says how large a chunk is.
void chunk_for_each_thread(Kokkos::View<double*> y, Kokkos::View<const double*> x, int n) {
  const int threads = Kokkos::DefaultExecutionSpace().concurrency();
  Kokkos::RangePolicy<> policy(0, n);
  policy.set_chunk_size(n / threads + 1);
  Kokkos::parallel_for(policy, KOKKOS_LAMBDA(int i) { y(i) += x(i) * x(n - 1 - i); });
}
