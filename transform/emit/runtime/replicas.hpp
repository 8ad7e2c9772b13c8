// kad runtime, part 2: private copies of an adjoint, summed in a fixed order.
#ifndef KAD_RUNTIME_REPLICAS
#define KAD_RUNTIME_REPLICAS

namespace kad {

// How many private copies: one per thread on a host. A device has far more threads than memory for copies.
template <class Space>
int replicas() {
  const auto threads = Space().concurrency();
  return static_cast<int>(threads < 64 ? threads : 64);
}

namespace detail {

template <class V, std::size_t Rank>
struct with_replicas;
#define KAD_WITH_REPLICAS(RANK, STARS)                                                                 \
  template <class V>                                                                                   \
  struct with_replicas<V, RANK> {                                                                      \
    using type =                                                                                       \
        Kokkos::View<typename V::non_const_value_type STARS, Kokkos::LayoutRight, typename V::device_type>; \
  };
KAD_WITH_REPLICAS(0, *)
KAD_WITH_REPLICAS(1, **)
KAD_WITH_REPLICAS(2, ***)
KAD_WITH_REPLICAS(3, ****)
KAD_WITH_REPLICAS(4, *****)
KAD_WITH_REPLICAS(5, ******)
KAD_WITH_REPLICAS(6, *******)
KAD_WITH_REPLICAS(7, ********)
#undef KAD_WITH_REPLICAS

// The element of a View at position k of its elements in row-major order.
template <class V, std::size_t... D>
KOKKOS_INLINE_FUNCTION typename V::reference_type at(const V& v, std::size_t k, std::index_sequence<D...>) {
  std::size_t index[sizeof...(D) + 1] = {};
  for (int d = static_cast<int>(sizeof...(D)) - 1; d >= 0; --d) {
    index[d] = k % v.extent(d);
    k /= v.extent(d);
  }
  return v(index[D]...);
}

template <class V>
bool row_major(const V& v) {
  if (!v.span_is_contiguous()) return false;
  std::size_t expected = 1;
  for (int d = static_cast<int>(V::rank) - 1; d >= 0; --d) {
    if (v.extent(d) > 1 && static_cast<std::size_t>(v.stride(d)) != expected) return false;
    expected *= v.extent(d);
  }
  return true;
}

}  // namespace detail

// V with one more dimension in front, the replica.
template <class V>
using replicas_of = typename detail::with_replicas<V, static_cast<std::size_t>(V::rank)>::type;

// target += sum over replicas, element by element, replica by replica.
template <class V, class R>
void add_replicas(const V& target, const R& replica) {
  using Space = typename V::execution_space;
  const std::size_t n = target.size();
  const int count = static_cast<int>(replica.extent(0));
  const auto* from = replica.data();
  if (detail::row_major(target)) {
    auto* to = target.data();
    Kokkos::parallel_for(
        "add replicas", Kokkos::RangePolicy<Space>(0, n), KOKKOS_LAMBDA(const std::size_t k) {
          auto sum = from[k];
          for (int r = 1; r < count; ++r) sum += from[r * n + k];
          to[k] += sum;
        });
  } else {
    Kokkos::parallel_for(
        "add replicas", Kokkos::RangePolicy<Space>(0, n), KOKKOS_LAMBDA(const std::size_t k) {
          auto sum = from[k];
          for (int r = 1; r < count; ++r) sum += from[r * n + k];
          detail::at(target, k, std::make_index_sequence<static_cast<std::size_t>(V::rank)>()) += sum;
        });
  }
}

}  // namespace kad
#endif
