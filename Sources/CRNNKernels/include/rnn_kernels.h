// The kernels of swift-rnn: what runs in the inner loops, in C, chosen at run time for this processor.
//
// Every result is one chain of operations in a fixed order: an output of a product is one chain of fused
// multiply-adds over k ascending, a reduction over lanes uses one fixed tree, a sum over rows is a chain over rows.
// So the bits of a result do not depend on the number of threads, the tiles, or how a sequence is cut; they depend
// only on the instruction set.
//
// Strides are in floats and may be negative. Matrices are row-major unless a stride says otherwise.
#ifndef RNN_KERNELS_H
#define RNN_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Instruction sets (dispatch.c)

typedef enum { RNN_ISA_PLAIN = 0, RNN_ISA_AVX2 = 1, RNN_ISA_AVX512 = 2, RNN_ISA_NEON = 3 } rnn_isa;

/// The instruction set in use: the widest this processor has, or the one named by the environment variable RNN_ISA
/// (plain, avx2, avx512, neon), read once.
rnn_isa rnn_isa_current(void);
/// Whether this processor can run `isa`.
bool rnn_isa_available(rnn_isa isa);
/// Selects another instruction set for the kernels that this thread calls; false if this processor lacks it. Packed
/// matrices must be packed anew. For tests.
bool rnn_isa_select(rnn_isa isa);
const char *rnn_isa_name(rnn_isa isa);

// MARK: Caches (caches.c)

#define RNN_CACHE_LEVELS 2

/// The bytes of a core's cache for data, of level 1 or 2: from the environment variable RNN_CACHES, else as the system reports
/// them. Blocks follow from them; no result depends on them.
size_t rnn_cache_size(int level);
/// Reads two sizes in KiB, as in "32,512"; false unless the text is two numbers in the range of sizes.
bool rnn_read_cache_sizes(const char *text, size_t bytes[RNN_CACHE_LEVELS]);
/// Selects other sizes for the kernels that this thread calls; 0 for those of the processor. For tests.
void rnn_select_cache_sizes(size_t first, size_t second);

// MARK: Arguments (arguments.c)

/// The arguments that the program was called with, its name first; null where the system doesn't say.
char **rnn_arguments(int *count);

// MARK: Threads (threads.c)

/// The number of threads that `rnn_parallel` uses, the caller included; at first the number of cores.
int rnn_thread_count(void);
void rnn_set_thread_count(int count);
/// Calls body(context, i) once for every i in 0..<count and returns when all are done. Which thread runs which i is
/// not fixed. Runs everything on the caller if another caller is using the pool or when called from inside a body.
/// The workers spin for a bounded time, then sleep.
void rnn_parallel(int count, void (*body)(void *context, int index), void *context);

// MARK: Memory (memory.c)

/// Asks for large pages (2 MiB) as far as they fit into the memory, where the system has them: a fresh one costs a fraction
/// of the small ones that it stands for.
void rnn_prefer_large_pages(void *base, size_t bytes);
/// Memory at an address that is a multiple of `alignment`, a power of two; NULL where there is not so much.
void *rnn_allocate(size_t bytes, size_t alignment);
/// Gives back what `rnn_allocate` gave.
void rnn_free(void *base);
/// From now on large blocks go back to the system as soon as they are freed, where the C library can be asked to.
void rnn_spare_memory(void);
/// Gives freed memory that the allocator keeps back to the system, where the C library can be asked to.
void rnn_trim_memory(void);
/// The bytes of the process that lie in memory, and the most that ever did; false where the system doesn't say.
bool rnn_process_memory(size_t *now, size_t *most);
/// The most bytes of address space that the process may have; false where there is no limit.
bool rnn_address_space_limit(size_t *bytes);

// MARK: Products (products.inc)

/// Vectors are stored in rows padded to a multiple of this many floats where kernels run over them.
#define RNN_UNIT 16

/// Floats in one packed panel column block: columns are packed in panels of this many.
int rnn_panel_columns(void);
/// Floats that a packed k × n matrix takes.
size_t rnn_packed_size(int k, int n);
/// Writes columns [column, column + n) of the packed matrix `packed` (k × total columns):
/// element (i, column + j) = source[i * row_stride + j * column_stride]. The buffer starts as zeros (padding stays zero).
void rnn_pack(float *packed, int k, int column, int n, const float *source, ptrdiff_t row_stride, ptrdiff_t column_stride);
/// C[rows × n] = init + A[rows × k] · P, where `init` is a row of n floats, or C += A · P if `init` is NULL.
/// n is a multiple of RNN_UNIT; `c` has room for n floats in each row. A is read as a[i * a_stride + j].
void rnn_product(
  const float *a, ptrdiff_t a_stride, int rows, const float *packed, int k, int n, float *c, ptrdiff_t c_stride,
  const float *init);
