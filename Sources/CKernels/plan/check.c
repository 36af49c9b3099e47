// SPDX-License-Identifier: Apache-2.0
//
// Verifies a plan before anything runs: every index, shape, offset, weight and sum. What passes here can't read or
// write outside its arena, can't overflow, and has no two steps that race.

#include "plan.h"

/// Largest numbers of an honest plan; anything above is a broken or hostile file.
enum { MOST_ENTRIES = 1024, MOST_EXTENT = 4096, MOST_KERNEL = 31, MOST_STRIDE = 16, MOST_BORDER = 15 };
static const uint64_t most_arena = 1ull << 31;
static const float most_scale = 1048576.0f;

struct checked {
    struct ck_plan_view view;
    struct ck_plan_error *error;
    /// Stage that makes each value; −1 for the picture, NOT_MADE before.
    int64_t made[MOST_ENTRIES];
    /// Last stage that reads each value.
    int64_t used[MOST_ENTRIES];
};

enum { NOT_MADE = -2 };

static int fail(struct checked *c, const char *what, uint32_t index, int64_t expected, int64_t found) {
    c->error->what = what;
    c->error->index = index;
    c->error->expected = expected;
    c->error->found = found;
    return -1;
}

#define WANT(condition, what, index, expected, found)                                         \
    do {                                                                                      \
        if (!(condition)) return fail(c, what, index, (int64_t)(expected), (int64_t)(found)); \
    } while (0)

static int sensible_scale(float scale) { return scale >= 0.0f && scale <= most_scale; }

static int check_header(struct checked *c, const void *bytes, size_t count) {
    WANT(((uintptr_t)bytes & (CK_ALIGNMENT - 1)) == 0, "plan alignment", 0, 0, (uintptr_t)bytes & (CK_ALIGNMENT - 1));
    WANT(count >= sizeof(struct ck_plan_header), "plan bytes", 0, sizeof(struct ck_plan_header), count);
    const struct ck_plan_header *h = bytes;
    WANT(h->magic == CK_PLAN_MAGIC, "plan magic", 0, CK_PLAN_MAGIC, h->magic);
    WANT(h->version == CK_PLAN_VERSION, "plan version", 0, CK_PLAN_VERSION, h->version);
    WANT(h->input_size % 32 == 0 && h->input_size >= 32 && h->input_size <= MOST_EXTENT, "plan input size", 0, 256,
         h->input_size);
    WANT(h->value_count >= 2 && h->value_count <= MOST_ENTRIES, "plan value count", 0, MOST_ENTRIES, h->value_count);
    WANT(h->step_count >= 1 && h->step_count <= MOST_ENTRIES, "plan step count", 0, MOST_ENTRIES, h->step_count);
    WANT(h->arena_bytes <= most_arena, "plan arena bytes", 0, most_arena, h->arena_bytes);
    WANT(h->reserved == 0, "plan reserved field", 0, 0, h->reserved);
    const uint64_t tables = sizeof *h + (uint64_t)h->value_count * sizeof(struct ck_plan_value) +
                            (uint64_t)h->step_count * sizeof(struct ck_plan_step);
    const uint64_t data = (tables + CK_ALIGNMENT - 1) / CK_ALIGNMENT * CK_ALIGNMENT;
    WANT(h->data_offset == data, "plan data offset", 0, data, h->data_offset);
    WANT(count >= data && h->data_bytes == count - data, "plan data bytes", 0, count - data, h->data_bytes);
    c->view = ck_plan_view(bytes);
    return 0;
}

