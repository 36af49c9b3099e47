// SPDX-License-Identifier: Apache-2.0

#include "team.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Looks before sleeping: some fifty microseconds, longer than steps differ, shorter than anyone minds.
enum { SPINS = 2000 };

static void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/// Returns when `*word` is no longer `old`. Who changes it must look at `*asleep` afterwards and wake: the counter
/// grows before the kernel compares, so one of the two always sees the other.
static void wait_while(atomic_uint *word, unsigned old, atomic_uint *asleep) {
    for (int32_t spin = 0; spin < SPINS; spin++) {
        if (atomic_load_explicit(word, memory_order_acquire) != old) return;
        relax();
    }
    atomic_fetch_add(asleep, 1);
    while (atomic_load(word) == old) syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
    atomic_fetch_sub(asleep, 1);
}

static void advance(atomic_uint *word, atomic_uint *asleep) {
    atomic_fetch_add(word, 1);
    if (atomic_load(asleep) > 0) syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, CK_TEAM_MOST, NULL, NULL, 0);
}

void ck_team_barrier(struct ck_team *team) {
    if (team->count == 1) return;
    const unsigned phase = atomic_load(&team->phase);
    if (atomic_fetch_add(&team->arrived, 1) + 1 == (unsigned)team->count) {
        atomic_store(&team->arrived, 0);
        advance(&team->phase, &team->asleep_at_barrier);
    } else {
        wait_while(&team->phase, phase, &team->asleep_at_barrier);
    }
}

static void *member_main(void *argument) {
    const struct ck_seat *seat = argument;
    struct ck_team *team = seat->team;
    const int32_t member = seat->member;
    // The generation at the team's start, not now: the first run may have begun before this thread did.
    unsigned generation = 0;
    for (;;) {
        wait_while(&team->generation, generation, &team->asleep_between_runs);
        generation++;
        if (atomic_load(&team->ending)) return NULL;
        team->work(team->context, member);
        ck_team_barrier(team);
    }
}

int ck_team_start(struct ck_team *team, int32_t count, void (*work)(void *context, int32_t member), void *context) {
    team->count = 1;
    team->started = 0;
    team->work = work;
    team->context = context;
    atomic_init(&team->generation, 0);
    atomic_init(&team->asleep_between_runs, 0);
    atomic_init(&team->ending, 0);
    atomic_init(&team->arrived, 0);
    atomic_init(&team->phase, 0);
    atomic_init(&team->asleep_at_barrier, 0);
    // Signals are for the threads that wait for them.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    for (int32_t member = 1; member < count; member++) {
        team->seats[member] = (struct ck_seat){team, member};
        if (pthread_create(&team->threads[team->started], NULL, member_main, &team->seats[member]) != 0) break;
        team->started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (team->started + 1 < count) {
        ck_team_end(team);
        return -1;
    }
    team->count = count;
    return 0;
}

void ck_team_run(struct ck_team *team) {
    if (team->count > 1) advance(&team->generation, &team->asleep_between_runs);
    team->work(team->context, 0);
    ck_team_barrier(team);
}

void ck_team_end(struct ck_team *team) {
    atomic_store(&team->ending, 1);
    advance(&team->generation, &team->asleep_between_runs);
    for (int32_t k = 0; k < team->started; k++) pthread_join(team->threads[k], NULL);
    team->started = 0;
    team->count = 1;
}
