// SPDX-License-Identifier: Apache-2.0

#include "clock_state.h"

#include <sys/timex.h>

int clinux_clock_is_synchronised(long *error_microseconds) {
    struct timex state = {.modes = 0};
    if (adjtimex(&state) < 0)
        return -1;
    *error_microseconds = state.maxerror;
    return (state.status & STA_UNSYNC) == 0;
}
