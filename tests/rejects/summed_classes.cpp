// expect: 52:99 a reduction into a 'Largest' is not known to be a sum | let operator+= add every number, and let a new object and reduction_identity be zero
// expect: 52:99 a reduction into a 'Offset' is not known to be a sum | let operator+= add every number, and let a new object and reduction_identity be zero
// expect: 52:99 a reduction into a 'Half' is not known to be a sum | let operator+= add every number, and let a new object and reduction_identity be zero
// expect: 52:99 a reduction into a 'Two' is not known to be a sum | let operator+= add every number, and let a new object and reduction_identity be zero
// expect: 58:105 a reduction into a 'Started' is not known to be a sum
#include <Kokkos_Core.hpp>

struct Largest {  // += keeps the larger one
  double value;
  KOKKOS_INLINE_FUNCTION Largest() : value(0) {}
  KOKKOS_INLINE_FUNCTION Largest& operator+=(const Largest& other) {
    if (other.value > value) value = other.value;
    return *this;
  }
  KOKKOS_INLINE_FUNCTION void operator+=(const volatile Largest& other) volatile {
    if (other.value > value) value = other.value;
  }
};
struct Offset {  // each thread would begin with one
  double value;
  KOKKOS_INLINE_FUNCTION Offset() : value(1) {}
  KOKKOS_INLINE_FUNCTION Offset& operator+=(const Offset& other) { value += other.value; return *this; }
  KOKKOS_INLINE_FUNCTION void operator+=(const volatile Offset& other) volatile { value += other.value; }
};
struct Half {  // one number is left out
  double value, count;
  KOKKOS_INLINE_FUNCTION Half() : value(0), count(0) {}
  KOKKOS_INLINE_FUNCTION Half& operator+=(const Half& other) { value += other.value; return *this; }
  KOKKOS_INLINE_FUNCTION void operator+=(const volatile Half& other) volatile { value += other.value; }
};
struct Two {  // the overloads differ
  double value;
  KOKKOS_INLINE_FUNCTION Two() : value(0) {}
  KOKKOS_INLINE_FUNCTION Two& operator+=(const Two& other) { value += other.value; return *this; }
  KOKKOS_INLINE_FUNCTION void operator+=(const volatile Two& other) volatile { value += 2 * other.value; }
};

struct Started {  // the identity of the sum is no zero
  double value;
  KOKKOS_INLINE_FUNCTION Started() : value(0) {}
  KOKKOS_INLINE_FUNCTION Started& operator+=(const Started& other) { value += other.value; return *this; }
  KOKKOS_INLINE_FUNCTION void operator+=(const volatile Started& other) volatile { value += other.value; }
};
template <>
struct Kokkos::reduction_identity<Started> {
  KOKKOS_INLINE_FUNCTION static Started sum() { Started s; s.value = 1; return s; }
};

template <class T>
double total(Kokkos::View<const double*> x) {
  T t;
  Kokkos::parallel_reduce(x.extent(0), KOKKOS_LAMBDA(const int i, T& sum) { sum.value += x(i); }, t);
  return t.value;
}

double summed_classes(Kokkos::View<const double*> x) {
  Started t;
  Kokkos::parallel_reduce(x.extent(0), KOKKOS_LAMBDA(const int i, Started& sum) { sum.value += x(i); }, Kokkos::Sum<Started>(t));
  return t.value + total<Largest>(x) + total<Offset>(x) + total<Half>(x) + total<Two>(x);
}