static int check_value(struct checked *c, uint32_t i) {
    const struct ck_plan_value *v = &c->view.values[i];
    WANT(v->kind == CK_U8 || v->kind == CK_S16 || v->kind == CK_F32, "value kind", i, CK_U8, v->kind);
    WANT(v->height >= 1 && v->height <= MOST_EXTENT, "value height", i, MOST_EXTENT, v->height);
    WANT(v->width >= 1 && v->width <= MOST_EXTENT, "value width", i, MOST_EXTENT, v->width);
    WANT(v->channels >= 1 && v->channels <= MOST_EXTENT, "value channels", i, MOST_EXTENT, v->channels);
    WANT(v->border <= (v->kind == CK_U8 ? MOST_BORDER : 0), "value border", i, 0, v->border);
    if (v->kind == CK_U8) {
        WANT(v->maximum >= 1 && v->maximum <= 255, "value maximum", i, 255, v->maximum);
    } else {
        const uint32_t most = v->kind == CK_S16 ? 32767 : 0;
        WANT(v->maximum == most, "value maximum", i, most, v->maximum);
    }
    for (int32_t k = 0; k < 4; k++) WANT(v->fill[k] <= v->maximum, "value border byte", i, v->maximum, v->fill[k]);
    WANT(v->reserved == 0, "value reserved field", i, 0, v->reserved);
    WANT(v->offset % CK_ALIGNMENT == 0, "value offset", i, 0, v->offset % CK_ALIGNMENT);
    WANT(v->offset <= c->view.header->arena_bytes &&
             ck_value_bytes(v) + CK_SLACK <= c->view.header->arena_bytes - v->offset,
         "value end", i, c->view.header->arena_bytes, v->offset);
    if (i == 0) {
        const uint32_t size = c->view.header->input_size;
        WANT(v->kind == CK_U8 && v->maximum == 255, "picture maximum", i, 255, v->maximum);
        WANT(v->height == size && v->width == size, "picture side", i, size, v->height);
        WANT(v->channels == 3, "picture channels", i, 3, v->channels);
    }
    return 0;
}

/// A value that a step may read.
static int check_source(struct checked *c, uint32_t step, uint32_t value, const char *what) {
    WANT(value < c->view.header->value_count, what, step, c->view.header->value_count - 1, value);
    const int64_t stage = c->view.steps[step].stage;
    WANT(c->made[value] != NOT_MADE && c->made[value] < stage, what, step, stage - 1, c->made[value]);
    if (c->used[value] < stage) c->used[value] = stage;
    return 0;
}

/// A value that a step makes, with its extent.
static int check_result(struct checked *c, uint32_t step, uint32_t value, uint32_t height, uint32_t width) {
    WANT(value < c->view.header->value_count, "step output", step, c->view.header->value_count - 1, value);
    WANT(c->made[value] == NOT_MADE, "step output made before", step, NOT_MADE, c->made[value]);
    const struct ck_plan_value *v = &c->view.values[value];
    WANT(v->height == height, "step output height", step, height, v->height);
    WANT(v->width == width, "step output width", step, width, v->width);
    c->made[value] = c->used[value] = c->view.steps[step].stage;
    return 0;
}

static int check_part(struct checked *c, uint32_t step, uint64_t offset, uint64_t bytes, const char *what) {
    const uint64_t most = c->view.header->data_bytes;
    WANT(offset % CK_ALIGNMENT == 0, what, step, 0, offset % CK_ALIGNMENT);
    WANT(offset <= most && bytes <= most - offset, what, step, most, offset);
    return 0;
}

static int32_t magnitude(int8_t weight) { return weight < 0 ? -weight : weight; }

