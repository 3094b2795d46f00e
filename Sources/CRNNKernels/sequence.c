// Runs the stages of a cell's step over a sequence. The tables are made once, by the plan; here they are only followed.
#include "rnn_kernels.h"
#include <string.h>

static inline float *row_of(const rnn_operand *operand, int t, int row) {
  return operand->base + (ptrdiff_t)t * operand->time_stride + (ptrdiff_t)row * operand->row_stride;
}

static void run_stage(
  const rnn_stage *stage, const rnn_operand *operands, int t, int row, int rows, int chunk, const rnn_random *random) {
  const rnn_operand *target = operands + stage->target;
  const rnn_operand *source = operands + stage->source;
  switch ((rnn_stage_kind)stage->kind) {
  case RNN_STAGE_FILL:
    for (int r = row; r < row + rows; r++) memcpy(row_of(target, t, r), stage->init, sizeof(float) * (size_t)stage->n);
    break;
  case RNN_STAGE_PRODUCT:
    rnn_product(
      row_of(source, t, row), source->row_stride, rows, stage->packed, stage->k, stage->n, row_of(target, t, row),
      target->row_stride, stage->init);
    break;
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
    for (int i = 0; i < count; i++) run_stage(stages + i, operands, t, row, rows, chunk, random);
}
