// SPDX-License-Identifier: Apache-2.0
//
// A descriptor that wakes a thread waiting in poll.
//
// Why a shim: Swift's Glibc module doesn't include <sys/eventfd.h>.

#ifndef JIDOKA_EVENT_COUNTER_H
#define JIDOKA_EVENT_COUNTER_H

/// eventfd(0) with EFD_CLOEXEC and EFD_NONBLOCK; -1 with errno set on failure.
int clinux_event_counter(void);

#endif
