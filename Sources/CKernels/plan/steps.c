// SPDX-License-Identifier: Apache-2.0
//
// Runs the steps of a plan, chunk by chunk, on the kernels of one instruction set.

#include "plan.h"

CK_INLINE size_t aligned(size_t bytes) { return (bytes + CK_ALIGNMENT - 1) / CK_ALIGNMENT * CK_ALIGNMENT; }

/// First element of a map inside its border.
CK_INLINE uint8_t *interior(uint8_t *arena, const struct ck_plan_value *v) {
    return arena + v->offset + v->border * (ck_row_bytes(v) + ck_pixel_bytes(v));
}

/// First byte of the first window of a step.
CK_INLINE const uint8_t *first_window(uint8_t *arena, const struct ck_plan_value *v, const struct ck_plan_step *s) {
    return interior(arena, v) - s->padding * (ck_row_bytes(v) + ck_pixel_bytes(v));
}

/// Bytes of the rest of one field, filled up to groups of four.
CK_INLINE size_t rest_pitch(const struct ck_plan_step *s, const struct ck_plan_value *in) {
    return ((size_t)s->kernel * ck_rest_run(s, in) + CK_GROUP - 1) / CK_GROUP * CK_GROUP;
}

/// Bytes of the rests of one output row.
CK_INLINE size_t rest_bytes(const struct ck_plan_step *s, const struct ck_plan_value *in) {
    return aligned(ck_convolution_extent(s, in).width * rest_pitch(s, in));
}

/// Bytes of one row of a group's result before pooling.
CK_INLINE size_t ring_line(size_t width, size_t channels) { return aligned(width * channels + CK_SLACK); }

size_t ck_step_scratch(struct ck_plan_view plan, const struct ck_plan_step *s) {
    const struct ck_plan_value *in = &plan.values[s->input];
    if (s->operation == CK_CONVOLUTION) return rest_bytes(s, in);
    if (s->operation != CK_POOLED_CONVOLUTION) return 0;
    size_t bytes = 3 * rest_bytes(s, in);
    for (uint32_t k = 0; k < s->group_count; k++) {
        bytes += 3 * ring_line(ck_convolution_extent(s, in).width, plan.values[s->group[k].output].channels);
    }
    return bytes;
}

uint32_t ck_step_rows(struct ck_plan_view plan, const struct ck_plan_step *s) {
    return plan.values[s->group[0].output].height;
}

uint64_t ck_step_work(struct ck_plan_view plan, const struct ck_plan_step *s) {
    const struct ck_plan_value *in = &plan.values[s->input];
    if (s->operation != CK_CONVOLUTION && s->operation != CK_POOLED_CONVOLUTION) return ck_value_bytes(in);
    const struct ck_extent extent = ck_convolution_extent(s, in);
    uint64_t channels = 0;
    for (uint32_t k = 0; k < s->group_count; k++) channels += plan.values[s->group[k].output].channels;
    return (uint64_t)extent.height * extent.width * channels * ck_steps(s, in) * CK_GROUP;
}

/// Points the work at the map; rests are gathered row by row.
static void set_input(struct ck_convolution_work_u8 *work, const struct ck_plan_step *s, const struct ck_plan_value *in,
                      const uint8_t *first, const uint8_t *rests) {
    work->wide = in->maximum > 127;
    work->input = first;
    work->input_pixel = s->stride * ck_pixel_bytes(in);
    work->input_line = s->stride * ck_row_bytes(in);
    work->input_row = ck_row_bytes(in);
    work->rows = (int32_t)s->kernel;
    work->steps = (int32_t)(s->kernel * in->channels / CK_GROUP);
    if (ck_rest_run(s, in) == 0) return;
    work->rest = rests;
    work->rest_pixel = rest_pitch(s, in);
    work->rest_steps = (int32_t)(rest_pitch(s, in) / CK_GROUP);
}

