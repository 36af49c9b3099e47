// SPDX-License-Identifier: Apache-2.0
//
// Counts what a quiet path must not do: allocations of the whole program, by standing in front of the C library's
// functions, and system calls, by having the kernel report them. Only the tool and the tests link this; the daemon does
// not.

#ifndef PROBES_H
#define PROBES_H

#include <stdint.h>

/// Memory blocks asked for since the program's start, by all threads.
uint64_t allocations_so_far(void);

/// The same, only those of the calling thread: for tests, beside which others run.
uint64_t allocations_of_this_thread(void);

/// System calls that `work(context)` makes, counted in a child process whose kernel refuses each with ENOSYS and tells;
/// −1 when no child or no filter can be had. The caller should have one thread only: the child has no other.
int64_t system_calls_of(void (*work)(void *context), void *context);

#endif