/// All weights of one output channel: no −128, no pair that saturates 16 bits, no sum that overflows 32.
static int check_channel(struct checked *c, uint32_t step, const struct ck_plan_value *in,
                         const struct ck_plan_group *g, uint32_t channel, uint64_t steps, uint64_t inputs) {
    const uint8_t *data = c->view.data;
    const uint64_t block = channel / CK_BLOCK, lane = channel % CK_BLOCK;
    const int8_t *weights = (const int8_t *)(data + g->weights) + (block * steps * CK_BLOCK + lane) * CK_GROUP;
    const int32_t limit = ck_pair_limit(in->maximum);
    int64_t sum = 0, magnitudes = 0;
    for (uint64_t k = 0; k < steps; k++, weights += CK_BLOCK * CK_GROUP) {
        for (uint32_t j = 0; j < CK_GROUP; j += 2) {
            const int32_t a = magnitude(weights[j]), b = magnitude(weights[j + 1]);
            WANT(a <= 127 && b <= 127, "weight", step, 127, a > b ? a : b);
            WANT(a + b <= limit, "pair of weights", step, limit, a + b);
            magnitudes += a + b;
            sum += weights[j] + weights[j + 1];
        }
        for (uint32_t j = 0; j < CK_GROUP; j++) {
            WANT(k * CK_GROUP + j < inputs || weights[j] == 0, "weight past the last input", step, 0, weights[j]);
        }
    }
    const int64_t bias = ((const int32_t *)(data + g->bias))[channel];
    const int64_t signed_bias = ((const int32_t *)(data + g->signed_bias))[channel];
    WANT(signed_bias == bias + 128 * sum, "signed bias", step, bias + 128 * sum, signed_bias);
    const int64_t wide = in->maximum > 128 ? in->maximum : 128;
    const int64_t start = bias < 0 ? -bias : bias, signed_start = signed_bias < 0 ? -signed_bias : signed_bias;
    const int64_t most = (start > signed_start ? start : signed_start) + magnitudes * wide;
    WANT(most <= INT32_MAX, "largest sum", step, INT32_MAX, most);
    const float scale = ((const float *)(data + g->scale))[channel];
    WANT(sensible_scale(scale), "scale of channel", step, 0, channel);
    return 0;
}

static int check_convolution(struct checked *c, uint32_t i) {
    const struct ck_plan_step *s = &c->view.steps[i];
    const struct ck_plan_value *in = &c->view.values[s->input];
    const int pooled = s->operation == CK_POOLED_CONVOLUTION;
    WANT(in->kind == CK_U8, "convolution input kind", i, CK_U8, in->kind);
    WANT(s->padding <= in->border, "convolution padding", i, in->border, s->padding);
    WANT(s->group_count >= 1 && s->group_count <= CK_PLAN_GROUPS, "step group count", i, CK_PLAN_GROUPS,
         s->group_count);
    const struct ck_extent extent = ck_convolution_extent(s, in);
    WANT(extent.height >= 1 && extent.width >= 1, "convolution window", i, in->height, s->kernel);
    const uint64_t steps = ck_steps(s, in), inputs = (uint64_t)s->kernel * s->kernel * in->channels;
    for (uint32_t k = 0; k < s->group_count; k++) {
        const struct ck_plan_group *g = &s->group[k];
        const uint32_t height = pooled ? (extent.height - 1) / 2 + 1 : extent.height;
        const uint32_t width = pooled ? (extent.width - 1) / 2 + 1 : extent.width;
        if (check_result(c, i, g->output, height, width)) return -1;
        const struct ck_plan_value *out = &c->view.values[g->output];
        WANT(out->kind == CK_U8 || (out->kind == CK_S16 && !pooled), "convolution output kind", i, CK_U8, out->kind);
        const uint64_t blocks = (out->channels + CK_BLOCK - 1) / CK_BLOCK, lanes = blocks * CK_BLOCK * 4;
        if (check_part(c, i, g->weights, blocks * steps * CK_BLOCK * CK_GROUP, "weights offset") ||
            check_part(c, i, g->bias, lanes, "bias offset") ||
            check_part(c, i, g->signed_bias, lanes, "signed bias offset") ||
            check_part(c, i, g->scale, lanes, "scale offset")) {
            return -1;
        }
        for (uint32_t channel = 0; channel < blocks * CK_BLOCK; channel++) {
            if (check_channel(c, i, in, g, channel, steps, inputs)) return -1;
        }
    }
    if (s->second == CK_NONE) return 0;
    WANT(!pooled && s->group_count == 1, "residual of step", i, CK_NONE, s->second);
    if (check_source(c, i, s->second, "step residual")) return -1;
    const struct ck_plan_value *residual = &c->view.values[s->second], *out = &c->view.values[s->group[0].output];
    WANT(residual->kind == CK_U8 || residual->kind == CK_S16, "residual kind", i, CK_U8, residual->kind);
    WANT(residual->height == out->height && residual->width == out->width && residual->channels == out->channels,
         "residual shape", i, out->channels, residual->channels);
    WANT(sensible_scale(s->second_scale), "residual scale", i, 0, -1);
    return 0;
}