/// Copies the rests of one output row's fields side by side; `field` is the row's first field. `above` holds the rests
/// of the output row above, or is NULL: most of a field is the upper field's, `stride` rows further up.
static void gather_rests(const struct ck_plan_step *s, const struct ck_plan_value *in, const uint8_t *field,
                         uint8_t *rests, const uint8_t *above) {
    const size_t run = ck_rest_run(s, in), pitch = rest_pitch(s, in), step = s->stride * ck_pixel_bytes(in);
    const size_t width = ck_convolution_extent(s, in).width;
    if (run == 0) return;
    size_t row = 0;
    if (above && pitch == sizeof(uint64_t) && s->stride < s->kernel) {
        // Little endian: what is shifted down is the first bytes.
        for (size_t x = 0; x < width; x++) {
            uint64_t rest;
            memcpy(&rest, above + x * sizeof rest, sizeof rest);
            rest >>= 8 * run * s->stride;
            memcpy(rests + x * sizeof rest, &rest, sizeof rest);
        }
        row = s->kernel - s->stride;
    }
    for (; row < s->kernel; row++) {
        const uint8_t *from = field + row * ck_row_bytes(in) + s->kernel * in->channels - run;
        for (size_t j = 0; j < run; j++) {
            uint8_t *to = rests + row * run + j;
            for (size_t x = 0; x < width; x++) to[x * pitch] = from[x * step + j];
        }
    }
}

/// Runs all blocks of a group for the range of pixels in `work`, whose output is the group's first channel.
static void run_blocks(const struct ck_integer_kernels *kernels, struct ck_plan_view plan, const struct ck_plan_step *s,
                       const struct ck_plan_group *g, struct ck_convolution_work_u8 work) {
    const uint32_t channels = plan.values[g->output].channels;
    const size_t block_bytes = ck_steps(s, &plan.values[s->input]) * CK_BLOCK * CK_GROUP;
    const size_t output_bytes = CK_BLOCK * (work.output_kind == CK_S16 ? 2 : 1);
    const size_t residual_bytes = CK_BLOCK * (work.residual_kind == CK_S16 ? 2 : 1);
    work.weights = (const int8_t *)plan.data + g->weights;
    work.bias = (const int32_t *)(plan.data + g->bias);
    work.signed_bias = (const int32_t *)(plan.data + g->signed_bias);
    work.scale = (const float *)(plan.data + g->scale);
    for (uint32_t channel = 0; channel < channels; channel += CK_BLOCK) {
        work.channels = (int32_t)(channels - channel < CK_BLOCK ? channels - channel : CK_BLOCK);
        kernels->convolution(&work);
        work.weights += block_bytes;
        work.bias += CK_BLOCK;
        work.signed_bias += CK_BLOCK;
        work.scale += CK_BLOCK;
        work.output = (uint8_t *)work.output + output_bytes;
        if (work.residual) work.residual = (const uint8_t *)work.residual + residual_bytes;
    }
}

static void set_result(struct ck_convolution_work_u8 *work, const struct ck_plan_value *out) {
    work->output_kind = (int32_t)out->kind;
    work->high = (float)out->maximum;
    work->low = out->kind == CK_S16 ? -work->high : 0.0f;
}

static void convolve(struct ck_plan_view plan, uint8_t *arena, const struct ck_integer_kernels *kernels,
                     const struct ck_chunk *chunk, uint8_t *scratch) {
    const struct ck_plan_step *s = &plan.steps[chunk->step];
    const struct ck_plan_value *in = &plan.values[s->input];
    const uint8_t *first = first_window(arena, in, s);
    struct ck_convolution_work_u8 work = {0};
    set_input(&work, s, in, first, scratch);
    work.width = (int32_t)ck_convolution_extent(s, in).width;
    if (s->second != CK_NONE) {
        const struct ck_plan_value *residual = &plan.values[s->second];
        work.residual = interior(arena, residual);
        work.residual_row = ck_row_bytes(residual);
        work.residual_pixel = ck_pixel_bytes(residual);
        work.residual_kind = (int32_t)residual->kind;
        work.residual_scale = s->second_scale;
    }
    // Rests live for one row; without them the rows of a chunk run together, tiles crossing their ends.
    const uint32_t rows = work.rest ? 1 : chunk->end - chunk->begin;
    for (uint32_t row = chunk->begin; row < chunk->end; row += rows) {
        gather_rests(s, in, first + (size_t)row * work.input_line, scratch, NULL);
        work.begin = (int32_t)row * work.width;
        work.end = (int32_t)(row + rows) * work.width;
        for (uint32_t k = 0; k < s->group_count; k++) {
            const struct ck_plan_value *out = &plan.values[s->group[k].output];
            set_result(&work, out);
            work.output = interior(arena, out);
            work.output_row = ck_row_bytes(out);
            work.output_pixel = ck_pixel_bytes(out);
            run_blocks(kernels, plan, s, &s->group[k], work);
        }
    }
}

