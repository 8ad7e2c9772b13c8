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

}  // namespace kad
#endif
