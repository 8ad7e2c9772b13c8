// kad runtime: iterations dealt out among tasks.
#ifndef KAD_RUNTIME_TASKS
#define KAD_RUNTIME_TASKS

namespace kad {

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
template <class I>
KOKKOS_INLINE_FUNCTION Turns<I> turns(I lo, I hi, int task, int tasks) {
  if (hi > Kokkos::reduction_identity<I>::min() - static_cast<I>(tasks)) {  // the index would overflow
    const Part<I> part = chunk(lo, hi, task, tasks);
    return {part.begin, part.end, 1};
  }
  return {static_cast<I>(lo + static_cast<I>(task)), hi, static_cast<I>(tasks)};
}
template <class Space, class I>
KOKKOS_INLINE_FUNCTION auto deal(I lo, I hi, int task, int tasks) {
  if constexpr (on_host<Space>) {
    const Part<I> part = chunk(lo, hi, task, tasks);
    return Neighbours<I>{part.begin, part.end};
  } else {
    return turns(lo, hi, task, tasks);
  }
}

}  // namespace kad
#endif