/// Keeps three rows of each group's convolution, so that they stay in the cache, and stores only what the pooling
/// leaves.
static void convolve_pooled(struct ck_plan_view plan, uint8_t *arena, const struct ck_integer_kernels *kernels,
                            const struct ck_chunk *chunk, uint8_t *scratch) {
    const struct ck_plan_step *s = &plan.steps[chunk->step];
    const struct ck_plan_value *in = &plan.values[s->input];
    const uint8_t *first = first_window(arena, in, s);
    const struct ck_extent extent = ck_convolution_extent(s, in);
    const size_t rests = rest_bytes(s, in);
    struct ck_convolution_work_u8 work = {0};
    set_input(&work, s, in, first, scratch);
    work.width = (int32_t)extent.width;
    work.end = work.width;
    const uint32_t start = 2 * chunk->begin > 0 ? 2 * chunk->begin - 1 : 0;
    uint32_t next = start;
    for (uint32_t y = chunk->begin; y < chunk->end; y++) {
        const uint32_t bottom = 2 * y + 1 < extent.height ? 2 * y + 1 : extent.height - 1;
        for (uint32_t row = next; row <= bottom; row++) {
            const uint8_t *above = row > start ? scratch + (row - 1) % 3 * rests : NULL;
            gather_rests(s, in, first + (size_t)row * work.input_line, scratch + row % 3 * rests, above);
        }
        uint8_t *ring = scratch + 3 * rests;
        for (uint32_t k = 0; k < s->group_count; k++) {
            const struct ck_plan_value *out = &plan.values[s->group[k].output];
            const size_t line = ring_line(extent.width, out->channels);
            set_result(&work, out);
            work.output_pixel = out->channels;
            for (uint32_t row = next; row <= bottom; row++) {
                work.input = first + (size_t)row * work.input_line;
                if (work.rest_steps > 0) work.rest = scratch + row % 3 * rests;
                work.output = ring + row % 3 * line;
                run_blocks(kernels, plan, s, &s->group[k], work);
            }
            const uint8_t *rows[3];
            for (uint32_t j = 0; j < 3; j++) {
                // A row outside the map repeats its neighbour, which changes no maximum.
                uint32_t row = 2 * y + j > 0 ? 2 * y + j - 1 : 0;
                if (row > bottom) row = bottom;
                rows[j] = ring + row % 3 * line;
            }
            kernels->maximum_3x3(rows, (int32_t)extent.width, (int32_t)out->channels,
                                 interior(arena, out) + y * ck_row_bytes(out), (int32_t)out->width);
            ring += 3 * line;
        }
        next = bottom + 1;
    }
}

/// Nearest integer, ties to even, for 0 ≤ value < 2^22; the same bits at any optimisation.
CK_INLINE uint8_t nearest_byte(float value, float high) {
    const float bounded = value < 0.0f ? 0.0f : value > high ? high : value;
    const float magic = 12582912.0f;
    const float shifted = bounded + magic;
    return (uint8_t)(shifted - magic);
}

static void pool(struct ck_plan_view plan, uint8_t *arena, const struct ck_chunk *chunk) {
    const struct ck_plan_step *s = &plan.steps[chunk->step];
    const struct ck_plan_value *in = &plan.values[s->input], *out = &plan.values[s->group[0].output];
    const uint8_t *from = interior(arena, in);
    const size_t row = ck_row_bytes(in), channels = in->channels;
    const int average = s->operation == CK_AVERAGE_POOLING;
    for (uint32_t y = chunk->begin; y < chunk->end; y++) {
        for (uint32_t x = 0; x < out->width; x++) {
            uint8_t *to = interior(arena, out) + y * ck_row_bytes(out) + x * channels;
            const int64_t top = (int64_t)y * s->stride - s->padding, left = (int64_t)x * s->stride - s->padding;
            for (size_t c = 0; c < channels; c++) {
                int32_t sum = 0, most = 0;
                for (int64_t iy = top < 0 ? 0 : top; iy < top + s->kernel && iy < in->height; iy++) {
                    for (int64_t ix = left < 0 ? 0 : left; ix < left + s->kernel && ix < in->width; ix++) {
                        const int32_t value = from[(size_t)iy * row + (size_t)ix * channels + c];
                        sum += value;
                        most = value > most ? value : most;
                    }
                }
                to[c] = average ? nearest_byte((float)sum * s->second_scale, (float)out->maximum) : (uint8_t)most;
            }
        }
    }
}

