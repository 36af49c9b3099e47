// SPDX-License-Identifier: Apache-2.0
//
// What the files of the plan share: where things are in its bytes, and the sizes that follow from them.

#ifndef CK_PLAN_INTERNAL_H
#define CK_PLAN_INTERNAL_H

#include <string.h>

#include "../clones.h"
#include "ck_plan.h"

_Static_assert(sizeof(struct ck_plan_header) == 64, "the file's layout");
_Static_assert(sizeof(struct ck_plan_value) == 40, "the file's layout");
_Static_assert(sizeof(struct ck_plan_group) == 40, "the file's layout");
_Static_assert(sizeof(struct ck_plan_step) == 200, "the file's layout");

/// The parts of a plan.
struct ck_plan_view {
    const struct ck_plan_header *header;
    const struct ck_plan_value *values;
    const struct ck_plan_step *steps;
    const uint8_t *data;
};

/// The parts of bytes whose header is sound.
CK_INLINE struct ck_plan_view ck_plan_view(const void *bytes) {
    const struct ck_plan_header *header = bytes;
    const struct ck_plan_value *values = (const struct ck_plan_value *)(header + 1);
    const struct ck_plan_step *steps = (const struct ck_plan_step *)(values + header->value_count);
    return (struct ck_plan_view){header, values, steps, (const uint8_t *)bytes + header->data_offset};
}

CK_INLINE uint64_t ck_element_bytes(uint32_t kind) { return kind == CK_U8 ? 1 : kind == CK_S16 ? 2 : 4; }

/// Bytes from pixel to pixel.
CK_INLINE uint64_t ck_pixel_bytes(const struct ck_plan_value *v) { return v->channels * ck_element_bytes(v->kind); }

/// Bytes from row to row, border included.
CK_INLINE uint64_t ck_row_bytes(const struct ck_plan_value *v) {
    return ((uint64_t)v->width + 2 * v->border) * ck_pixel_bytes(v);
}

/// Bytes of a map, border included.
CK_INLINE uint64_t ck_value_bytes(const struct ck_plan_value *v) {
    return ((uint64_t)v->height + 2 * v->border) * ck_row_bytes(v);
}

/// Rows and columns of a map.
struct ck_extent {
    uint32_t height, width;
};

/// Extent of what a window makes of a map; 0 where the window does not fit.
CK_INLINE struct ck_extent ck_convolution_extent(const struct ck_plan_step *s, const struct ck_plan_value *in) {
    const uint32_t height = in->height + 2 * s->padding, width = in->width + 2 * s->padding;
    return (struct ck_extent){height < s->kernel ? 0 : (height - s->kernel) / s->stride + 1,
                              width < s->kernel ? 0 : (width - s->kernel) / s->stride + 1};
}

/// Groups of four inputs of one output.
CK_INLINE uint64_t ck_steps(const struct ck_plan_step *s, const struct ck_plan_value *in) {
    return ((uint64_t)s->kernel * s->kernel * in->channels + CK_GROUP - 1) / CK_GROUP;
}

/// Bytes of a row of a field that don't fill a group of four; all rows' together are the rest (see `ck_integer.h`).
CK_INLINE uint32_t ck_rest_run(const struct ck_plan_step *s, const struct ck_plan_value *in) {
    return s->kernel * in->channels % CK_GROUP;
}

/// Largest |a| + |b| of an even-odd pair of weights: two products must fit into 16 signed bits (AVX2's `vpmaddubsw`).
CK_INLINE int32_t ck_pair_limit(uint32_t maximum) {
    const int32_t limit = 32767 / (int32_t)maximum;
    return limit < 254 ? limit : 254;
}

/// Work that one worker does at once: output rows `begin` ... `end` of a step, pooled rows where it pools.
struct ck_chunk {
    uint32_t step;
    uint32_t begin;
    uint32_t end;
};

/// Bytes of scratch memory that a step needs per worker.
size_t ck_step_scratch(struct ck_plan_view plan, const struct ck_plan_step *step);

/// Output rows of a step.
uint32_t ck_step_rows(struct ck_plan_view plan, const struct ck_plan_step *step);

/// Multiply-accumulates, or about as much work, of a step.
uint64_t ck_step_work(struct ck_plan_view plan, const struct ck_plan_step *step);

/// Runs one chunk.
void ck_step_run(struct ck_plan_view plan, uint8_t *arena, const struct ck_integer_kernels *kernels,
                 const struct ck_chunk *chunk, uint8_t *scratch);

#endif
