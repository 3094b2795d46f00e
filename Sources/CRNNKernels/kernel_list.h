// RNN_KERNEL(result, name, parameters): one line for every function that exists once per instruction set.
// (Included several times, so without a guard.)

// products.inc
RNN_KERNEL(int, panel_columns, (void))
RNN_KERNEL(rnn_blocks, blocks, (void))
RNN_KERNEL(void, pack, (float *packed, int k, int column, int n, const float *source, ptrdiff_t row_stride, ptrdiff_t column_stride))
RNN_KERNEL(void, product, (const rnn_factors *factors, int count, int rows, int n, float *c, ptrdiff_t c_stride, const float *init))
RNN_KERNEL(void, gemm, (int m, int n, int k, const float *a, ptrdiff_t a_row, ptrdiff_t a_column, const float *b, ptrdiff_t b_row, ptrdiff_t b_column, float *const *c, int piece_rows, ptrdiff_t c_row, bool accumulate))

// program.inc
RNN_KERNEL(void, program_run, (const rnn_instruction *program, int count, const rnn_operand *operands, int t, int row, int rows, int chunk, int lane, int lanes, const rnn_random *random))
RNN_KERNEL(void, keep_mask, (float *values, int count, float rate, uint32_t tag, uint32_t row, uint32_t time, uint32_t step, uint64_t seed))

// training.inc
RNN_KERNEL(void, unary, (int op, const float *x, float *y, size_t count))
RNN_KERNEL(float, dot, (const float *x, const float *y, size_t count))
RNN_KERNEL(double, sum_of_squares, (const float *x, size_t count))
RNN_KERNEL(void, add_scaled, (float scale, const float *x, float *y, size_t count))
RNN_KERNEL(void, scale, (float scale, float *x, size_t count))
RNN_KERNEL(void, column_sums, (const float *source, ptrdiff_t row_stride, int rows, int n, float *destination, bool accumulate))
RNN_KERNEL(void, softmax_cross_entropy, (const float *logits, const int32_t *targets, int rows, int n, float smoothing, float scale, float *loss, float *gradient))
RNN_KERNEL(void, softmax, (const float *x, int rows, int n, float temperature, float *y))
RNN_KERNEL(void, adam, (float *w, const float *gradient, float *m, float *v, size_t count, float gradient_scale, float rate, float beta1, float beta2, float epsilon, float decay, float c1, float c2))
RNN_KERNEL(void, sgd, (float *w, const float *gradient, float *u, size_t count, float gradient_scale, float rate, float momentum, bool nesterov, float decay))

// classes.inc
RNN_KERNEL(void, class_logits, (const rnn_class_layer *layer, int block))
RNN_KERNEL(void, class_losses, (const rnn_class_layer *layer, int begin, int end))
RNN_KERNEL(void, class_gradients, (const rnn_class_layer *layer, int first_block, int end_block, const rnn_class_gradients_of *of))

// peak.inc
RNN_KERNEL(double, peak, (int rounds, float *result))
