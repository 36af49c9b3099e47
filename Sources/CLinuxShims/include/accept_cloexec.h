// SPDX-License-Identifier: Apache-2.0
//
// Accepting a connection that no child process inherits.
//
// Why a shim: glibc declares accept4 only under _GNU_SOURCE, which Swift's Glibc module is built without; accept and
// fcntl in two steps leak the descriptor into a process that is spawned in between.

#ifndef JIDOKA_ACCEPT_CLOEXEC_H
#define JIDOKA_ACCEPT_CLOEXEC_H

/// accept4 with SOCK_CLOEXEC and SOCK_NONBLOCK, without the peer's address; -1 with errno set on failure.
int clinux_accept_cloexec(int listener);

#endif
