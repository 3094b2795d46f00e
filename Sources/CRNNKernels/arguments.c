// The program's arguments as the system hands them to whatever is initialised before it begins.
#include "rnn_kernels.h"
#include <stdlib.h>

static int argument_count = 0;
static char **arguments = NULL;

#if defined(__GLIBC__) || defined(__APPLE__)
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
  argument_count = count;
  arguments = values;
}
#endif

char **rnn_arguments(int *count) {
  *count = argument_count;
  return arguments;
}