/// What is multiplied in a sum of products: A[rows × k], read as a[i * a_stride + j], with a packed matrix of k rows.
typedef struct {
  const float *a;
  ptrdiff_t a_stride;
  const float *packed;
  int32_t k;
} rnn_factors;
/// The most products in a sum.
#define RNN_MOST_FACTORS 8
/// C[rows × n] = init + the sum of A · P over `count` products, one after the other in one chain, or C + … if `init` is NULL.
void rnn_sum_of_products(
  const rnn_factors *factors, int count, int rows, int n, float *c, ptrdiff_t c_stride, const float *init);
/// C[m × n] = A[m × k] · B[k × n] (+ C if accumulate), any m, n, k, any strides for A and B; C has unit column stride.
/// Threaded by tiles of the output; packs what it needs itself.
void rnn_gemm(
  int m, int n, int k, const float *a, ptrdiff_t a_row, ptrdiff_t a_column, const float *b, ptrdiff_t b_row,
  ptrdiff_t b_column, float *c, ptrdiff_t c_row, bool accumulate);
/// The same where the rows of C lie in pieces of piece_rows: row i begins at c[i / piece_rows] + i % piece_rows * c_row.
void rnn_gemm_pieces(
  int m, int n, int k, const float *a, ptrdiff_t a_row, ptrdiff_t a_column, const float *b, ptrdiff_t b_row,
  ptrdiff_t b_column, float *const *c, int piece_rows, ptrdiff_t c_row, bool accumulate);

/// The blocks of products, for the caches and the instruction set in use.
typedef struct {
  int32_t depth;                    // the steps along k of a product with a packed matrix, for all tiles of a panel
  int32_t gemm_depth;               // those of the general product
  int32_t gemm_rows, gemm_columns;  // the largest block of its result
  int32_t class_rows;               // the rows of the output layer's gradients at a time
} rnn_blocks;
rnn_blocks rnn_blocks_in_use(void);

// MARK: Element-wise programs (program.inc)

typedef enum {
  RNN_OP_COPY = 0,  // a
  RNN_OP_NEGATE,    // -a
  RNN_OP_ADD,       // a + b
  RNN_OP_SUBTRACT,  // a - b
  RNN_OP_MULTIPLY,  // a * b
  RNN_OP_DIVIDE,    // a / b
  RNN_OP_FMA,       // a * b + c, one rounding
  RNN_OP_MINIMUM,   // min(a, b)
  RNN_OP_MAXIMUM,   // max(a, b)
  RNN_OP_EXP,
  RNN_OP_LOG,
  RNN_OP_SOFTPLUS,  // log(1 + exp(a)), without overflow
  RNN_OP_SQRT,
  RNN_OP_ABS,
  RNN_OP_RELU,      // max(a, 0)
  RNN_OP_SIGMOID,
  RNN_OP_TANH,
  RNN_OP_GREATER,   // a > b ? 1 : 0
  RNN_OP_EQUAL,     // a == b ? 1 : 0
  RNN_OP_SIGMOID_SLOPE,  // (a * b) * (1 - b): the gradient a through a sigmoid of value b
  RNN_OP_TANH_SLOPE,     // a * (1 - b * b): the gradient a through a tanh of value b
  RNN_OP_SUM,       // the sum of the `a_width` first lanes of the row of a, in every lane of the destination
  RNN_OP_MEAN,      // likewise the mean
  RNN_OP_HIGHEST,   // likewise the largest
  RNN_OP_KEEP,      // dropout's mask: 1 / (1 - rate) with probability 1 - rate, else 0
  RNN_OP_CHOOSE,    // zoneout's mask: 1 with probability rate, else 0
} rnn_op;

/// One instruction on rows of `width` lanes. Operands are indices into the table of operands.
typedef struct {
  int32_t op;           // rnn_op
  int32_t destination;
  int32_t a, b, c;
  int32_t width;        // lanes of the destination, a multiple of RNN_UNIT
  int32_t a_width;      // valid lanes of a, for the reductions
  float rate;           // KEEP, CHOOSE
  uint32_t tag;         // KEEP, CHOOSE: which mask (layer and operation), below 2^16
  int32_t per_sequence; // KEEP, CHOOSE: the same mask at every step
  uint32_t narrow;      // bit 0 for a, 1 for b, 2 for c: its row has RNN_UNIT lanes, which are used again and again
} rnn_instruction;

/// Where an operand's row r at step t begins: base + t * time_stride + r * row_stride. The row of a temporary is counted
/// from the beginning of the chunk of rows that is being computed, and its time stride is 0. A row stride of 0 shares one row.
typedef struct {
  float *base;
  ptrdiff_t time_stride;
  ptrdiff_t row_stride;
  int32_t temporary;
  int32_t earlier;  // where rows have lengths: these are the rows of the step before
} rnn_operand;

