#include "rnn_kernels.h"
int rnn_thread_count(void) { return 1; }
void rnn_set_thread_count(int count) { (void)count; }
void rnn_parallel(int count, void (*body)(void *context, int index), void *context) { for (int i = 0; i < count; i++) body(context, i); }
