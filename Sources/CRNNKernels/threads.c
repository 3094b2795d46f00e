// A pool of threads for loops that take microseconds to milliseconds.
//
// A job is published in one atomic word, its generation and the number of indices still to be handed out. An index is
// claimed by decrementing that number; a claim succeeds only while the job is unfinished, so a thread that comes late can
// never touch the next job with what it read about the last one. The caller works too, hence a job ends even if no worker
// ever wakes.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "kernel_table.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#endif

enum { most_threads = 256, spin_nanoseconds = 50000, stack_bytes = 4 << 20 };

/// One who may sleep until something atomic has changed. The sleeper announces itself, then looks once more; the waker
/// changes, then looks for sleepers (both sequentially consistent): one of them sees the other.
typedef struct {
  pthread_mutex_t mutex;
  pthread_cond_t condition;
  _Atomic(bool) asleep;
} sleeper;

typedef struct {
  _Alignas(128) sleeper sleeper;
  int index;
} worker;

static struct {
  _Alignas(128) _Atomic(uint64_t) state;  // generation << 32 | indices not yet handed out
  _Alignas(128) _Atomic(int) finished;    // indices whose body has returned
  // What the workers read about the job: written only while there is none.
  _Alignas(128) _Atomic(int) count;
  _Atomic(int) helpers;  // workers that take part: those with a lower index
  void (*_Atomic body)(void *, int);
  void *_Atomic context;
  _Alignas(128) atomic_flag busy;
  int started;  // workers that exist, guarded by `busy`
  sleeper caller;
  worker workers[most_threads - 1];
} pool = {
  .busy = ATOMIC_FLAG_INIT,
  .caller = {.mutex = PTHREAD_MUTEX_INITIALIZER, .condition = PTHREAD_COND_INITIALIZER},
};

static _Atomic(int) thread_count;
static _Thread_local bool inside;

