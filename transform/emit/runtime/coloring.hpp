// kad runtime, part 4: conflict-free coloring of blocks of iterations.
#ifndef KAD_RUNTIME_COLORING
#define KAD_RUNTIME_COLORING
#include <algorithm>

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
  const std::int64_t size = length / (8 * static_cast<std::int64_t>(Space().concurrency()));
  return static_cast<int>(size < 1 ? 1 : size < (1 << 30) ? size : (1 << 30));
}

// Blocks of consecutive iterations, ordered by color.
template <class Space>
class Coloring {
 public:
  using Blocks = Kokkos::View<int*, typename Space::memory_space>;

  // Whether the last build was for these numbers (bounds, extents, captured scalars).
  bool built_for(const std::vector<double>& numbers) const { return blocks_ && numbers == numbers_; }

  // Greedy first-fit coloring in block order (Karp & Kumar style bit masks per target): `visit(first, last, f)`
  // calls f with every target of the iterations [first, last). Serial; costs two sweeps over the targets.
  template <class I, class Visit>
  void build(const std::vector<double>& numbers, I lo, I hi, int size, std::size_t targets, const Visit& visit) {
    const std::size_t count = hi > lo ? (static_cast<std::size_t>(hi - lo) + size - 1) / size : 0;
    std::vector<int> color(count, -1);
    std::vector<std::uint64_t> used(targets, 0);
    int base = 0;
    for (std::size_t left = count; left != 0; base += 64) {
      if (base != 0) std::fill(used.begin(), used.end(), 0);
      for (std::size_t b = 0; b < count; ++b) {
        if (color[b] >= 0) continue;
        const auto part = block(lo, hi, static_cast<int>(b), size);
        std::uint64_t taken = 0;
        visit(part.begin, part.end, [&](std::size_t t) { taken |= used[t]; });
        if (taken == ~std::uint64_t(0)) continue;  // no color of this round is free
        int c = 0;
        while (taken >> c & 1) ++c;
        color[b] = base + c;
        --left;
        visit(part.begin, part.end, [&](std::size_t t) { used[t] |= std::uint64_t(1) << c; });
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
  std::optional<Blocks> blocks_;
  std::vector<int> start_;
  std::vector<double> numbers_;
};

}  // namespace kad
#endif
