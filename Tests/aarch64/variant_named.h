// SPDX-License-Identifier: Apache-2.0

#ifndef VARIANT_NAMED_H
#define VARIANT_NAMED_H

#include <stdio.h>
#include <stdlib.h>

#include "ck_integer.h"

/// The table that JIDOKA_ISA names, or the widest that runs; ends the program with status 2 where that can't run.
static inline const struct ck_integer_kernels *variant_named(void) {
    const char *name = getenv("JIDOKA_ISA");
    const struct ck_integer_kernels *kernels = ck_integer_kernels_named(name);
    if (!kernels) {
        fprintf(stderr, "JIDOKA_ISA: expected one of");
        const struct ck_integer_kernels *const *list = ck_integer_variants();
        for (; *list; list++) fprintf(stderr, " %s", (*list)->name);
        fprintf(stderr, ", found %s\n", name);
        exit(2);
    }
    if (!ck_integer_runs(kernels)) {
        fprintf(stderr, "JIDOKA_ISA: this CPU cannot run %s; leave JIDOKA_ISA unset for the widest that it can\n",
                kernels->name);
        exit(2);
    }
    return kernels;
}

#endif
