// SPDX-License-Identifier: Apache-2.0
//
// libsystemd as the daemon uses it: structured lines for the journal, and (later) readiness and watchdog.

#ifndef JIDOKA_LIBSYSTEMD_H
#define JIDOKA_LIBSYSTEMD_H

// Without this, sd_journal_sendv is a macro that adds the C caller's file and line; Swift sees functions only and sends
// CODE_FILE, CODE_LINE and CODE_FUNC itself.
#define SD_JOURNAL_SUPPRESS_LOCATION

#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#endif