/// From what masks are drawn: Philox4x32-10 (Salmon et al. 2011) with the key `seed` and a counter of (tag, unit), row,
/// time and step.
typedef struct {
  uint64_t seed;
  uint32_t step;        // training step
  uint32_t time;        // time of step t = 0
  uint32_t row;         // the first row: operand row r counts as the row `row` + r
  const uint32_t *rows; // if not NULL: … as the row `row` + rows[r * row_step]
  int32_t row_step;
} rnn_random;

/// Runs `count` instructions on rows [row, row + rows) of step t, `chunk` rows at a time (temporaries have `chunk` rows).
void rnn_program_run(
  const rnn_instruction *program, int count, const rnn_operand *operands, int t, int row, int rows, int chunk,
  const rnn_random *random);
/// The same on the lanes [lane, lane + lanes) only, where `lane` is a multiple of 64: for programs without reductions.
void rnn_program_run_lanes(
  const rnn_instruction *program, int count, const rnn_operand *operands, int t, int row, int rows, int chunk, int lane,
  int lanes, const rnn_random *random);

/// The four words of Philox4x32-10, for tests and for other draws.
void rnn_philox(uint64_t key, const uint32_t counter[4], uint32_t result[4]);
/// values[i] = keep mask as RNN_OP_KEEP makes it, for i in 0..<count: units i of the given tag, row, time, step.
void rnn_keep_mask(float *values, int count, float rate, uint32_t tag, uint32_t row, uint32_t time, uint32_t step, uint64_t seed);

// MARK: Sequences (sequence.c)

typedef enum {
  RNN_STAGE_FILL = 0,  // columns of the target = init
  RNN_STAGE_PRODUCT,   // columns of the target (+)= source · packed, and what `joined` stages after it add to them
  RNN_STAGE_PROGRAM,   // an element-wise program
  RNN_STAGE_COPY,      // the first n floats of each row: target = source
  RNN_STAGE_STEP,      // the first n floats of each row: target = the index of the step
} rnn_stage_kind;

/// One stage of a step. Unused fields are zero.
typedef struct {
  int32_t kind;                   // rnn_stage_kind
  int32_t source, target;         // operands
  int32_t k, n;                   // rows and columns of the packed matrix
  const float *packed;
  const float *init;              // a row of n floats; NULL: the product is added
  const rnn_instruction *program;
  int32_t count;                  // instructions
  int32_t joined;                 // as many products after this one add to the same columns: one sum, computed here
  int32_t waits;                  // where units are shared out: all units of the stages before it must be done
} rnn_stage;

/// Runs the stages for the steps first, first + direction, …, `steps` of them, on rows [row, row + rows); `chunk` rows at
/// a time in element-wise programs. Nothing is allocated and no thread is waited for.
void rnn_sequence_run(
  const rnn_stage *stages, int count, const rnn_operand *operands, int first, int direction, int steps, int row, int rows,
  int chunk, const rnn_random *random);

/// Sequences of different lengths, the longest in row 0: step t has as many rows as there are sequences that go on, and the
/// rows of all steps follow one another. An operand's row r at step t begins at
/// base + starts[t - earlier] * time_stride + r * row_stride.
typedef struct {
  const int32_t *starts;  // the rows of all steps before t, for t from 0 to the number of steps; [-1]: less than none, the rows
                          // of the first step, for states before it
  int32_t begin, each;    // of a step's rows, begin, begin + each, … are run: operand rows 0, 1, …
  rnn_operand *moved;     // room for as many operands as there are
  int32_t operands;
} rnn_lengths;

/// The same for sequences of different lengths.
void rnn_sequence_run_lengths(
  const rnn_stage *stages, int count, const rnn_operand *operands, int first, int direction, int steps,
  const rnn_lengths *lengths, int chunk, const rnn_random *random);

/// The same on all rows [0, rows), the units shared out over threads, `part` to each: for few rows and large matrices. All
/// rows of the stages are made of blocks of `width` lanes, there are no reductions, and width and part are multiples of 64.
/// With `lengths`, unless it is NULL, a step has as many rows as these say.
void rnn_sequence_run_units(
  const rnn_stage *stages, int count, const rnn_operand *operands, int first, int direction, int steps, int rows,
  const rnn_lengths *lengths, int chunk, int width, int part, const rnn_random *random);

// MARK: Other loops of training (training.inc); all of them run on the calling thread

