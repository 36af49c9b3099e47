// SPDX-License-Identifier: Apache-2.0
//
// A plan with its memory and its threads. Stages run one after the other; the chunks of a stage go to whoever is free.

#include <stdlib.h>

#include "plan.h"
#include "team.h"

/// Chunks per worker and stage: enough that a worker which is held up leaves its share to the others.
enum { CHUNKS = 4 };

struct ck_runner {
    struct ck_plan_view plan;
    const struct ck_integer_kernels *kernels;
    uint8_t *arena;
    /// One piece per worker.
    uint8_t *scratch;
    size_t scratch_bytes;
    /// All chunks in the order of the stages.
    struct ck_chunk *chunks;
    /// First chunk of each stage, and one past the last.
    uint32_t *first;
    uint32_t stages;
    /// Next chunk of each stage that nobody has taken.
    atomic_uint *next;
    const uint8_t *pixels;
    struct ck_team team;
};

static void *zeroed(size_t bytes) {
    const size_t size = (bytes + CK_ALIGNMENT) / CK_ALIGNMENT * CK_ALIGNMENT;
    void *memory = aligned_alloc(CK_ALIGNMENT, size);
    if (memory) memset(memory, 0, size);
    return memory;
}

/// Fills the border of a map, once: nothing ever writes there, and maps that share a place share its form.
static void fill_border(uint8_t *arena, const struct ck_plan_value *v) {
    if (v->border == 0) return;
    const size_t pixels = ck_value_bytes(v) / v->channels;
    for (size_t i = 0; i < pixels; i++) {
        uint8_t *pixel = arena + v->offset + i * v->channels;
        for (uint32_t c = 0; c < v->channels; c++) pixel[c] = v->fill[c < 4 ? c : 0];
    }
}

/// Rows of a step cut into pieces of about equal work, or one piece for one worker.
static uint32_t pieces(struct ck_plan_view plan, const struct ck_plan_step *s, uint64_t stage_work, int32_t workers) {
    if (workers == 1) return 1;
    // A pooled convolution computes a row more per piece.
    const uint64_t per_stage = (uint64_t)workers * (s->operation == CK_POOLED_CONVOLUTION ? CHUNKS / 2 : CHUNKS);
    const uint64_t wanted = (ck_step_work(plan, s) * per_stage + stage_work - 1) / stage_work;
    const uint32_t rows = ck_step_rows(plan, s);
    return wanted < rows ? (uint32_t)wanted : rows;
}

static int cut(struct ck_runner *r, int32_t workers) {
    const struct ck_plan_header *h = r->plan.header;
    r->stages = r->plan.steps[h->step_count - 1].stage + 1;
    r->first = zeroed((r->stages + 1) * sizeof *r->first);
    r->next = zeroed(r->stages * sizeof *r->next);
    r->chunks = zeroed((size_t)h->step_count * (size_t)(workers * CHUNKS + 1) * sizeof *r->chunks);
    if (!r->first || !r->next || !r->chunks) return -1;
    uint32_t count = 0, i = 0;
    for (uint32_t stage = 0; stage < r->stages; stage++) {
        uint64_t work = 1;
        for (uint32_t j = i; j < h->step_count && r->plan.steps[j].stage == stage; j++) {
            work += ck_step_work(r->plan, &r->plan.steps[j]);
        }
        r->first[stage] = count;
        for (; i < h->step_count && r->plan.steps[i].stage == stage; i++) {
            const uint32_t rows = ck_step_rows(r->plan, &r->plan.steps[i]);
            const uint32_t parts = pieces(r->plan, &r->plan.steps[i], work, workers);
            for (uint32_t part = 0; part < parts; part++) {
                r->chunks[count++] = (struct ck_chunk){i, (uint32_t)((uint64_t)rows * part / parts),
                                                       (uint32_t)((uint64_t)rows * (part + 1) / parts)};
            }
        }
    }
    r->first[r->stages] = count;
    return 0;
}

/// Copies the member's share of the picture's rows between the borders.
static void take_picture(struct ck_runner *r, int32_t member) {
    const struct ck_plan_value *v = &r->plan.values[0];
    const size_t row = v->width * ck_pixel_bytes(v);
    uint8_t *first = r->arena + v->offset + v->border * (ck_row_bytes(v) + ck_pixel_bytes(v));
    const uint32_t count = (uint32_t)r->team.count, number = (uint32_t)member;
    for (uint32_t y = v->height * number / count; y < v->height * (number + 1) / count; y++) {
        memcpy(first + y * ck_row_bytes(v), r->pixels + y * row, row);
    }
}

static void member_run(void *context, int32_t member) {
    struct ck_runner *r = context;
    uint8_t *scratch = r->scratch + (size_t)member * r->scratch_bytes;
    take_picture(r, member);
    for (uint32_t stage = 0; stage < r->stages; stage++) {
        ck_team_barrier(&r->team);
        for (;;) {
            const uint32_t chunk =
                r->first[stage] + atomic_fetch_add_explicit(&r->next[stage], 1, memory_order_relaxed);
            if (chunk >= r->first[stage + 1]) break;
            ck_step_run(r->plan, r->arena, r->kernels, &r->chunks[chunk], scratch);
        }
    }
}

struct ck_runner *ck_runner_make(const void *bytes, size_t count, const struct ck_integer_kernels *kernels,
                                 int32_t workers, struct ck_plan_error *error) {
    *error = (struct ck_plan_error){0};
    if (ck_plan_check(bytes, count, error)) return NULL;
    struct ck_runner *r = zeroed(sizeof *r);
    if (!r) return NULL;
    r->plan = ck_plan_view(bytes);
    r->kernels = kernels;
    workers = workers < 1 ? 1 : workers > CK_TEAM_MOST ? CK_TEAM_MOST : workers;
    r->arena = zeroed(r->plan.header->arena_bytes);
    for (uint32_t i = 0; i < r->plan.header->step_count; i++) {
        const size_t needed = ck_step_scratch(r->plan, &r->plan.steps[i]);
        r->scratch_bytes = needed > r->scratch_bytes ? needed : r->scratch_bytes;
    }
    r->scratch = zeroed(r->scratch_bytes * (size_t)workers);
    if (!r->arena || !r->scratch || cut(r, workers) || ck_team_start(&r->team, workers, member_run, r)) {
        r->team.started = 0;
        ck_runner_free(r);
        return NULL;
    }
    for (uint32_t i = 0; i < r->plan.header->value_count; i++) {
        if (r->plan.values[i].kind == CK_U8) fill_border(r->arena, &r->plan.values[i]);
    }
    return r;
}

void ck_runner_free(struct ck_runner *r) {
    if (!r) return;
    if (r->team.started > 0) ck_team_end(&r->team);
    free(r->arena);
    free(r->scratch);
    free(r->chunks);
    free(r->first);
    free(r->next);
    free(r);
}

void ck_runner_run(struct ck_runner *r, const uint8_t *pixels) {
    r->pixels = pixels;
    for (uint32_t stage = 0; stage < r->stages; stage++)
        atomic_store_explicit(&r->next[stage], 0, memory_order_relaxed);
    ck_team_run(&r->team);
}

const void *ck_runner_value(const struct ck_runner *r, uint32_t value, size_t *row) {
    if (value >= r->plan.header->value_count) return NULL;
    const struct ck_plan_value *v = &r->plan.values[value];
    if (row) *row = ck_row_bytes(v);
    return r->arena + v->offset + v->border * (ck_row_bytes(v) + ck_pixel_bytes(v));
}
