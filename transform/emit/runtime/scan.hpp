// kad runtime, part 6: sums of the elements before or after each element.
#ifndef KAD_RUNTIME_SCAN
#define KAD_RUNTIME_SCAN

namespace kad {
namespace detail {

template <class V>
typename V::non_const_value_type scan(const V& v, typename V::non_const_value_type start, bool backward) {
  using T = typename V::non_const_value_type;
  const std::int64_t n = static_cast<std::int64_t>(v.extent(0));
  T sum = 0;
  if (n == 0) return start;
  Kokkos::parallel_scan(
      backward ? "suffix sum" : "prefix sum",
      Kokkos::RangePolicy<typename V::execution_space, Kokkos::IndexType<std::int64_t>>(0, n),
      KOKKOS_LAMBDA(const std::int64_t i, T& before, const bool last) {
        const std::int64_t k = backward ? n - 1 - i : i;
        const T own = v(k);
        if (last) v(k) = start + before;
        before += own;
      },
      sum);
  return start + sum;
}

}  // namespace detail

// v(i) = start + the sum of what stood before i; returns start + the sum of everything.
template <class V>
typename V::non_const_value_type prefix_sum(const V& v, typename V::non_const_value_type start) {
  return detail::scan(v, start, false);
}

// v(i) = start + the sum of what stood after i; returns start + the sum of everything.
template <class V>
typename V::non_const_value_type suffix_sum(const V& v, typename V::non_const_value_type start) {
  return detail::scan(v, start, true);
}

}  // namespace kad
#endif
