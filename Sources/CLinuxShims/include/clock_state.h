// SPDX-License-Identifier: Apache-2.0
//
// Whether the kernel's clock is kept right by a time service.
//
// Why a shim: Swift's Glibc module doesn't include <sys/timex.h>.

#ifndef JIDOKA_CLOCK_STATE_H
#define JIDOKA_CLOCK_STATE_H

/// Asks adjtimex(2) without setting anything: 1 when the clock is synchronised, 0 when not, -1 with errno set on failure;
/// `error_microseconds` gets the largest error that the kernel reckons with.
int clinux_clock_is_synchronised(long *error_microseconds);

#endif
