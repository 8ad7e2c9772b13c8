// kad runtime: the derivative of the logarithm of the gamma function.
#ifndef KAD_RUNTIME_GAMMA
#define KAD_RUNTIME_GAMMA

namespace kad {

// Reflection for negative arguments, recurrence up to 10, then the asymptotic series
// (Abramowitz & Stegun, 6.3.5, 6.3.7 and 6.3.18).
template <class T>
KOKKOS_INLINE_FUNCTION T digamma(T value) {
  const double pi = 3.14159265358979323846;
  double x = static_cast<double>(value), sum = 0;
  if (x <= 0) {
    sum = -pi / math::tan(pi * (x - math::floor(x)));
    x = 1 - x;
  }
  for (; x < 10; x += 1) sum -= 1 / x;
  const double f = 1 / (x * x);
  const double series =
      f * (1. / 12 - f * (1. / 120 - f * (1. / 252 - f * (1. / 240 - f * (1. / 132 - f * (691. / 32760 - f / 12))))));
  return static_cast<T>(sum + math::log(x) - 0.5 / x - series);
}

}  // namespace kad
#endif
