// SPDX-License-Identifier: Apache-2.0
//
// Who is at the other end of a Unix socket.
//
// Why a shim: SO_PEERCRED fills a `struct ucred`, which glibc declares only under _GNU_SOURCE; whether Swift's Glibc
// module sees it depends on the toolchain.

#ifndef JIDOKA_PEER_CREDENTIALS_H
#define JIDOKA_PEER_CREDENTIALS_H

#include <sys/types.h>

/// Reads process, user and group of the peer as they were when it connected (getsockopt SO_PEERCRED).
///
/// Returns 0, or -1 with errno set; nothing is written then.
int clinux_peer_credentials(int socket, pid_t *process, uid_t *user, gid_t *group);

/// Reads all groups of the peer, besides the one above, as they were when it connected (getsockopt SO_PEERGROUPS, Linux 4.13).
///
/// `count` is the room in `groups`, and then how many there are. Returns 0, or -1 with errno set: ERANGE when there is too
/// little room, `count` then says how much is needed.
int clinux_peer_groups(int socket, gid_t *groups, int *count);

#endif
