// The speed of products with packed weights, on one thread: sums of two products, as a step of a cell has them.
//
//   clang -O2 -I Sources/CRNNKernels/include Benchmarks/products.c Sources/CRNNKernels/*.c -o products -lm -lpthread
//   ./products                          a table of shapes
//   ./products 64 512 512 2048          rows, steps of either product, columns: this shape alone, three times (for simulated caches)
//
// RNN_ISA and RNN_CACHES choose the instruction set and the blocks.
#include "rnn_kernels.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct {
  int rows, k1, k2, n;
} shape;

static const shape shapes[] = {
  {10, 650, 650, 2600}, {20, 650, 650, 1300}, {32, 512, 512, 2048}, {64, 512, 512, 1024}, {128, 512, 512, 2048},
  {16, 128, 256, 1024}, {32, 128, 256, 512}, {64, 64, 128, 512}, {8, 64, 64, 256}};

static double seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static float *numbers(size_t count) {
  float *values = rnn_allocate((count + 16) * sizeof(float), 64);
  if (!values) exit(70);
  for (size_t i = 0; i < count; i++) values[i] = (float)(i % 13) * 0.05f;
  return values;
}

/// GFLOP/s, the best of `rounds` rounds.
static double measure(shape s, int rounds) {
  float *a1 = numbers((size_t)(s.rows * s.k1)), *a2 = numbers((size_t)(s.rows * s.k2)), *init = numbers((size_t)s.n);
  float *p1 = numbers(rnn_packed_size(s.k1, s.n)), *p2 = numbers(rnn_packed_size(s.k2, s.n)), *c = numbers((size_t)(s.rows * s.n));
  const rnn_factors factors[2] = {{a1, s.k1, p1, s.k1}, {a2, s.k2, p2, s.k2}};
  const double operations = 2.0 * s.rows * (s.k1 + s.k2) * s.n;
  const int calls = rounds > 3 ? (int)(2e8 / operations) + 1 : 1;
  double best = 1e9;
  for (int round = 0; round < rounds; round++) {
    const double start = seconds();
    for (int i = 0; i < calls; i++) rnn_sum_of_products(factors, 2, s.rows, s.n, c, s.n, init);
    const double time = (seconds() - start) / calls;
    if (time < best) best = time;
  }
  float *all[] = {a1, a2, init, p1, p2, c};
  for (int i = 0; i < 6; i++) rnn_free(all[i]);
  return operations / best / 1e9;
}

int main(int count, char **arguments) {
  if (count == 5) {
    const shape s = {atoi(arguments[1]), atoi(arguments[2]), atoi(arguments[3]), atoi(arguments[4])};
    printf("%.1f GFLOP/s\n", measure(s, 3));
    return 0;
  }
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    const shape s = shapes[i];
    printf("%4d rows, %3d + %3d steps, %4d columns: %6.1f GFLOP/s\n", s.rows, s.k1, s.k2, s.n, measure(s, 120));
  }
  return 0;
}
