// Runs the stages of a cell's step over a sequence. The tables are made once, by the plan; here they are only followed.
#include "rnn_kernels.h"
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

static void run_stage(
  const rnn_stage *stage, const rnn_operand *operands, int t, int row, int rows, int chunk, const rnn_random *random) {
  const rnn_operand *target = operands + stage->target;
  const rnn_operand *source = operands + stage->source;
  switch ((rnn_stage_kind)stage->kind) {
  case RNN_STAGE_FILL:
    for (int r = row; r < row + rows; r++) memcpy(row_of(target, t, r), stage->init, sizeof(float) * (size_t)stage->n);
    break;
  case RNN_STAGE_PRODUCT: run_product(stage, operands, t, row, rows, 0, stage->n); break;
  case RNN_STAGE_PROGRAM:
    rnn_program_run(stage->program, stage->count, operands, t, row, rows, chunk, random);
    break;
  case RNN_STAGE_COPY:
    for (int r = row; r < row + rows; r++)
      memcpy(row_of(target, t, r), row_of(source, t, r), sizeof(float) * (size_t)stage->n);
    break;
  case RNN_STAGE_STEP:
    for (int r = row; r < row + rows; r++) {
      float *p = row_of(target, t, r);
      for (int i = 0; i < stage->n; i++) p[i] = (float)(random->time + (uint32_t)t);
    }
    break;
  }
}

void rnn_sequence_run(
  const rnn_stage *stages, int count, const rnn_operand *operands, int first, int direction, int steps, int row, int rows,
  int chunk, const rnn_random *random) {
  for (int s = 0, t = first; s < steps; s++, t += direction)
    for (int i = 0; i < count; i += 1 + stages[i].joined) run_stage(stages + i, operands, t, row, rows, chunk, random);
}

// MARK: Few rows: units are shared out

typedef struct {
  const rnn_stage *stages;
  int count;
  const rnn_operand *operands;
  int t, rows, chunk, width, part;
  const rnn_random *random;
} unit_work;

/// The lanes [lane, lane + lanes) of each block of `width` lanes.
static void run_stage_units(const unit_work *work, const rnn_stage *stage, int lane, int lanes) {
  const rnn_operand *target = work->operands + stage->target;
  const rnn_operand *source = work->operands + stage->source;
  size_t bytes = sizeof(float) * (size_t)lanes;
  int t = work->t;
  switch ((rnn_stage_kind)stage->kind) {
  case RNN_STAGE_FILL:
    for (int r = 0; r < work->rows; r++)
      for (int j = lane; j < stage->n; j += work->width) memcpy(row_of(target, t, r) + j, stage->init + j, bytes);
    break;
  case RNN_STAGE_PRODUCT:
    for (int j = lane; j < stage->n; j += work->width) run_product(stage, work->operands, t, 0, work->rows, j, lanes);
    break;
  case RNN_STAGE_PROGRAM:
    rnn_program_run_lanes(
      stage->program, stage->count, work->operands, t, 0, work->rows, work->chunk, lane, lanes, work->random);
    break;
  case RNN_STAGE_COPY:
    for (int r = 0; r < work->rows; r++) memcpy(row_of(target, t, r) + lane, row_of(source, t, r) + lane, bytes);
    break;
  case RNN_STAGE_STEP:
    for (int r = 0; r < work->rows; r++)
      for (int i = lane; i < lane + lanes; i++) row_of(target, t, r)[i] = (float)(work->random->time + (uint32_t)t);
    break;
  }
}

static void run_part(void *context, int index) {
  const unit_work *work = context;
  int lane = index * work->part, rest = work->width - lane;
  for (int i = 0; i < work->count; i += 1 + work->stages[i].joined) run_stage_units(work, work->stages + i, lane, rest < work->part ? rest : work->part);
}

void rnn_sequence_run_units(
  const rnn_stage *stages, int count, const rnn_operand *operands, int first, int direction, int steps, int rows, int chunk,
  int width, int part, const rnn_random *random) {
  unit_work work = {
    .operands = operands, .rows = rows, .chunk = chunk, .width = width, .part = part, .random = random};
  for (int s = 0; s < steps; s++) {
    work.t = first + s * direction;
    for (int begin = 0; begin < count; begin += work.count) {
      work.stages = stages + begin;
      // Joined products wait together.
      for (work.count = 1 + stages[begin].joined; begin + work.count < count && !stages[begin + work.count].waits;)
        work.count += 1 + stages[begin + work.count].joined;
      rnn_parallel((width + part - 1) / part, run_part, &work);
    }
  }
}