static int check_pooling(struct checked *c, uint32_t i) {
    const struct ck_plan_step *s = &c->view.steps[i];
    const struct ck_plan_value *in = &c->view.values[s->input];
    const int average = s->operation == CK_AVERAGE_POOLING;
    WANT(in->kind == CK_U8, "pooling input kind", i, CK_U8, in->kind);
    WANT(2 * s->padding <= (average ? 0 : s->kernel), "pooling padding", i, 0, s->padding);
    WANT(s->second == CK_NONE, "second input of a pooling", i, CK_NONE, s->second);
    const struct ck_extent extent = ck_convolution_extent(s, in);
    WANT(extent.height >= 1 && extent.width >= 1, "pooling window", i, in->height, s->kernel);
    if (check_result(c, i, s->group[0].output, extent.height, extent.width)) return -1;
    const struct ck_plan_value *out = &c->view.values[s->group[0].output];
    WANT(out->kind == CK_U8, "pooling output kind", i, CK_U8, out->kind);
    WANT(out->channels == in->channels, "pooling channels", i, in->channels, out->channels);
    WANT(average || out->maximum >= in->maximum, "pooling maximum", i, in->maximum, out->maximum);
    WANT(sensible_scale(s->second_scale), "pooling scale", i, 0, -1);
    return 0;
}

static int check_addition(struct checked *c, uint32_t i) {
    const struct ck_plan_step *s = &c->view.steps[i];
    if (check_source(c, i, s->second, "second summand")) return -1;
    const struct ck_plan_value *a = &c->view.values[s->input], *b = &c->view.values[s->second];
    WANT(a->kind == CK_U8 || a->kind == CK_S16, "summand kind", i, CK_U8, a->kind);
    WANT(b->kind == CK_U8 || b->kind == CK_S16, "second summand kind", i, CK_U8, b->kind);
    WANT(a->height == b->height && a->width == b->width && a->channels == b->channels, "second summand shape", i,
         a->channels, b->channels);
    if (check_result(c, i, s->group[0].output, a->height, a->width)) return -1;
    const struct ck_plan_value *out = &c->view.values[s->group[0].output];
    WANT(out->kind == CK_U8, "sum kind", i, CK_U8, out->kind);
    WANT(out->channels == a->channels, "sum channels", i, a->channels, out->channels);
    WANT(sensible_scale(s->group[0].first_scale) && sensible_scale(s->second_scale), "summand scale", i, 0, -1);
    return 0;
}

static int check_distance(struct checked *c, uint32_t i) {
    const struct ck_plan_step *s = &c->view.steps[i];
    if (check_source(c, i, s->second, "student map")) return -1;
    const struct ck_plan_value *t = &c->view.values[s->input], *st = &c->view.values[s->second];
    WANT(t->kind == CK_U8 && st->kind == CK_U8, "kind of compared maps", i, CK_U8,
         t->kind == CK_U8 ? st->kind : t->kind);
    WANT(s->kernel == 1 || s->kernel == 2, "pooling factor", i, 2, s->kernel);
    WANT(t->channels == st->channels, "channels of compared maps", i, t->channels, st->channels);
    WANT(t->height == s->kernel * st->height, "height of compared maps", i, s->kernel * st->height, t->height);
    WANT(t->width == s->kernel * st->width, "width of compared maps", i, s->kernel * st->width, t->width);
    const int64_t largest = (int64_t)s->kernel * s->kernel * t->maximum;
    const int64_t most = t->channels * (largest > st->maximum ? largest * largest : (int64_t)st->maximum * st->maximum);
    WANT(most <= INT32_MAX, "largest dot product", i, INT32_MAX, most);
    if (check_result(c, i, s->group[0].output, st->height, st->width)) return -1;
    const struct ck_plan_value *out = &c->view.values[s->group[0].output];
    WANT(out->kind == CK_F32, "distance kind", i, CK_F32, out->kind);
    WANT(out->channels == 1, "distance channels", i, 1, out->channels);
    return 0;
}

