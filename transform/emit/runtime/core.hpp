// kad runtime, part 1: names that every generated gradient uses.
#ifndef KAD_RUNTIME_CORE
#define KAD_RUNTIME_CORE
#include <Kokkos_Core.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace kad {

// Mathematical functions that work on host and device.
#if defined(KOKKOS_VERSION) && KOKKOS_VERSION >= 30700
namespace math = Kokkos;
#else
namespace math = std;
#endif

// A View of the same shape, layout and memory space with elements that can be written.
template <class V>
using adjoint_of =
    Kokkos::View<typename V::non_const_data_type, typename V::array_layout, typename V::device_type>;

// Hands out a pointer to a member that is not public, of which Tag is the name.
template <class Tag, auto pointer>
struct Open {
  friend constexpr auto member_of(Tag) { return pointer; }
};

template <class V>
using device_of = typename V::device_type;

// The scalars of a View of objects (structs, complex numbers) as a View with one more dimension.
template <class Scalars, class V>
Scalars scalars_of(const V& v) {
  using Scalar = typename Scalars::value_type;
  constexpr std::size_t n = sizeof(typename V::value_type) / sizeof(Scalar);
  constexpr int rank = static_cast<int>(V::rank);  // signed: compilers warn of an unsigned number below 0
  Kokkos::LayoutStride layout;
  for (int d = 0; d < rank; ++d) {
    layout.dimension[d] = v.extent(d);
    layout.stride[d] = v.stride(d) * n;
  }
  layout.dimension[rank] = n;
  layout.stride[rank] = 1;
  return Scalars(reinterpret_cast<Scalar*>(v.data()), layout);
}

namespace detail {

template <class V>
bool overlap_impl(const void* begin, const void* end, const V& v) {
  const void* first = v.data();
  const void* last = v.data() + v.span();
  return v.span() != 0 && first < end && begin < last;
}

}  // namespace detail

// Two Views that share an element would make the gradient wrong: say so instead.
template <class A, class B>
void require_distinct(const char* function, const char* a_name, const A& a, const char* b_name, const B& b) {
  if (a.span() != 0 && detail::overlap_impl(a.data(), a.data() + a.span(), b)) {
    throw std::invalid_argument(std::string(function) + ": '" + a_name + "' and '" + b_name +
                                "' share memory; the gradient needs them apart");
  }
}

// The adjoint of a View has its shape.
template <class A, class B>
void require_same_shape(const char* function, const char* a_name, const A& a, const char* b_name, const B& b) {
  for (int d = 0; d < static_cast<int>(A::rank); ++d) {
    if (a.extent(d) != b.extent(d)) {
      throw std::invalid_argument(std::string(function) + ": '" + b_name + "' must have the shape of '" + a_name +
                                  "'");
    }
  }
}

// A View that keeps its memory between calls and is rebuilt when its extents change.
template <class V>
class Buffer {
 public:
  template <class... N>
  V get(const char* label, N... n) {
    if (!view_ || !fits(*view_, n...)) {
      view_.reset();  // free first: the two need not exist together
      view_.emplace(Kokkos::view_alloc(std::string(label), Kokkos::WithoutInitializing), length(n)...);
    }
    return *view_;
  }
  template <class... N>
  V zeroed(const char* label, N... n) {
    V v = get(label, n...);
    Kokkos::deep_copy(v, typename V::non_const_value_type(0));
    return v;
  }
  std::size_t memory() const { return view_ ? view_->span() * sizeof(typename V::value_type) : 0; }

 private:
  // An empty range may have a negative length.
  template <class N>
  static std::size_t length(N n) {
    return n > N(0) ? static_cast<std::size_t>(n) : 0;
  }
  template <class... N>
  static bool fits(const V& v, N... n) {
    int d = 0;
    return ((v.extent(d++) == length(n)) && ... && true);
  }
  std::optional<V> view_;
};

// A stack of saved Views. Slots are reused from call to call.
template <class V>
class Tape {
 public:
  void clear() { depth_ = 0; }
  template <class S>
  void push(const S& source) {
    if (depth_ == slots_.size()) slots_.push_back(like(source));
    if (!same_shape(slots_[depth_], source)) slots_[depth_] = like(source);
    Kokkos::deep_copy(slots_[depth_], source);
    ++depth_;
  }
  V pop() { return slots_[--depth_]; }
  std::size_t memory() const {
    std::size_t bytes = 0;
    for (const V& v : slots_) bytes += v.span() * sizeof(typename V::value_type);
    return bytes;
  }

 private:
  template <class S>
  static V like(const S& source) {
    typename V::array_layout layout;
    if constexpr (std::is_same_v<typename V::array_layout, typename S::array_layout>) {
      layout = source.layout();
    } else {
      for (int d = 0; d < static_cast<int>(V::rank); ++d) layout.dimension[d] = source.extent(d);
    }
    return V(Kokkos::view_alloc(std::string("tape"), Kokkos::WithoutInitializing), layout);
  }
  template <class S>
  static bool same_shape(const V& v, const S& source) {
    for (int d = 0; d < static_cast<int>(V::rank); ++d) {
      if (v.extent(d) != source.extent(d)) return false;
    }
    return true;
  }
  std::vector<V> slots_;
  std::size_t depth_ = 0;
};

// A stack of saved scalars.
template <class T>
class Scalars {
 public:
  void clear() { values_.clear(); }
  void push(T value) { values_.push_back(value); }
  T pop() {
    const T value = values_.back();
    values_.pop_back();
    return value;
  }
  std::size_t memory() const { return values_.capacity() * sizeof(T); }

 private:
  std::vector<T> values_;
};

// A contiguous part of an index range.
template <class I>
struct Part {
  I begin, end;
};

// Part k of n nearly equal parts of [lo, hi).
template <class I>
KOKKOS_INLINE_FUNCTION Part<I> chunk(I lo, I hi, int k, int n) {
  const std::int64_t length = hi > lo ? static_cast<std::int64_t>(hi - lo) : 0;
  return {static_cast<I>(lo + static_cast<I>(length * k / n)), static_cast<I>(lo + static_cast<I>(length * (k + 1) / n))};
}

// Block k of [lo, hi) in blocks of the given size.
template <class I>
KOKKOS_INLINE_FUNCTION Part<I> block(I lo, I hi, int k, int size) {
  const I begin = lo + static_cast<I>(k) * static_cast<I>(size);
  const I end = begin + static_cast<I>(size);
  return {begin, end < hi ? end : hi};
}

// How many iterations to run from a checkpoint before the next one is kept, where the last `length` of them are to
// be reversed and `unused` slots are left: no iteration then runs more often than it must (binomial checkpointing).
KOKKOS_INLINE_FUNCTION std::int64_t stride(std::int64_t length, std::int64_t unused) {
  if (unused <= 0) return length;
  std::int64_t right = unused + 1, all = unused + 2;  // C(unused + t, t) and C(unused + 1 + t, t)
  for (std::int64_t t = 2; all < length; ++t) {
    right = right * (unused + t) / t;
    all = all * (unused + 1 + t) / t;
  }
  return length > right + 1 ? length - right : 1;
}

// Smallest k with k * k >= n: the spacing of checkpoints that minimises their memory.
inline std::int64_t spacing(std::int64_t n) {
  std::int64_t k = 1;
  while (k * k < n) ++k;
  return k;
}

}  // namespace kad
#endif
