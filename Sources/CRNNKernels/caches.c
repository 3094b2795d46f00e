// The caches of a core, as the system reports them: what blocks are cut by.
#include "rnn_kernels.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(__APPLE__)
#include <sys/sysctl.h>
#endif

/// The sizes of nearly every processor, for systems that report none, as in some virtual machines.
static const size_t defaults[RNN_CACHE_LEVELS] = {32 << 10, 512 << 10};
/// The range of sizes that are believed.
static const size_t least[RNN_CACHE_LEVELS] = {8 << 10, 64 << 10}, most[RNN_CACHE_LEVELS] = {1 << 20, 1 << 26};

/// In bytes; 0: not known yet.
static _Atomic(size_t) sizes[RNN_CACHE_LEVELS];
/// A choice of this thread's own; others go on with theirs. 0: none.
static _Thread_local size_t selected[RNN_CACHE_LEVELS];

#if defined(__linux__)
/// Reads a line about the first core's cache of an index; false if the system has none.
static bool read_item(int index, const char *item, char text[32]) {
  char path[96];
  snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, item);
  FILE *file = fopen(path, "r");
  if (!file) return false;
  bool is_read = fgets(text, 32, file) != NULL;
  fclose(file);
  return is_read;
}

/// The size of the first core's cache for data of a level, which the system writes as "48K"; 0 if it lists none.
static size_t listed(int level) {
  char text[32];
  for (int index = 0; read_item(index, "level", text); index++) {
    unsigned long long kibibytes;
    bool is_level = atoi(text) == level, holds_data = read_item(index, "type", text) && text[0] != 'I';
    if (is_level && holds_data && read_item(index, "size", text) && sscanf(text, "%lluK", &kibibytes) == 1) return (size_t)kibibytes << 10;
  }
  return 0;
}
#endif

static size_t reported(int level) {
#if defined(__APPLE__)
  const char *const names[2][2] = {{"hw.perflevel0.l1dcachesize", "hw.l1dcachesize"}, {"hw.perflevel0.l2cachesize", "hw.l2cachesize"}};
  for (int i = 0; i < 2; i++) {
    int64_t bytes = 0;
    size_t length = sizeof bytes;
    if (sysctlbyname(names[level - 1][i], &bytes, &length, NULL, 0) == 0 && bytes > 0) return (size_t)bytes;
  }
#endif
#if defined(_SC_LEVEL1_DCACHE_SIZE)
  long bytes = sysconf(level == 1 ? _SC_LEVEL1_DCACHE_SIZE : _SC_LEVEL2_CACHE_SIZE);
  if (bytes > 0) return (size_t)bytes;
#endif
#if defined(__linux__)
  return listed(level);
#else
  return 0;
#endif
}

bool rnn_read_cache_sizes(const char *text, size_t bytes[RNN_CACHE_LEVELS]) {
  unsigned long kibibytes[RNN_CACHE_LEVELS];
  int end = 0;
  if (sscanf(text, "%7lu,%7lu%n", kibibytes, kibibytes + 1, &end) != RNN_CACHE_LEVELS || text[end] != 0) return false;
  for (int i = 0; i < RNN_CACHE_LEVELS; i++) {
    bytes[i] = (size_t)kibibytes[i] << 10;
    if (bytes[i] < least[i] || bytes[i] > most[i]) return false;
  }
  return true;
}

size_t rnn_cache_size(int level) {
  const int i = level - 1;
  if (selected[i] > 0) return selected[i];
  size_t size = atomic_load_explicit(sizes + i, memory_order_relaxed);
  if (size > 0) return size;
  // Several threads may find the same answer; they store the same value.
  size_t wish[RNN_CACHE_LEVELS];
  const char *text = getenv("RNN_CACHES");
  size = text && rnn_read_cache_sizes(text, wish) ? wish[i] : reported(level);
  if (size < least[i] || size > most[i]) size = defaults[i];
  atomic_store_explicit(sizes + i, size, memory_order_relaxed);
  return size;
}

void rnn_select_cache_sizes(size_t first, size_t second) {
  selected[0] = first;
  selected[1] = second;
}
