// kad runtime, part 4: conflict-free coloring of blocks of iterations.
#ifndef KAD_RUNTIME_COLORING
#define KAD_RUNTIME_COLORING
#include <algorithm>
#include <atomic>

namespace kad {

// Row-major position of an element: what a coloring calls a target.
template <class V, class... I>
std::size_t offset(const V& v, I... i) {
  std::size_t position = 0;
  int d = 0;
  ((position = position * (d < static_cast<int>(V::rank) ? v.extent(d) : 1) + static_cast<std::size_t>(i), ++d), ...);
  return position;
}

// An eighth of a thread's share of [lo, hi): blocks big enough to keep locality, enough of them to balance.
template <class Space, class I>
int share(I lo, I hi) {
  const std::int64_t length = hi > lo ? static_cast<std::int64_t>(hi - lo) : 0;
  const std::int64_t count = 8 * static_cast<std::int64_t>(Space().concurrency());
  const std::int64_t size = (length + count - 1) / count;
  return static_cast<int>(size < 1 ? 1 : size < (1 << 30) ? size : (1 << 30));
}

// What the blocks of a coloring have added up, in order, once they are done.
template <class Space, class V>
typename V::non_const_value_type total(const V& of_block) {
  Space().fence();
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), of_block);
  typename V::non_const_value_type sum{};
  for (std::size_t b = 0; b < host.extent(0); ++b) sum += host(b);
  return sum;
}

// Blocks of consecutive iterations, ordered by color.
template <class Space>
class Coloring {
 public:
  using Blocks = Kokkos::View<int*, typename Space::memory_space>;

  // Whether the last build was for these numbers (bounds, extents, captured scalars).
  bool built_for(const std::vector<double>& numbers) const { return blocks_ && numbers == numbers_; }

  // Greedy first-fit coloring in block order (Karp & Kumar style bit masks per target): `visit(first, last, f)`
  // calls f with every target of the iterations [first, last). Each of several tasks colors those blocks of its part
  // whose targets no other part has, all at once; the rest follows one by one. Depends on the number of tasks only.
  template <class I, class Visit>
  void build(const std::vector<double>& numbers, I lo, I hi, int size, std::size_t targets, const Visit& visit) {
    const std::size_t count = hi > lo ? (static_cast<std::size_t>(hi - lo) + size - 1) / size : 0;
    std::vector<int> color(count, -1);
    std::vector<std::uint64_t> used(targets, 0);
    const int tasks = coloring_tasks(count);
    if (tasks > 1) color_own(lo, hi, size, tasks, visit, used, color);
    const auto all = [](std::size_t) { return true; };
    for (std::size_t left = count, base = 0; left != 0; base += 64) {
      if (base != 0) std::fill(used.begin(), used.end(), 0);
      left = 0;
      for (std::size_t b = 0; b < count; ++b) {
        const auto part = block(lo, hi, static_cast<int>(b), size);
        if (color[b] < 0 && !first_fit(part, visit, all, used, static_cast<int>(base), color[b])) ++left;
      }
    }
    const int colors = count == 0 ? 0 : 1 + *std::max_element(color.begin(), color.end());
    start_.assign(static_cast<std::size_t>(colors) + 1, 0);
    for (int c : color) ++start_[static_cast<std::size_t>(c) + 1];
    for (std::size_t c = 1; c < start_.size(); ++c) start_[c] += start_[c - 1];
    blocks_.reset();
    blocks_.emplace(Kokkos::view_alloc(std::string("colored blocks"), Kokkos::WithoutInitializing), count);
    const auto host = Kokkos::create_mirror_view(*blocks_);
    std::vector<int> next(start_.begin(), start_.end());
    for (std::size_t b = 0; b < count; ++b) host(next[static_cast<std::size_t>(color[b])]++) = static_cast<int>(b);
    Kokkos::deep_copy(*blocks_, host);
    numbers_ = numbers;
  }
  int colors() const { return static_cast<int>(start_.size()) - 1; }
  int first(int color) const { return start_[static_cast<std::size_t>(color)]; }
  int last(int color) const { return start_[static_cast<std::size_t>(color) + 1]; }
  Blocks blocks() const { return *blocks_; }
  std::size_t memory() const { return blocks_ ? blocks_->span() * sizeof(int) : 0; }

 private:
  // Looking for what parts share is one more sweep: it takes some threads to make up for it.
  static int coloring_tasks(std::size_t count) {
    const auto threads = Kokkos::DefaultHostExecutionSpace().concurrency();
    return threads < 8 || count < 4096 ? 1 : threads < 32 ? static_cast<int>(threads) : 32;
  }

  // Gives block b the first color from `base` on that its targets leave free; false if all 64 are taken, or one of the
  // targets is not `mine`.
  template <class I, class Visit, class Mine>
  static bool first_fit(const Part<I>& part, const Visit& visit, const Mine& mine, std::vector<std::uint64_t>& used,
                        int base, int& color) {
    std::uint64_t taken = 0;
    visit(part.begin, part.end, [&](std::size_t t) { taken |= mine(t) ? used[t] : ~std::uint64_t(0); });
    if (taken == ~std::uint64_t(0)) return false;
    int c = 0;
    while (taken >> c & 1) ++c;
    color = base + c;
    visit(part.begin, part.end, [&](std::size_t t) { used[t] |= std::uint64_t(1) << c; });
    return true;
  }

  // Color the blocks of each part that have no target in common with another part.
  template <class I, class Visit>
  static void color_own(I lo, I hi, int size, int tasks, const Visit& visit, std::vector<std::uint64_t>& used,
                        std::vector<int>& color) {
    const Kokkos::RangePolicy<Kokkos::DefaultHostExecutionSpace> each(0, tasks);
    const auto count = static_cast<std::int64_t>(color.size());
    std::vector<std::atomic<unsigned int>> seen(used.size());  // by which parts
    Kokkos::parallel_for("targets of parts", each, [&](const int task) {
      const auto blocks = chunk(std::int64_t(0), count, task, tasks);
      const unsigned int bit = 1u << task;
      for (std::int64_t b = blocks.begin; b < blocks.end; ++b) {
        const auto part = block(lo, hi, static_cast<int>(b), size);
        visit(part.begin, part.end, [&](std::size_t t) {
          if ((seen[t].load(std::memory_order_relaxed) & bit) == 0) seen[t].fetch_or(bit, std::memory_order_relaxed);
        });
      }
    });
    Kokkos::parallel_for("color parts", each, [&](const int task) {
      const auto blocks = chunk(std::int64_t(0), count, task, tasks);
      const unsigned int bit = 1u << task;
      const auto mine = [&](std::size_t t) { return seen[t].load(std::memory_order_relaxed) == bit; };
      for (std::int64_t b = blocks.begin; b < blocks.end; ++b) {
        const auto part = block(lo, hi, static_cast<int>(b), size);
        first_fit(part, visit, mine, used, 0, color[static_cast<std::size_t>(b)]);
      }
    });
  }

  std::optional<Blocks> blocks_;
  std::vector<int> start_;
  std::vector<double> numbers_;
};

}  // namespace kad
#endif
