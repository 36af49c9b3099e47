// SPDX-License-Identifier: Apache-2.0
//
// A team of threads that run one function together and meet at barriers: they spin briefly, then sleep on a futex.

#ifndef CK_TEAM_H
#define CK_TEAM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

/// Most members of a team.
enum { CK_TEAM_MOST = 64 };

struct ck_team;

/// A member's number, for its thread.
struct ck_seat {
    struct ck_team *team;
    int32_t member;
};

struct ck_team {
    /// Members, the caller's thread included.
    int32_t count;
    /// Threads that were started.
    int32_t started;
    /// What is run, with its context and the member's number.
    void (*work)(void *context, int32_t member);
    void *context;
    /// Grows with every run; members sleep on it between runs.
    _Alignas(64) atomic_uint generation;
    atomic_uint asleep_between_runs;
    atomic_uint ending;
    /// Members that reached the barrier.
    _Alignas(64) atomic_uint arrived;
    /// Grows with every barrier passed.
    _Alignas(64) atomic_uint phase;
    atomic_uint asleep_at_barrier;
    pthread_t threads[CK_TEAM_MOST];
    struct ck_seat seats[CK_TEAM_MOST];
};

/// Starts `count` − 1 threads, all signals blocked. Returns 0, or −1 when a thread can't be had (nothing is left
/// running).
int ck_team_start(struct ck_team *team, int32_t count, void (*work)(void *context, int32_t member), void *context);

/// Runs the work on all members and returns when all have finished. With one member: a plain call.
void ck_team_run(struct ck_team *team);

/// Waits until every member has come here.
void ck_team_barrier(struct ck_team *team);

/// Ends the threads.
void ck_team_end(struct ck_team *team);

#endif
