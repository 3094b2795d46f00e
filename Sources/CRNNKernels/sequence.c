// Runs the stages of a cell's step over a sequence. The tables are made once, by the plan; here they are only followed.
#include "rnn_kernels.h"
#include <limits.h>
#include <string.h>

static inline float *row_of(const rnn_operand *operand, int t, int row) {
  return operand->base + (ptrdiff_t)t * operand->time_stride + (ptrdiff_t)row * operand->row_stride;
}

/// The columns [column, column + n) of a sum of products, where `column` is a multiple of 64, of which panels are parts.
static void run_product(
  const rnn_stage *stage, const rnn_operand *operands, int t, int row, int rows, int column, int n) {
  rnn_factors factors[RNN_MOST_FACTORS];
  for (int i = 0; i <= stage->joined; i++) {
    const rnn_operand *source = operands + stage[i].source;
    factors[i] = (rnn_factors){
      row_of(source, t, row), source->row_stride, stage[i].packed + (size_t)column * (size_t)stage[i].k, stage[i].k};
  }
  const rnn_operand *target = operands + stage->target;
  rnn_sum_of_products(
    factors, stage->joined + 1, rows, n, row_of(target, t, row) + column, target->row_stride,
    stage->init ? stage->init + column : NULL);
}

/// The lanes [first, first + count) of each block of `width` lanes, as far as a row has so many.
typedef struct {
  int first, count, width;
} lane_range;

static const lane_range all_lanes = {0, INT_MAX, INT_MAX};

static void run_stage(
  const rnn_stage *stage, const rnn_operand *operands, int t, int row, int rows, int chunk, lane_range lanes,
  const rnn_random *random) {
  const rnn_operand *target = operands + stage->target;
  const rnn_operand *source = operands + stage->source;
  if (stage->kind == RNN_STAGE_PROGRAM) {
    rnn_program_run_lanes(
      stage->program, stage->count, operands, t, row, rows, chunk, lanes.first, lanes.count, random);
    return;
  }
  for (int64_t block = lanes.first; block < stage->n; block += lanes.width) {
    int j = (int)block, n = stage->n - j < lanes.count ? stage->n - j : lanes.count;
    size_t bytes = sizeof(float) * (size_t)n;
    if (stage->kind == RNN_STAGE_PRODUCT) {
      run_product(stage, operands, t, row, rows, j, n);
      continue;
    }
    for (int r = row; r < row + rows; r++) {
      float *to = row_of(target, t, r) + j;
      switch ((rnn_stage_kind)stage->kind) {
      case RNN_STAGE_FILL: memcpy(to, stage->init + j, bytes); break;
      case RNN_STAGE_COPY: memcpy(to, row_of(source, t, r) + j, bytes); break;
      case RNN_STAGE_STEP:
        for (int i = 0; i < n; i++) to[i] = (float)(random->time + (uint32_t)t);
        break;
      case RNN_STAGE_PRODUCT:
      case RNN_STAGE_PROGRAM: break;
      }
    }
  }
}

void rnn_sequence_run(
  const rnn_stage *stages, int count, const rnn_operand *operands, int first, int direction, int steps, int row, int rows,
  int chunk, const rnn_random *random) {
  for (int s = 0, t = first; s < steps; s++, t += direction)
    for (int i = 0; i < count; i += 1 + stages[i].joined)
      run_stage(stages + i, operands, t, row, rows, chunk, all_lanes, random);
}

// MARK: Sequences of different lengths

/// The rows of step t that are run here.
static int rows_at(const rnn_lengths *lengths, int t) {
  int count = lengths->starts[t + 1] - lengths->starts[t];
  return count > lengths->begin ? (count - lengths->begin + lengths->each - 1) / lengths->each : 0;
}

/// The operands as they lie at step t.
static const rnn_operand *operands_at(const rnn_lengths *lengths, const rnn_operand *operands, int t) {
  for (int i = 0; i < lengths->operands; i++) {
    rnn_operand operand = operands[i];
    operand.base += lengths->starts[t - operand.earlier] * operand.time_stride;
    operand.time_stride = 0;
    lengths->moved[i] = operand;
  }
  return lengths->moved;
}

void rnn_sequence_run_lengths(
  const rnn_stage *stages, int count, const rnn_operand *operands, int first, int direction, int steps,
  const rnn_lengths *lengths, int chunk, const rnn_random *random) {
  for (int s = 0, t = first; s < steps; s++, t += direction) {
    int rows = rows_at(lengths, t);
    if (rows == 0) continue;
    const rnn_operand *moved = operands_at(lengths, operands, t);
    for (int i = 0; i < count; i += 1 + stages[i].joined)
      run_stage(stages + i, moved, t, 0, rows, chunk, all_lanes, random);
  }
}

// MARK: Few rows: units are shared out

typedef struct {
  const rnn_stage *stages;
  int count;
  const rnn_operand *operands;
  int t, rows, chunk, width, part;
  const rnn_random *random;
} unit_work;

static void run_part(void *context, int index) {
  const unit_work *work = context;
  const lane_range lanes = {
    index * work->part, work->width - index * work->part < work->part ? work->width - index * work->part : work->part,
    work->width};
  for (int i = 0; i < work->count; i += 1 + work->stages[i].joined)
    run_stage(work->stages + i, work->operands, work->t, 0, work->rows, work->chunk, lanes, work->random);
}

void rnn_sequence_run_units(
  const rnn_stage *stages, int count, const rnn_operand *operands, int first, int direction, int steps, int rows,
  const rnn_lengths *lengths, int chunk, int width, int part, const rnn_random *random) {
  unit_work work = {
    .operands = operands, .rows = rows, .chunk = chunk, .width = width, .part = part, .random = random};
  for (int s = 0; s < steps; s++) {
    work.t = first + s * direction;
    if (lengths) {
      work.rows = rows_at(lengths, work.t);
      work.operands = operands_at(lengths, operands, work.t);
    }
    for (int begin = 0; begin < count; begin += work.count) {
      work.stages = stages + begin;
      // Joined products wait together.
      for (work.count = 1 + stages[begin].joined; begin + work.count < count && !stages[begin + work.count].waits;)
        work.count += 1 + stages[begin + work.count].joined;
      rnn_parallel((width + part - 1) / part, run_part, &work);
    }
  }
}
