// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "accept_cloexec.h"

#include <stddef.h>
#include <sys/socket.h>

int clinux_accept_cloexec(int listener) {
    return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}