/// y[i] = exp(x[i]) and so on, over any length; in place is allowed. `op` is one of the unary rnn_op.
void rnn_unary(int op, const float *x, float *y, size_t count);
/// The sum of x[i] * y[i], in one fixed tree.
float rnn_dot(const float *x, const float *y, size_t count);
/// The sum of x[i]² in double precision, in one fixed tree.
double rnn_sum_of_squares(const float *x, size_t count);
/// y[i] += scale * x[i]
void rnn_add_scaled(float scale, const float *x, float *y, size_t count);
/// x[i] *= scale
void rnn_scale(float scale, float *x, size_t count);
/// destination[j] (+)= the sum over rows of source[i * row_stride + j], a chain over i ascending.
void rnn_column_sums(const float *source, ptrdiff_t row_stride, int rows, int n, float *destination, bool accumulate);
/// For each row of n logits: loss[i] = log(sum(exp(x))) - x[target[i]]; if gradient is not NULL,
/// gradient[i * n + j] = (softmax(x)_j - (j == target)) * scale. A target below 0 is ignored: loss 0, gradient 0.
/// gradient may be logits itself. Label smoothing takes the part `smoothing` of the probability from the target and gives all
/// classes the same share of it: the loss is greater by smoothing * (x[target] - the mean of x).
void rnn_softmax_cross_entropy(
  const float *logits, const int32_t *targets, int rows, int n, float smoothing, float scale, float *loss, float *gradient);
/// Row-wise softmax of x / temperature, in place allowed.
void rnn_softmax(const float *x, int rows, int n, float temperature, float *y);
/// Adam (Kingma & Ba 2015) with decoupled weight decay (Loshchilov & Hutter 2019), PyTorch's order of operations:
/// w -= rate * decay * w; m = β₁ m + (1-β₁) g; v = β₂ v + (1-β₂) g²; w -= rate / c1 * m / (sqrt(v) / sqrt(c2) + ε),
/// where g is gradient * gradient_scale, c1 = 1 - β₁^t, c2 = 1 - β₂^t.
void rnn_adam(
  float *w, const float *gradient, float *m, float *v, size_t count, float gradient_scale, float rate, float beta1,
  float beta2, float epsilon, float decay, float c1, float c2);
/// u = momentum * u + g; w -= rate * u, or with `nesterov` w -= rate * (g + momentum * u), where g is gradient *
/// gradient_scale + decay * w. If u is NULL, w -= rate * g.
void rnn_sgd(
  float *w, const float *gradient, float *u, size_t count, float gradient_scale, float rate, float momentum, bool nesterov,
  float decay);

// MARK: Many classes (classes.inc); all of it runs on the calling thread

/// The classes of a block, and the rows that are packed at a time for the gradient of the weights.
#define RNN_CLASS_BLOCK 192
#define RNN_CLASS_ROWS 512

/// A linear layer to `classes` logits, logits = x Wᵀ + b, and the cross-entropy of their softmax with `targets`, where a
/// target below 0 is ignored: loss 0, gradient 0. Label smoothing is that of rnn_softmax_cross_entropy.
typedef struct {
  int32_t rows, inputs, classes;
  float smoothing;
  const float *x;            // [rows × inputs]
  const float *weight;       // [classes × inputs]
  const float *bias;         // [classes], or NULL
  const int32_t *targets;    // [rows]
  float *exponentials;       // exp(logit − the largest of its block), [blocks × rows × RNN_CLASS_BLOCK]; NULL if no gradient is wanted
  float *parts;              // for each block and row its largest logit and the sum of its exponentials: [blocks × 2 × rows]
  float *totals;             // for each block and row the sum of its logits, [blocks × rows]; NULL without smoothing
  float *highest, *sum;      // [rows] each, over all classes
  float *at_target, *losses; // [rows] each
} rnn_class_layer;

/// Computes the logits of block number `block` for all rows, and what the losses need of them.
void rnn_class_logits(const rnn_class_layer *layer, int block);
/// The losses of rows [begin, end), when all blocks are done.
void rnn_class_losses(const rnn_class_layer *layer, int begin, int end);

/// Where gradients go; NULL where they aren't wanted. The sums over rows of weight and bias are chains from the last row
/// to the first, which go on from what is there with `accumulate`.
typedef struct {
  float *x;              // [rows × inputs padded to RNN_UNIT]: the sum over the blocks of one call
  float *weight, *bias;
  const float *packed_x; // x in pieces of RNN_CLASS_ROWS rows from the first, each packed from its last row to its first
  float scale;           // the gradient of every loss
  bool accumulate;
} rnn_class_gradients_of;

/// The gradients that flow from the logits of some blocks.
void rnn_class_gradients(const rnn_class_layer *layer, int first_block, int end_block, const rnn_class_gradients_of *of);

// MARK: Measuring (peak.inc)

/// Runs `rounds` rounds of independent multiply-adds on registers, on the calling thread, and returns the number of
/// floating-point operations in them, two for each multiply-add. *result is their sum, written so that the work can't be
/// left out; it tends to two for each sum, that is to the operations of one round.
double rnn_peak(int rounds, float *result);

#ifdef __cplusplus
}
#endif
#endif
