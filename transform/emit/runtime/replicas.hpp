// kad runtime, part 2: private copies of an adjoint, summed in a fixed order.
#ifndef KAD_RUNTIME_REPLICAS
#define KAD_RUNTIME_REPLICAS

namespace kad {

// How many tasks have a copy: one per thread on a host. A device has far more threads than memory for copies.
template <class Space>
int replicas() {
  const auto threads = Space().concurrency();
  return static_cast<int>(threads < 64 ? threads : 64);
}

// As many copies as are asked for, but not more than tasks.
template <class Space>
int replicas(int wanted) {
  const auto threads = Space().concurrency();
  const int most = threads < 1024 ? static_cast<int>(threads) : 1024;
  return wanted < 1 ? 1 : wanted < most ? wanted : most;
}

// Memory for the copies of all tasks but the first, which adds to the View itself.
template <class V>
using Slabs = Kokkos::View<typename V::non_const_value_type*, typename V::device_type>;

// Elements from one copy to the next: no two copies share a cache line.
template <class V>
KOKKOS_INLINE_FUNCTION std::size_t slab(const V& v) {
  return (v.span() + 31) / 32 * 32;
}

// The copy that a task adds to: a View like `target`.
template <class V>
using copy_type = Kokkos::View<typename V::data_type, typename V::array_layout, typename V::device_type,
                               Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
template <class V>
KOKKOS_INLINE_FUNCTION copy_type<V> copy_of(const V& target, const Slabs<V>& slabs, int replica) {
  return copy_type<V>(replica == 0 ? target.data() : slabs.data() + (replica - 1) * slab(target), target.layout());
}

// The copy of a task that shares it with no other, with zeros but for the first: its memory is near the task.
template <class V>
KOKKOS_INLINE_FUNCTION copy_type<V> own_copy_of(const V& target, const Slabs<V>& slabs, int replica) {
  const copy_type<V> copy = copy_of(target, slabs, replica);
  for (std::size_t k = 0; replica != 0 && k < copy.span(); ++k) copy.data()[k] = 0;
  return copy;
}

// target += sum over the copies, copy by copy. Gaps between the elements of a strided View hold zeros in the
// copies and stay untouched.
template <class V>
void add_copies(const V& target, const Slabs<V>& slabs) {
  const std::size_t n = target.span(), stride = slab(target);
  const std::size_t copies = stride == 0 ? 0 : slabs.extent(0) / stride;
  if (copies == 0) return;
  const auto* from = slabs.data();
  auto* to = target.data();
  Kokkos::parallel_for(
      "add private copies",
      Kokkos::RangePolicy<typename V::execution_space, Kokkos::IndexType<std::int64_t>>(0, n),
      KOKKOS_LAMBDA(const std::int64_t k) {
        auto sum = from[k];
        for (std::size_t r = 1; r < copies; ++r) sum += from[r * stride + k];
        if (sum != 0) to[k] += sum;
      });
}

}  // namespace kad
#endif
