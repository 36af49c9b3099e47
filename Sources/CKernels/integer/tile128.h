// SPDX-License-Identifier: Apache-2.0
//
// What the NEON convolutions share. The file that includes it defines `PIXELS` and `QUADS` (of 4 channels, even), the
// size of its tile.

#ifndef CK_TILE128_H
#define CK_TILE128_H

enum { CHANNELS = 4 * QUADS };

/// Unsigned inputs as signed: their highest bit turned when `wide`, else they are the same.
CK_INLINE int8x16_t as_signed(uint8x16_t inputs, const int32_t wide) {
    return vreinterpretq_s8_u8(wide ? veorq_u8(inputs, vdupq_n_u8(0x80)) : inputs);
}

/// Four inputs, four times.
CK_INLINE int8x16_t four_inputs(const uint8_t *in, const int32_t wide) {
    uint32_t four;
    memcpy(&four, in, sizeof four);
    return as_signed(vreinterpretq_u8_u32(vdupq_n_u32(four)), wide);
}

/// What the sums of channels `channel ... channel + 3` begin with.
CK_INLINE int32x4_t bias_lanes(const struct ck_convolution_work_u8 *w, int32_t channel, const int32_t wide) {
    return vld1q_s32((wide ? w->signed_bias : w->bias) + channel);
}

/// 4 residuals as 32-bit integers.
CK_INLINE int32x4_t residual_lanes(const uint8_t *residual, int32_t kind) {
    if (kind == CK_U8) {
        uint32_t four;
        memcpy(&four, residual, sizeof four);
        const uint16x8_t wide = vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four)));
        return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(wide)));
    }
    int16x4_t four;
    memcpy(&four, residual, sizeof four);
    return vmovl_s16(four);
}

/// Writes the results of two quads; they are inside the range of the kind already.
CK_INLINE void store(int32x4_t first, int32x4_t second, int32_t kind, uint8_t *output) {
    const int16x8_t narrow = vmovn_high_s32(vmovn_s32(first), second);
    if (kind == CK_U8) {
        vst1_u8(output, vmovn_u16(vreinterpretq_u16_s16(narrow)));
    } else {
        vst1q_u8(output, vreinterpretq_u8_s16(narrow));
    }
}

/// Sums of one pixel, channels `base ... base + CHANNELS - 1` of the block, to its results.
CK_INLINE void requantise(const struct ck_convolution_work_u8 *w, int32_t base, const struct ck_place *place,
                          const int32x4_t sum[QUADS]) {
    const size_t existing = (size_t)(w->channels - base);
    const size_t residual_size = w->residual_kind == CK_U8 ? 1 : 2, output_size = w->output_kind == CK_U8 ? 1 : 2;
    // There are no masked bytes here: a part of a block takes the way through memory that is ours.
    uint8_t spare[2 * CHANNELS] = {0};
    const uint8_t *residual = NULL;
    if (w->residual) {
        residual = place->residual + (size_t)base * residual_size;
        if (existing < CHANNELS) residual = memcpy(spare, residual, existing * residual_size);
    }
    const float32x4_t low = vdupq_n_f32(w->low), high = vdupq_n_f32(w->high);
    int32x4_t result[QUADS];
    CK_UNROLL
    for (int32_t q = 0; q < QUADS; q++) {
        float32x4_t value = vmulq_f32(vcvtq_f32_s32(sum[q]), vld1q_f32(w->scale + base + 4 * q));
        if (residual) {
            const int32x4_t lanes = residual_lanes(residual + (size_t)(4 * q) * residual_size, w->residual_kind);
            value = vaddq_f32(value, vmulq_f32(vcvtq_f32_s32(lanes), vdupq_n_f32(w->residual_scale)));
        }
        result[q] = vcvtnq_s32_f32(vminq_f32(vmaxq_f32(value, low), high));
    }
    uint8_t *output = place->output + (size_t)base * output_size, *target = existing < CHANNELS ? spare : output;
    CK_UNROLL
    for (int32_t q = 0; q < QUADS; q += 2) {
        store(result[q], result[q + 1], w->output_kind, target + (size_t)(4 * q) * output_size);
    }
    if (existing < CHANNELS) memcpy(output, spare, existing * output_size);
}

#endif
