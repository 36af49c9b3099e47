// SPDX-License-Identifier: Apache-2.0
//
// What the machine can do at most, measured in the same run as what a kernel does: shares of it mean something on every
// machine, times on one only.

#ifndef CK_PEAK_H
#define CK_PEAK_H

#include <stdint.h>

#include "ck_integer.h"

/// Runs the multiply-add instructions of a table's convolution on registers only, `iterations` times over its
/// accumulators. Returns the multiply-accumulates done, for the caller who timed it; 0 for the scalar reference, whose
/// instructions the compiler chooses. The CPU must run the table.
int64_t ck_integer_peak_run(const struct ck_integer_kernels *kernels, int64_t iterations);

/// Runs a chain of dependent additions of one clock cycle each, and returns how many: additions per second are the
/// core's clock, against which a peak can be checked.
int64_t ck_cycles_run(int64_t additions);

#endif
