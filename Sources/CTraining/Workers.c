// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CTraining.h"

#include <pthread.h>
#include <stdatomic.h>

// One pool for the process. A region is announced by raising `generation`; helpers 1..<threads then draw shards from
// `next` until none is left. Waiting spins briefly (regions follow each other within microseconds in a training step),
// then sleeps, so that an idle process uses no CPU.

enum { most_threads = 64, spins = 4000 };

static struct {
    pthread_mutex_t caller;          // held for a whole region: one region at a time
    pthread_mutex_t lock;            // guards sleeping and waking
    pthread_cond_t wake, done;
    int helpers;                     // started so far, only changed by the caller
    _Atomic uint32_t generation;      // 32 bits: fits beside the number in a helper's argument
    atomic_int next;                 // the next shard to draw
    atomic_int running;              // helpers that have not finished this region
    int shards, threads;
    ct_body body;
    void *context;
} pool = {
    .caller = PTHREAD_MUTEX_INITIALIZER,
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .wake = PTHREAD_COND_INITIALIZER,
    .done = PTHREAD_COND_INITIALIZER,
};

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void draw(int worker) {
    for (;;) {
        int shard = atomic_fetch_add_explicit(&pool.next, 1, memory_order_relaxed);
        if (shard >= pool.shards) return;
        pool.body(pool.context, shard, worker);
    }
}

static void *helper(void *argument) {
    // The generation at birth, so that a helper that starts late neither misses a region nor repeats an old one.
    const int worker = (int)((uintptr_t)argument & 255);
    uint32_t seen = (uint32_t)((uintptr_t)argument >> 8);
    for (;;) {
        for (int i = 0; i < spins && atomic_load(&pool.generation) == seen; i++) pause_briefly();
        if (atomic_load(&pool.generation) == seen) {
            pthread_mutex_lock(&pool.lock);
            while (atomic_load(&pool.generation) == seen) pthread_cond_wait(&pool.wake, &pool.lock);
            pthread_mutex_unlock(&pool.lock);
        }
        // The caller cannot announce the next region before this helper has reported the end of this one.
        seen = atomic_load(&pool.generation);
        if (worker < pool.threads) draw(worker);
        if (atomic_fetch_sub(&pool.running, 1) == 1) {
            pthread_mutex_lock(&pool.lock);
            pthread_cond_signal(&pool.done);
            pthread_mutex_unlock(&pool.lock);
        }
    }
    return NULL;
}

void ct_run(int shards, int threads, ct_body body, void *context) {
    if (threads > shards) threads = shards;
    if (threads > most_threads) threads = most_threads;
    if (threads <= 1 || pthread_mutex_trylock(&pool.caller) != 0) {
        for (int shard = 0; shard < shards; shard++) body(context, shard, 0);
        return;
    }
    while (pool.helpers + 1 < threads) {
        pthread_t thread;
        const uintptr_t birth = atomic_load(&pool.generation), number = (uintptr_t)pool.helpers + 1;
        if (pthread_create(&thread, NULL, helper, (void *)(birth << 8 | number)) != 0) break;
        pthread_detach(thread);
        pool.helpers++;
    }
    pool.shards = shards;
    pool.threads = threads;
    pool.body = body;
    pool.context = context;
    atomic_store(&pool.next, 0);
    atomic_store(&pool.running, pool.helpers);
    pthread_mutex_lock(&pool.lock);
    atomic_fetch_add(&pool.generation, 1);
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
    draw(0);
    for (int i = 0; i < spins && atomic_load(&pool.running) != 0; i++) pause_briefly();
    if (atomic_load(&pool.running) != 0) {
        pthread_mutex_lock(&pool.lock);
        while (atomic_load(&pool.running) != 0) pthread_cond_wait(&pool.done, &pool.lock);
        pthread_mutex_unlock(&pool.lock);
    }
    pthread_mutex_unlock(&pool.caller);
}
