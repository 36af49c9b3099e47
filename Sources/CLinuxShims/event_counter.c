// SPDX-License-Identifier: Apache-2.0

#include "event_counter.h"

#include <sys/eventfd.h>

int clinux_event_counter(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}
