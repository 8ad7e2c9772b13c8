// expect: 15:8 a variable of type 'Bits' is not supported | supported are scalars, fixed-size arrays of scalars, and Kokkos::View of rank 0 to 8
// expect: 27:9 the function memcpy is not supported | assign the elements, or use Kokkos::deep_copy
// expect: 28:9 'bits' may be used uninitialised | initialise it where it is declared
// expect: 29:9 the function memcpy is not supported | assign the elements, or use Kokkos::deep_copy
// expect: 31:15 dereferencing this pointer is not supported | use a reference or array[index]
// expect: 32:14 this is not an element of a local array | index a View, or a local array
#include <Kokkos_Core.hpp>
#include <cstdint>
#include <cstring>
union Bits {
  double value;
  std::uint64_t bits;
};
KOKKOS_INLINE_FUNCTION double fast_inverse(double x) {
  Bits b;
  b.value = x;
  b.bits = 0x5fe6eb50c7b537a9ull - (b.bits >> 1);
  return b.value;
}
double reinterpreted_data(Kokkos::View<double*> x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        s += fast_inverse(x(i));
        double t = x(i);
        std::uint64_t bits;
        std::memcpy(&bits, &t, sizeof(t));
        bits ^= 1;
        std::memcpy(&t, &bits, sizeof(t));
        s += t;
        s += *reinterpret_cast<const float*>(&t);
        s += reinterpret_cast<Kokkos::complex<double>*>(x.data())[i].real();
      },
      r);
  return r;
}
