// kad runtime, part 3: what was found out about index arrays, kept until they change.
#ifndef KAD_RUNTIME_REMEMBER
#define KAD_RUNTIME_REMEMBER

namespace kad {

// A copy of an index View, to notice that it changed in place.
template <class V>
class Remembered {
 public:
  // Whether `v` has the shape and, unless `trusted`, the contents that were remembered.
  bool same(const V& v, bool trusted) const {
    if (!copy_ || v.data() != data_ || v.span() != copy_->extent(0)) return false;
    for (int d = 0; d < static_cast<int>(V::rank); ++d) {
      if (v.extent(d) != extents_[d]) return false;
    }
    if (trusted) return true;
    const auto* now = v.data();
    const auto* then = copy_->data();
    int differences = 0;
    Kokkos::parallel_reduce(
        "index arrays unchanged?",
        Kokkos::RangePolicy<typename V::execution_space>(0, static_cast<std::int64_t>(v.span())),
        KOKKOS_LAMBDA(const std::int64_t k, int& sum) { sum += now[k] != then[k]; }, differences);
    return differences == 0;
  }
  void remember(const V& v) {
    const std::size_t n = v.span();
    if (!copy_ || copy_->extent(0) != n) {
      copy_.reset();
      copy_.emplace(Kokkos::view_alloc(std::string("index copy"), Kokkos::WithoutInitializing), n);
    }
    Flat target = *copy_;
    const auto* from = v.data();
    Kokkos::parallel_for(
        "remember indices",
        Kokkos::RangePolicy<typename V::execution_space>(0, static_cast<std::int64_t>(n)),
        KOKKOS_LAMBDA(const std::int64_t k) { target(k) = from[k]; });
    for (int d = 0; d < static_cast<int>(V::rank); ++d) extents_[d] = v.extent(d);
    data_ = v.data();
  }
  std::size_t memory() const { return copy_ ? copy_->span() * sizeof(typename V::value_type) : 0; }

 private:
  using Flat = Kokkos::View<typename V::non_const_value_type*, typename V::device_type>;
  std::optional<Flat> copy_;
  std::size_t extents_[8] = {};
  const void* data_ = nullptr;
};

}  // namespace kad
#endif
