// kad runtime, part 8: which slots belong to a target.
#ifndef KAD_RUNTIME_INVERSE
#define KAD_RUNTIME_INVERSE

namespace kad {

// Slots sorted by their keys, equal keys in ascending order of slots.
template <class Space>
class InverseMap {
 public:
  using Numbers = Kokkos::View<unsigned int*, Space>;

  // Whether the last build was for these numbers (bounds, extents, captured scalars).
  bool built_for(const std::vector<double>& numbers) const { return entries_ && numbers == numbers_; }

  // Forget the last build: should the next one fail halfway, nothing of it is taken for right.
  void clear() {
    starts_.reset();
    entries_.reset();
  }

  // Slot k has the key keys(k); keys of `targets` and above belong to nobody. A radix sort, one digit a pass: tasks
  // count the digits of their parts, and a prefix sum over digits and tasks says where each puts its own. The result
  // does not depend on the number of tasks.
  void build(const std::vector<double>& numbers, const Numbers& keys, std::int64_t targets) {
    const std::int64_t n = static_cast<std::int64_t>(keys.extent(0)), most = std::numeric_limits<unsigned int>::max();
    if (n >= most || targets >= most) throw std::length_error("kad: more than 2^32 - 2 contributions or targets to sort");
    int bits = 1;  // of the largest key, `targets`
    while (bits < 32 && targets >> bits != 0) ++bits;
    const int passes = (bits + 7) / 8, width = (bits + passes - 1) / passes;
    const unsigned int nobody = static_cast<unsigned int>(targets), mask = (1u << width) - 1;
    const std::int64_t tasks = tasks_for(n);
    clear();
    starts_.emplace(uninitialised("starts"), static_cast<std::size_t>(targets + 1));
    Numbers from(uninitialised("slots"), keys.extent(0)), to(uninitialised("sorted slots"), keys.extent(0));
    Numbers key(uninitialised("keys"), keys.extent(0)), next(uninitialised("sorted keys"), keys.extent(0));
    Kokkos::View<std::int64_t*, Space> counts("digits", static_cast<std::size_t>(tasks) << width);
    Kokkos::parallel_for(
        "slots", over(n), KOKKOS_LAMBDA(const std::int64_t k) {
          from(k) = static_cast<unsigned int>(k);
          key(k) = keys(k) < nobody ? keys(k) : nobody;
        });
    for (int shift = 0; shift < passes * width; shift += width) {
      Kokkos::deep_copy(counts, 0);
      Kokkos::parallel_for(
          "count digits", over(tasks), KOKKOS_LAMBDA(const std::int64_t task) {
            const auto part = share_of(task, n, tasks);
            for (std::int64_t k = part.begin; k < part.end; ++k) ++counts((key(k) >> shift & mask) * tasks + task);
          });
      Kokkos::parallel_scan(
          "places of digits", over(tasks << width),
          KOKKOS_LAMBDA(const std::int64_t k, std::int64_t& before, const bool last) {
            const std::int64_t own = counts(k);
            if (last) counts(k) = before;
            before += own;
          });
      Kokkos::parallel_for(
          "sort by digit", over(tasks), KOKKOS_LAMBDA(const std::int64_t task) {
            const auto part = share_of(task, n, tasks);
            for (std::int64_t k = part.begin; k < part.end; ++k) {
              const std::int64_t place = counts((key(k) >> shift & mask) * tasks + task)++;
              to(place) = from(k);
              next(place) = key(k);
            }
          });
      std::swap(from, to);
      std::swap(key, next);
    }
    const Numbers starts = *starts_;
    Kokkos::parallel_for(
        "starts", over(n + 1), KOKKOS_LAMBDA(const std::int64_t k) {
          const std::int64_t first = k == 0 ? 0 : static_cast<std::int64_t>(key(k - 1)) + 1;
          const std::int64_t last = k == n ? nobody : key(k);
          for (std::int64_t t = first; t <= last; ++t) starts(t) = static_cast<unsigned int>(k);
        });
    entries_.emplace(from);
    numbers_ = numbers;
  }
  Numbers starts() const { return *starts_; }
  Numbers entries() const { return *entries_; }
  std::size_t memory() const {
    return entries_ ? (starts_->span() + entries_->span()) * sizeof(unsigned int) : 0;
  }

 private:
  static Kokkos::RangePolicy<Space, Kokkos::IndexType<std::int64_t>> over(std::int64_t n) { return {0, n}; }
  static decltype(Kokkos::view_alloc(std::string(), Kokkos::WithoutInitializing)) uninitialised(const char* label) {
    return Kokkos::view_alloc(std::string(label), Kokkos::WithoutInitializing);
  }
  KOKKOS_INLINE_FUNCTION static Part<std::int64_t> share_of(std::int64_t task, std::int64_t n, std::int64_t tasks) {
    return {n / tasks * task + (task < n % tasks ? task : n % tasks),
            n / tasks * (task + 1) + (task + 1 < n % tasks ? task + 1 : n % tasks)};
  }
  // Parts of a few thousand slots at least, no more of them than can run at once.
  static std::int64_t tasks_for(std::int64_t n) {
    const std::int64_t parts = n / 2048 + 1, threads = static_cast<std::int64_t>(Space().concurrency());
    return parts < threads ? parts : threads < 8192 ? threads : 8192;
  }
  std::optional<Numbers> starts_, entries_;
  std::vector<double> numbers_;
};

}  // namespace kad
#endif