static inline void pause_briefly(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int core_count(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 ? (int)count : 1;
}

int rnn_thread_count(void) {
  int count = atomic_load_explicit(&thread_count, memory_order_relaxed);
  if (count > 0) return count;
  int cores = core_count();
  if (cores > most_threads) cores = most_threads;
  // Only the first answer counts, and only if nobody has set another meanwhile.
  return atomic_compare_exchange_strong(&thread_count, &count, cores) ? cores : count;
}

void rnn_set_thread_count(int count) {
  atomic_store(&thread_count, count < 1 ? 1 : count > most_threads ? most_threads : count);
}

static inline uint32_t generation_of(uint64_t state) { return (uint32_t)(state >> 32); }

static void wake(sleeper *s) {
  if (!atomic_load(&s->asleep)) return;
  pthread_mutex_lock(&s->mutex);
  pthread_cond_signal(&s->condition);
  pthread_mutex_unlock(&s->mutex);
}

/// Claims and runs indices of the job `generation` until none is left.
static void work(uint32_t generation) {
  int count = atomic_load_explicit(&pool.count, memory_order_relaxed);
  void (*body)(void *, int) = atomic_load_explicit(&pool.body, memory_order_relaxed);
  void *context = atomic_load_explicit(&pool.context, memory_order_relaxed);
  int done = 0;
  uint64_t state = atomic_load_explicit(&pool.state, memory_order_acquire);
  while (generation_of(state) == generation && (uint32_t)state > 0) {
    if (!atomic_compare_exchange_weak_explicit(
          &pool.state, &state, state - 1, memory_order_acq_rel, memory_order_acquire))
      continue;
    body(context, count - (int)(uint32_t)state);
    done++;
    state = atomic_load_explicit(&pool.state, memory_order_acquire);
  }
  if (done > 0 && atomic_fetch_add(&pool.finished, done) + done == count) wake(&pool.caller);
}

static void *run_worker(void *argument) {
  worker *self = argument;
  inside = true;
  uint32_t seen = 0;
  int64_t deadline = now() + spin_nanoseconds;
  for (unsigned turn = 1;; turn++) {
    uint32_t generation = generation_of(atomic_load_explicit(&pool.state, memory_order_acquire));
    if (generation != seen) {
      seen = generation;
      if (self->index >= atomic_load_explicit(&pool.helpers, memory_order_relaxed)) continue;
      work(generation);
      deadline = now() + spin_nanoseconds;
    }
    pause_briefly();
    if (turn % 64 != 0 || now() < deadline) continue;
    pthread_mutex_lock(&self->sleeper.mutex);
    atomic_store(&self->sleeper.asleep, true);
    while (generation_of(atomic_load(&pool.state)) == seen)
      pthread_cond_wait(&self->sleeper.condition, &self->sleeper.mutex);
    atomic_store(&self->sleeper.asleep, false);
    pthread_mutex_unlock(&self->sleeper.mutex);
  }
  return NULL;
}

/// Starts workers until there are `wanted` (or the system refuses); called by the holder of `busy`.
static void start_workers(int wanted) {
  if (pool.started >= wanted) return;
  // Signals are for the program's own threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  while (pool.started < wanted) {
    worker *w = &pool.workers[pool.started];
    w->index = pool.started;
    pthread_mutex_init(&w->sleeper.mutex, NULL);
    pthread_cond_init(&w->sleeper.condition, NULL);
    pthread_t thread;
    if (pthread_create(&thread, &attributes, run_worker, w) != 0) break;
    pool.started++;
  }
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void wait_until_finished(int count) {
  int64_t deadline = 0;
  for (unsigned turn = 1;; turn++) {
    if (atomic_load_explicit(&pool.finished, memory_order_acquire) == count) return;
    pause_briefly();
    if (turn % 64 != 0) continue;
    int64_t time = now();
    if (deadline == 0) deadline = time + spin_nanoseconds;
    if (time >= deadline) break;
  }
  pthread_mutex_lock(&pool.caller.mutex);
  atomic_store(&pool.caller.asleep, true);
  while (atomic_load(&pool.finished) != count) pthread_cond_wait(&pool.caller.condition, &pool.caller.mutex);
  atomic_store(&pool.caller.asleep, false);
  pthread_mutex_unlock(&pool.caller.mutex);
}

void rnn_parallel(int count, void (*body)(void *context, int index), void *context) {
  if (count <= 0) return;
  int helpers = rnn_thread_count() - 1;
  if (helpers > count - 1) helpers = count - 1;
  bool nested = inside;
  inside = true;
  if (nested || helpers == 0 || atomic_flag_test_and_set_explicit(&pool.busy, memory_order_acquire)) {
    for (int i = 0; i < count; i++) body(context, i);
    inside = nested;
    return;
  }
  start_workers(helpers);
  if (helpers > pool.started) helpers = pool.started;
  atomic_store_explicit(&pool.count, count, memory_order_relaxed);
  atomic_store_explicit(&pool.helpers, helpers, memory_order_relaxed);
  atomic_store_explicit(&pool.body, body, memory_order_relaxed);
  atomic_store_explicit(&pool.context, context, memory_order_relaxed);
  atomic_store_explicit(&pool.finished, 0, memory_order_relaxed);
  uint32_t generation = generation_of(atomic_load_explicit(&pool.state, memory_order_relaxed)) + 1;
  atomic_store(&pool.state, (uint64_t)generation << 32 | (uint32_t)count);
  for (int i = 0; i < helpers; i++) wake(&pool.workers[i].sleeper);
  work(generation);
  wait_until_finished(count);
  atomic_flag_clear_explicit(&pool.busy, memory_order_release);
  inside = false;
}

// MARK: Scratch memory

typedef struct {
  size_t capacity;
  float *values;
} scratch;

static pthread_key_t scratch_key;
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;

static void free_scratch(void *value) {
  scratch *s = value;
  free(s->values);
  free(s);
}

static void make_scratch_key(void) {
  if (pthread_key_create(&scratch_key, free_scratch) != 0) abort();
}

float *rnn_scratch(size_t count) {
  pthread_once(&scratch_once, make_scratch_key);
  scratch *s = pthread_getspecific(scratch_key);
  if (!s) {
    s = calloc(1, sizeof *s);
    if (!s || pthread_setspecific(scratch_key, s) != 0) abort();
  }
  if (count > s->capacity) {
    free(s->values);
    void *values = NULL;
    if (posix_memalign(&values, 128, count * sizeof(float)) != 0) abort();
    s->values = values;
    s->capacity = count;
  }
  return s->values;
}
