// kad runtime: several sums as one reduction.
#ifndef KAD_RUNTIME_SUMS
#define KAD_RUNTIME_SUMS

namespace kad {

template <class T, int N>
struct Sums {
  T sum[N] = {};
  KOKKOS_INLINE_FUNCTION T& operator[](std::int64_t k) { return sum[k]; }
  KOKKOS_INLINE_FUNCTION const T& operator[](std::int64_t k) const { return sum[k]; }
  KOKKOS_INLINE_FUNCTION Sums& operator+=(const Sums& other) {
    for (int k = 0; k < N; ++k) sum[k] += other.sum[k];
    return *this;
  }
  KOKKOS_INLINE_FUNCTION void operator+=(const volatile Sums& other) volatile {
    for (int k = 0; k < N; ++k) sum[k] = sum[k] + other.sum[k];
  }
};

// A Kokkos reducer for them.
template <class S>
class Total {
 public:
  using reducer = Total;
  using value_type = S;
  using result_view_type = Kokkos::View<value_type, Kokkos::HostSpace, Kokkos::MemoryUnmanaged>;

  KOKKOS_INLINE_FUNCTION explicit Total(value_type& result) : result_(&result) {}
  KOKKOS_INLINE_FUNCTION void join(value_type& kept, const value_type& other) const { kept += other; }
#if !defined(KOKKOS_VERSION) || KOKKOS_VERSION < 30700
  KOKKOS_INLINE_FUNCTION void join(volatile value_type& kept, const volatile value_type& other) const { kept += other; }
#endif
  KOKKOS_INLINE_FUNCTION void init(value_type& value) const { value = value_type(); }
  KOKKOS_INLINE_FUNCTION value_type& reference() const { return *result_.data(); }
  KOKKOS_INLINE_FUNCTION result_view_type view() const { return result_; }
  KOKKOS_INLINE_FUNCTION bool references_scalar() const { return true; }

 private:
  result_view_type result_;
};

// Whether host threads run the kernels of a space.
template <class Space>
constexpr bool on_host = Kokkos::SpaceAccessibility<Kokkos::HostSpace, typename Space::memory_space>::accessible;

// Among how many tasks the iterations of [lo, hi) are dealt out: as many as run at once.
template <class Space, class I>
int tasks(I lo, I hi) {
  const std::int64_t length = hi > lo ? static_cast<std::int64_t>(hi - lo) : 0;
  const std::int64_t threads = static_cast<std::int64_t>(Space().concurrency());
  return static_cast<int>(length < threads ? length : threads);
}

// The iterations of one task. Threads of a host take neighbours, for their caches; those of a device take turns, for
// neighbouring threads to read neighbouring elements.
template <class I>
struct Turns {
  I begin, end, step;
};
template <class I>
struct Neighbours {
  I begin, end;
  static constexpr I step = 1;
};
template <class Space, class I>
KOKKOS_INLINE_FUNCTION auto deal(I lo, I hi, int task, int tasks) {
  if constexpr (on_host<Space>) {
    const Part<I> part = chunk(lo, hi, task, tasks);
    return Neighbours<I>{part.begin, part.end};
  } else {
    const bool overflows = hi > lo && hi > Kokkos::reduction_identity<I>::min() - static_cast<I>(tasks);
    if (overflows) {
      const Part<I> part = chunk(lo, hi, task, tasks);
      return Turns<I>{part.begin, part.end, 1};
    }
    return Turns<I>{static_cast<I>(lo + static_cast<I>(task)), hi, static_cast<I>(tasks)};
  }
}

}  // namespace kad
#endif
