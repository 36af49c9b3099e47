// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer target: any bytes as a plan. What the check lets through must run inside its arena, alike on one and two
// workers, scalar and widest variant. Built with address and undefined-behaviour sanitizers by run.sh.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ck_plan.h"

/// Pictures larger than this would only make the fuzzer slow.
enum { MOST_SIDE = 64, MOST_ARENA = 1 << 22 };

static void *aligned_copy(const void *bytes, size_t count) {
    void *copy = aligned_alloc(CK_ALIGNMENT, (count + CK_ALIGNMENT) / CK_ALIGNMENT * CK_ALIGNMENT);
    if (copy) memcpy(copy, bytes, count);
    return copy;
}

/// Runs the plan and sums up the bits of all its distances.
static uint64_t run(const void *plan, size_t count, const struct ck_integer_kernels *kernels, int32_t workers,
                    const uint8_t *picture) {
    struct ck_plan_error error;
    struct ck_runner *runner = ck_runner_make(plan, count, kernels, workers, &error);
    if (!runner) return 0;
    ck_runner_run(runner, picture);
    const struct ck_plan_header *header = plan;
    const struct ck_plan_value *values = (const struct ck_plan_value *)(header + 1);
    uint64_t hash = 1469598103934665603ull;
    for (uint32_t i = 0; i < header->value_count; i++) {
        if (values[i].kind != CK_F32) continue;
        const uint8_t *bytes = ck_runner_value(runner, i, NULL);
        for (size_t k = 0; k < (size_t)values[i].height * values[i].width * 4; k++)
            hash = (hash ^ bytes[k]) * 1099511628211ull;
    }
    ck_runner_free(runner);
    return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count) {
    void *plan = aligned_copy(data, count);
    if (!plan) return 0;
    struct ck_plan_error error;
    const struct ck_plan_header *header = plan;
    if (ck_plan_check(plan, count, &error) == 0 && header->input_size <= MOST_SIDE &&
        header->arena_bytes <= MOST_ARENA) {
        const size_t bytes = (size_t)header->input_size * header->input_size * 3;
        uint8_t *picture = malloc(bytes);
        for (size_t i = 0; picture && i < bytes; i++) picture[i] = (uint8_t)(i * 2654435761u >> 13);
        if (picture) {
            const uint64_t reference = run(plan, count, ck_integer_kernels_named("scalar"), 1, picture);
            if (run(plan, count, ck_integer_kernels_named(NULL), 2, picture) != reference) {
                fprintf(stderr, "the variants differ\n");
                abort();
            }
        }
        free(picture);
    }
    free(plan);
    return 0;
}