static int check_step(struct checked *c, uint32_t i) {
    const struct ck_plan_step *s = &c->view.steps[i];
    const uint32_t before = i == 0 ? 0 : c->view.steps[i - 1].stage;
    WANT(s->stage == before || (i > 0 && s->stage == before + 1), "step stage", i, before, s->stage);
    WANT(s->reserved == 0, "step reserved field", i, 0, s->reserved);
    if (check_source(c, i, s->input, "step input")) return -1;
    WANT(s->kernel >= 1 && s->kernel <= MOST_KERNEL, "step kernel", i, MOST_KERNEL, s->kernel);
    WANT(s->stride >= 1 && s->stride <= MOST_STRIDE, "step stride", i, MOST_STRIDE, s->stride);
    WANT(s->padding <= MOST_BORDER, "step padding", i, MOST_BORDER, s->padding);
    const int convolution = s->operation == CK_CONVOLUTION || s->operation == CK_POOLED_CONVOLUTION;
    WANT(convolution || s->group_count == 1, "step group count", i, 1, s->group_count);
    switch (s->operation) {
    case CK_CONVOLUTION:
    case CK_POOLED_CONVOLUTION: return check_convolution(c, i);
    case CK_MAXIMUM_POOLING:
    case CK_AVERAGE_POOLING: return check_pooling(c, i);
    case CK_ADDITION: return check_addition(c, i);
    case CK_DISTANCE: return check_distance(c, i);
    default: return fail(c, "step operation", i, CK_CONVOLUTION, s->operation);
    }
}

/// Two maps lie apart, or are of one form and never needed at the same time.
static int check_places(struct checked *c, uint32_t i, uint32_t j) {
    const struct ck_plan_value *a = &c->view.values[i], *b = &c->view.values[j];
    const uint64_t a_end = a->offset + ck_value_bytes(a) + CK_SLACK, b_end = b->offset + ck_value_bytes(b) + CK_SLACK;
    if (a_end <= b->offset || b_end <= a->offset) return 0;
    const int same = a->offset == b->offset && a->kind == b->kind && a->height == b->height && a->width == b->width &&
                     a->channels == b->channels && a->border == b->border && a->maximum == b->maximum &&
                     memcmp(a->fill, b->fill, sizeof a->fill) == 0;
    WANT(same && a->kind != CK_F32, "place of value", i, a->offset, b->offset);
    WANT(c->used[i] < c->made[j] || c->used[j] < c->made[i], "place of value needed twice", i, c->used[i], c->made[j]);
    return 0;
}

int ck_plan_check(const void *bytes, size_t count, struct ck_plan_error *error) {
    struct checked checked = {.error = error}, *c = &checked;
    if (check_header(c, bytes, count)) return -1;
    const uint32_t values = c->view.header->value_count;
    for (uint32_t i = 0; i < values; i++) {
        if (check_value(c, i)) return -1;
        c->made[i] = c->used[i] = i == 0 ? -1 : NOT_MADE;
    }
    for (uint32_t i = 0; i < c->view.header->step_count; i++) {
        if (check_step(c, i)) return -1;
    }
    for (uint32_t i = 0; i < values; i++) {
        WANT(c->made[i] != NOT_MADE, "value that no step makes", i, 0, NOT_MADE);
        for (uint32_t j = i + 1; j < values; j++) {
            if (check_places(c, i, j)) return -1;
        }
    }
    return 0;
}