CK_INLINE float element(const uint8_t *row, uint32_t kind, size_t index) {
    if (kind == CK_U8) return (float)row[index];
    int16_t value;
    memcpy(&value, row + 2 * index, sizeof value);
    return (float)value;
}

static void add(struct ck_plan_view plan, uint8_t *arena, const struct ck_chunk *chunk) {
    const struct ck_plan_step *s = &plan.steps[chunk->step];
    const struct ck_plan_value *a = &plan.values[s->input], *b = &plan.values[s->second];
    const struct ck_plan_value *out = &plan.values[s->group[0].output];
    for (uint32_t y = chunk->begin; y < chunk->end; y++) {
        const uint8_t *first = interior(arena, a) + y * ck_row_bytes(a);
        const uint8_t *second = interior(arena, b) + y * ck_row_bytes(b);
        uint8_t *to = interior(arena, out) + y * ck_row_bytes(out);
        for (size_t i = 0; i < (size_t)out->width * out->channels; i++) {
            const float value = element(first, a->kind, i) * s->group[0].first_scale;
            to[i] = nearest_byte(value + element(second, b->kind, i) * s->second_scale, (float)out->maximum);
        }
    }
}

/// 1 − t·s/√(t·t s·s): the three sums are exact integers, so is their product in double precision up to 2^53.
static float distance(const int32_t sums[3]) {
    // A feature of zeros has no direction to compare: NaN, which is a fault and never a pass.
    if (sums[1] <= 0 || sums[2] <= 0) return __builtin_nanf("");
    const double d = 1.0 - (double)sums[0] / __builtin_sqrt((double)sums[1] * (double)sums[2]);
    return d < 0.0 ? 0.0f : (float)d;
}

static void compare(struct ck_plan_view plan, uint8_t *arena, const struct ck_integer_kernels *kernels,
                    const struct ck_chunk *chunk) {
    const struct ck_plan_step *s = &plan.steps[chunk->step];
    const struct ck_plan_value *t = &plan.values[s->input], *st = &plan.values[s->second];
    const struct ck_plan_value *out = &plan.values[s->group[0].output];
    for (uint32_t y = chunk->begin; y < chunk->end; y++) {
        const uint8_t *teacher = interior(arena, t) + y * s->kernel * ck_row_bytes(t);
        const uint8_t *student = interior(arena, st) + y * ck_row_bytes(st);
        float *to = (float *)(interior(arena, out) + y * ck_row_bytes(out));
        for (uint32_t x = 0; x < out->width; x++) {
            int32_t sums[3];
            kernels->dots(teacher + (size_t)x * s->kernel * t->channels, ck_row_bytes(t), (int32_t)s->kernel,
                          student + (size_t)x * st->channels, (int32_t)t->channels, sums);
            to[x] = distance(sums);
        }
    }
}

void ck_step_run(struct ck_plan_view plan, uint8_t *arena, const struct ck_integer_kernels *kernels,
                 const struct ck_chunk *chunk, uint8_t *scratch) {
    switch (plan.steps[chunk->step].operation) {
    case CK_CONVOLUTION: convolve(plan, arena, kernels, chunk, scratch); break;
    case CK_POOLED_CONVOLUTION: convolve_pooled(plan, arena, kernels, chunk, scratch); break;
    case CK_MAXIMUM_POOLING:
    case CK_AVERAGE_POOLING: pool(plan, arena, chunk); break;
    case CK_ADDITION: add(plan, arena, chunk); break;
    case CK_DISTANCE: compare(plan, arena, kernels, chunk); break;
    default: break;
    }
}
