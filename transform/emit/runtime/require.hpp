// kad runtime: conditions under which iterations are independent, checked before they run.
#ifndef KAD_RUNTIME_REQUIRE
#define KAD_RUNTIME_REQUIRE

namespace kad {

// An integer that knows when it overflowed; it then compares as false.
class Whole {
 public:
  template <class T, class = std::enable_if_t<std::is_integral_v<T>>>
  Whole(T value)
      : value_(static_cast<std::int64_t>(value)),
        exact_(std::is_signed_v<T> || static_cast<std::uint64_t>(value) <= static_cast<std::uint64_t>(most)) {}

  friend Whole operator+(Whole a, Whole b) {
    const bool fits = b.value_ >= 0 ? a.value_ <= most - b.value_ : a.value_ >= least - b.value_;
    return a.exact_ && b.exact_ && fits ? Whole(a.value_ + b.value_) : overflowed();
  }
  friend Whole operator*(Whole a, Whole b) {
    if (!a.exact_ || !b.exact_ || a.value_ == least || b.value_ == least) return overflowed();
    const std::int64_t x = a.value_ < 0 ? -a.value_ : a.value_, y = b.value_ < 0 ? -b.value_ : b.value_;
    return y == 0 || x <= most / y ? Whole(a.value_ * b.value_) : overflowed();
  }
  friend bool operator>=(Whole a, Whole b) { return a.exact_ && b.exact_ && a.value_ >= b.value_; }
  friend bool operator!=(Whole a, Whole b) { return a.exact_ && b.exact_ && a.value_ != b.value_; }

 private:
  static constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  static constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  static Whole overflowed() {
    Whole w(0);
    w.exact_ = false;
    return w;
  }
  std::int64_t value_;
  bool exact_;
};

// Iterations that meet at an element would make the gradient wrong: say so instead.
inline void require_apart(bool runs, bool holds, const char* what) {
  if (runs && !holds) throw std::invalid_argument(what);
}

}  // namespace kad
#endif
