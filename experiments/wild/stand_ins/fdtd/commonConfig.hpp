#define USE_KOKKOS
