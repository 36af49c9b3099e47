// SPDX-License-Identifier: Apache-2.0
// Message digests; part of every Debian (dpkg needs it).
#include <sys/types.h>
#include <sha256.h>
