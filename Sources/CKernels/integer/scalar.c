// SPDX-License-Identifier: Apache-2.0
//
// The reference: what every other variant must equal bit for bit.

#include "variant.h"

/// Nearest integer, ties to even, for |value| < 2^22: adding 1.5 · 2^23 leaves no room for a fraction.
static int32_t nearest(float value) {
    const float magic = 12582912.0f;
    const float shifted = value + magic;
    return (int32_t)(shifted - magic);
}

static int32_t group(const int8_t *weight, const uint8_t *in) {
    int32_t sum = 0;
    for (int32_t i = 0; i < CK_GROUP; i++) sum += (int32_t)weight[i] * (int32_t)in[i];
    return sum;
}

static int32_t residual_at(const struct ck_convolution_work_u8 *w, const struct ck_place *place, int32_t channel) {
    if (w->residual_kind == CK_U8) return place->residual[channel];
    int16_t value;
    memcpy(&value, place->residual + 2 * channel, sizeof value);
    return value;
}

static void ck_convolution_u8__scalar(const struct ck_convolution_work_u8 *w) {
    if (w->begin == w->end) return;
    struct ck_cursor cursor = cursor_at(w, w->begin);
    for (int32_t pixel = w->begin; pixel < w->end; pixel++) {
        const struct ck_place place = next_place(w, &cursor);
        for (int32_t channel = 0; channel < w->channels; channel++) {
            int32_t sum = w->bias[channel];
            const int8_t *weight = w->weights + channel * CK_GROUP;
            for (int32_t row = 0; row < w->rows; row++) {
                const uint8_t *in = place.input + (size_t)row * w->input_row;
                for (int32_t step = 0; step < w->steps; step++, weight += CK_BLOCK * CK_GROUP) {
                    sum += group(weight, in + step * CK_GROUP);
                }
            }
            for (int32_t step = 0; step < w->rest_steps; step++, weight += CK_BLOCK * CK_GROUP) {
                sum += group(weight, place.rest + step * CK_GROUP);
            }
            float value = (float)sum * w->scale[channel];
            if (w->residual) value += (float)residual_at(w, &place, channel) * w->residual_scale;
            value = value < w->low ? w->low : value;
            value = value > w->high ? w->high : value;
            const int32_t result = nearest(value);
            if (w->output_kind == CK_U8) {
                place.output[channel] = (uint8_t)result;
            } else {
                const int16_t narrow = (int16_t)result;
                memcpy(place.output + 2 * channel, &narrow, sizeof narrow);
            }
        }
    }
}

CK_VARIANT(scalar)
