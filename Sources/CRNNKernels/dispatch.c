// Chooses the kernels for this processor, and forwards the public names to them.
#include "kernel_table.h"
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static _Atomic(int) best_known = -1;
/// A choice of this thread's own; others go on with theirs.
static _Thread_local int selected = -1;

bool rnn_isa_available(rnn_isa isa) {
  switch (isa) {
#if defined(__x86_64__)
  case RNN_ISA_PLAIN: return true;
  case RNN_ISA_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  case RNN_ISA_AVX512:
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("fma");
#elif defined(__aarch64__)
  case RNN_ISA_NEON: return true;
#else
  case RNN_ISA_PLAIN: return true;
#endif
  default: return false;
  }
}

const char *rnn_isa_name(rnn_isa isa) {
  switch (isa) {
  case RNN_ISA_AVX2: return "avx2";
  case RNN_ISA_AVX512: return "avx512";
  case RNN_ISA_NEON: return "neon";
  default: return "plain";
  }
}

rnn_isa rnn_isa_current(void) {
  if (selected >= 0) return (rnn_isa)selected;
  int isa = atomic_load_explicit(&best_known, memory_order_relaxed);
  if (isa >= 0) return (rnn_isa)isa;
  // Several threads may find the same answer; they store the same value.
  const char *wish = getenv("RNN_ISA");
  static const rnn_isa order[] = {RNN_ISA_AVX512, RNN_ISA_AVX2, RNN_ISA_NEON, RNN_ISA_PLAIN};
  rnn_isa best = RNN_ISA_PLAIN;
  bool found = false;
  for (int i = 0; i < 4; i++) {
    if (!rnn_isa_available(order[i])) continue;
    if (!found) { best = order[i]; found = true; }
    if (wish && strcmp(wish, rnn_isa_name(order[i])) == 0) { best = order[i]; break; }
  }
  atomic_store_explicit(&best_known, (int)best, memory_order_relaxed);
  return best;
}

bool rnn_isa_select(rnn_isa isa) {
  if (!rnn_isa_available(isa)) return false;
  selected = (int)isa;
  return true;
}

const rnn_kernel_table *rnn_table(void) {
  switch (rnn_isa_current()) {
#if defined(__x86_64__)
  case RNN_ISA_AVX512: return &rnn_kernels_avx512;
  case RNN_ISA_AVX2: return &rnn_kernels_avx2;
#endif
  default: return &rnn_kernels_plain;
  }
}

rnn_blocks rnn_blocks_in_use(void) { return rnn_table()->blocks(); }

int rnn_panel_columns(void) { return rnn_table()->panel_columns(); }

size_t rnn_packed_size(int k, int n) {
  size_t panel = (size_t)rnn_panel_columns();
  return ((size_t)n + panel - 1) / panel * panel * (size_t)k;
}

void rnn_pack(float *packed, int k, int column, int n, const float *source, ptrdiff_t row_stride, ptrdiff_t column_stride) {
  rnn_table()->pack(packed, k, column, n, source, row_stride, column_stride);
}

void rnn_product(
  const float *a, ptrdiff_t a_stride, int rows, const float *packed, int k, int n, float *c, ptrdiff_t c_stride,
  const float *init) {
  const rnn_factors factors = {a, a_stride, packed, k};
  rnn_table()->product(&factors, 1, rows, n, c, c_stride, init);
}

void rnn_sum_of_products(
  const rnn_factors *factors, int count, int rows, int n, float *c, ptrdiff_t c_stride, const float *init) {
  rnn_table()->product(factors, count, rows, n, c, c_stride, init);
}

void rnn_gemm(
  int m, int n, int k, const float *a, ptrdiff_t a_row, ptrdiff_t a_column, const float *b, ptrdiff_t b_row,
  ptrdiff_t b_column, float *c, ptrdiff_t c_row, bool accumulate) {
  rnn_table()->gemm(m, n, k, a, a_row, a_column, b, b_row, b_column, &c, m, c_row, accumulate);
}

void rnn_gemm_pieces(
  int m, int n, int k, const float *a, ptrdiff_t a_row, ptrdiff_t a_column, const float *b, ptrdiff_t b_row,
  ptrdiff_t b_column, float *const *c, int piece_rows, ptrdiff_t c_row, bool accumulate) {
  rnn_table()->gemm(m, n, k, a, a_row, a_column, b, b_row, b_column, c, piece_rows, c_row, accumulate);
}

void rnn_program_run(
  const rnn_instruction *program, int count, const rnn_operand *operands, int t, int row, int rows, int chunk,
  const rnn_random *random) {
  rnn_table()->program_run(program, count, operands, t, row, rows, chunk, 0, INT_MAX, random);
}

void rnn_program_run_lanes(
  const rnn_instruction *program, int count, const rnn_operand *operands, int t, int row, int rows, int chunk, int lane,
  int lanes, const rnn_random *random) {
  rnn_table()->program_run(program, count, operands, t, row, rows, chunk, lane, lanes, random);
}

void rnn_keep_mask(
  float *values, int count, float rate, uint32_t tag, uint32_t row, uint32_t time, uint32_t step, uint64_t seed) {
  rnn_table()->keep_mask(values, count, rate, tag, row, time, step, seed);
}

void rnn_unary(int op, const float *x, float *y, size_t count) { rnn_table()->unary(op, x, y, count); }
float rnn_dot(const float *x, const float *y, size_t count) { return rnn_table()->dot(x, y, count); }
double rnn_sum_of_squares(const float *x, size_t count) { return rnn_table()->sum_of_squares(x, count); }
void rnn_add_scaled(float scale, const float *x, float *y, size_t count) { rnn_table()->add_scaled(scale, x, y, count); }
void rnn_scale(float scale, float *x, size_t count) { rnn_table()->scale(scale, x, count); }

void rnn_column_sums(const float *source, ptrdiff_t row_stride, int rows, int n, float *destination, bool accumulate) {
  rnn_table()->column_sums(source, row_stride, rows, n, destination, accumulate);
}

void rnn_softmax_cross_entropy(
  const float *logits, const int32_t *targets, int rows, int n, float smoothing, float scale, float *loss, float *gradient) {
  rnn_table()->softmax_cross_entropy(logits, targets, rows, n, smoothing, scale, loss, gradient);
}

void rnn_softmax(const float *x, int rows, int n, float temperature, float *y) {
  rnn_table()->softmax(x, rows, n, temperature, y);
}

void rnn_adam(
  float *w, const float *gradient, float *m, float *v, size_t count, float gradient_scale, float rate, float beta1,
  float beta2, float epsilon, float decay, float c1, float c2) {
  rnn_table()->adam(w, gradient, m, v, count, gradient_scale, rate, beta1, beta2, epsilon, decay, c1, c2);
}

void rnn_sgd(
  float *w, const float *gradient, float *u, size_t count, float gradient_scale, float rate, float momentum, bool nesterov,
  float decay) {
  rnn_table()->sgd(w, gradient, u, count, gradient_scale, rate, momentum, nesterov, decay);
}

void rnn_class_logits(const rnn_class_layer *layer, int block) { rnn_table()->class_logits(layer, block); }
void rnn_class_losses(const rnn_class_layer *layer, int begin, int end) { rnn_table()->class_losses(layer, begin, end); }
void rnn_class_gradients(const rnn_class_layer *layer, int first_block, int end_block, const rnn_class_gradients_of *of) {
  rnn_table()->class_gradients(layer, first_block, end_block, of);
}

double rnn_peak(int rounds, float *result) { return rnn_table()->peak(rounds, result); }
