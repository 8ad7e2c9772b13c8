// kad runtime, part 5: reductions to an extremum that remember where it comes from.
#ifndef KAD_RUNTIME_REDUCERS
#define KAD_RUNTIME_REDUCERS

namespace kad {

template <class T>
KOKKOS_INLINE_FUNCTION void keep_min(T& kept, const T& value) {
  if (value < kept) kept = value;
}
template <class T>
KOKKOS_INLINE_FUNCTION void keep_max(T& kept, const T& value) {
  if (value > kept) kept = value;
}

// A value and the number of the iteration that contributed it; -1: none did.
template <class T>
struct Located {
  T value;
  long where;
};

// The first of several equal values is kept, whichever thread saw it.
template <class T>
KOKKOS_INLINE_FUNCTION void keep_min(Located<T>& kept, const T& value, long where) {
  const bool first = value == kept.value && where >= 0 && (kept.where < 0 || where < kept.where);
  if (value < kept.value || first) kept = Located<T>{value, where};
}
template <class T>
KOKKOS_INLINE_FUNCTION void keep_max(Located<T>& kept, const T& value, long where) {
  const bool first = value == kept.value && where >= 0 && (kept.where < 0 || where < kept.where);
  if (value > kept.value || first) kept = Located<T>{value, where};
}
template <class T>
KOKKOS_INLINE_FUNCTION void keep_min(Located<T>& kept, const Located<T>& other) {
  keep_min(kept, other.value, other.where);
}
template <class T>
KOKKOS_INLINE_FUNCTION void keep_max(Located<T>& kept, const Located<T>& other) {
  keep_max(kept, other.value, other.where);
}

// Kokkos reducers; Rule says which of two values is kept.
template <class T, template <class> class Rule>
class Extremum {
 public:
  using reducer = Extremum;
  using value_type = Located<T>;
  using result_view_type = Kokkos::View<value_type, Kokkos::HostSpace, Kokkos::MemoryUnmanaged>;

  KOKKOS_INLINE_FUNCTION explicit Extremum(value_type& result) : result_(&result) {}
  KOKKOS_INLINE_FUNCTION void join(value_type& kept, const value_type& other) const { Rule<T>::join(kept, other); }
#if !defined(KOKKOS_VERSION) || KOKKOS_VERSION < 30700
  KOKKOS_INLINE_FUNCTION void join(volatile value_type& kept, const volatile value_type& other) const {
    value_type a{kept.value, kept.where};
    Rule<T>::join(a, value_type{other.value, other.where});
    kept.value = a.value;
    kept.where = a.where;
  }
#endif
  KOKKOS_INLINE_FUNCTION void init(value_type& value) const { value = value_type{Rule<T>::identity(), -1}; }
  KOKKOS_INLINE_FUNCTION value_type& reference() const { return *result_.data(); }
  KOKKOS_INLINE_FUNCTION result_view_type view() const { return result_; }
  KOKKOS_INLINE_FUNCTION bool references_scalar() const { return true; }

 private:
  result_view_type result_;
};

template <class T>
struct LeastRule {
  KOKKOS_INLINE_FUNCTION static void join(Located<T>& kept, const Located<T>& other) { keep_min(kept, other); }
  KOKKOS_INLINE_FUNCTION static T identity() { return Kokkos::reduction_identity<T>::min(); }
};
template <class T>
struct GreatestRule {
  KOKKOS_INLINE_FUNCTION static void join(Located<T>& kept, const Located<T>& other) { keep_max(kept, other); }
  KOKKOS_INLINE_FUNCTION static T identity() { return Kokkos::reduction_identity<T>::max(); }
};
template <class T>
using Least = Extremum<T, LeastRule>;
template <class T>
using Greatest = Extremum<T, GreatestRule>;

}  // namespace kad
#endif
