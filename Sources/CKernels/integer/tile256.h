// SPDX-License-Identifier: Apache-2.0
//
// The convolution for 256-bit registers, compiled again in each variant's file under its target. The file defines
// first: the size of its tile, `PIXELS` (3) and `VECTORS` of 8 channels (a multiple of 2 that divides 8), and
// `add_products(sum, in, at, weights, pixels)`, which adds the products of the four inputs at `in[p] + at`.
//
// Of 16 registers 12 hold sums: a tile of 3 pixels × 32 channels; a block of 64 channels is two halves.

#ifndef CK_TILE256_H
#define CK_TILE256_H

enum { LANES = 8, CHANNELS = VECTORS * LANES, RESIDUAL_NONE = 0 };

/// Value of 8 channels as 32-bit integers: the residual before its scale.
CK_INLINE __m256i residual_lanes(const uint8_t *residual, int32_t kind) {
    if (kind == CK_U8) return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)residual));
    return _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)residual));
}

/// Writes `VECTORS` vectors of results at `output`; they are inside the range of the kind already.
CK_INLINE void store(const __m256i result[VECTORS], int32_t kind, uint8_t *output) {
    CK_UNROLL
    for (int32_t v = 0; v < VECTORS; v += 2) {
        // The pack instructions work on each 128-bit half: the permutation puts the quarters back in order.
        const __m256i pair = _mm256_permute4x64_epi64(_mm256_packs_epi32(result[v], result[v + 1]), 0xd8);
        if (kind == CK_U8) {
            const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(pair), _mm256_extracti128_si256(pair, 1));
            _mm_storeu_si128((__m128i *)(output + LANES * v), bytes);
        } else {
            _mm256_storeu_si256((__m256i *)(output + 2 * LANES * v), pair);
        }
    }
}

/// One row of groups for all sums of the tile; returns the weights that follow.
CK_INLINE const int8_t *accumulate(__m256i sum[PIXELS][VECTORS], const uint8_t *const in[PIXELS], const int8_t *weights,
                                   int32_t steps, const int32_t pixels) {
    for (size_t at = 0; at < (size_t)steps * CK_GROUP; at += CK_GROUP, weights += CK_BLOCK * CK_GROUP) {
        add_products(sum, in, at, weights, pixels);
    }
    return weights;
}

/// The next `pixels` pixels, channels `base ... base + CHANNELS - 1` of the block.
CK_INLINE void tile(const struct ck_convolution_work_u8 *w, int32_t base, struct ck_cursor *cursor,
                    const int32_t pixels, const int32_t residual_kind) {
    struct ck_place place[PIXELS];
    const uint8_t *in[PIXELS];
    __m256i sum[PIXELS][VECTORS];
    CK_UNROLL
    for (int32_t p = 0; p < pixels; p++) {
        place[p] = next_place(w, cursor);
        in[p] = place[p].input;
        CK_UNROLL
        for (int32_t v = 0; v < VECTORS; v++) {
            sum[p][v] = _mm256_loadu_si256((const __m256i *)(w->bias + base + LANES * v));
        }
    }
    const int8_t *weights = w->weights + base * CK_GROUP;
    for (int32_t row = 0; row < w->rows; row++) {
        weights = accumulate(sum, in, weights, w->steps, pixels);
        CK_UNROLL
        for (int32_t p = 0; p < pixels; p++) in[p] += w->input_row;
    }
    if (w->rest_steps > 0) {
        CK_UNROLL
        for (int32_t p = 0; p < pixels; p++) in[p] = place[p].rest;
        accumulate(sum, in, weights, w->rest_steps, pixels);
    }
    const __m256 low = _mm256_set1_ps(w->low), high = _mm256_set1_ps(w->high);
    const __m256 residual_scale = _mm256_set1_ps(w->residual_scale);
    const size_t existing = (size_t)(w->channels - base);
    const size_t residual_size = residual_kind == CK_U8 ? 1 : 2, output_size = w->output_kind == CK_U8 ? 1 : 2;
    CK_UNROLL
    for (int32_t p = 0; p < pixels; p++) {
        // There are no masked bytes here: a part of a block takes the way through memory that is ours.
        uint8_t spare[2 * CHANNELS] = {0};
        const uint8_t *residual = NULL;
        if (residual_kind != RESIDUAL_NONE) {
            residual = place[p].residual + (size_t)base * residual_size;
            if (existing < CHANNELS) residual = memcpy(spare, residual, existing * residual_size);
        }
        __m256i result[VECTORS];
        CK_UNROLL
        for (int32_t v = 0; v < VECTORS; v++) {
            const __m256 scale = _mm256_loadu_ps(w->scale + base + LANES * v);
            __m256 value = _mm256_mul_ps(_mm256_cvtepi32_ps(sum[p][v]), scale);
            if (residual_kind != RESIDUAL_NONE) {
                const __m256i lanes = residual_lanes(residual + (size_t)(LANES * v) * residual_size, residual_kind);
                value = _mm256_add_ps(value, _mm256_mul_ps(_mm256_cvtepi32_ps(lanes), residual_scale));
            }
            result[v] = _mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(value, low), high));
        }
        uint8_t *output = place[p].output + (size_t)base * output_size;
        if (existing < CHANNELS) {
            store(result, w->output_kind, spare);
            memcpy(output, spare, existing * output_size);
        } else {
            store(result, w->output_kind, output);
        }
    }
}

/// All pixels of the range for one part of the block, then for the next: half of the weights stay in the first cache.
CK_INLINE void convolve(const struct ck_convolution_work_u8 *w, const int32_t residual_kind) {
    for (int32_t base = 0; base < w->channels; base += CHANNELS) {
        struct ck_cursor cursor = cursor_at(w, w->begin);
        int32_t left = w->end - w->begin;
        for (; left >= PIXELS; left -= PIXELS) tile(w, base, &cursor, PIXELS, residual_kind);
        switch (left) {
        case 2: tile(w, base, &cursor, 2, residual_kind); break;
        case 1: tile(w, base, &cursor, 1, residual_kind); break;
        default: break;
        }
    }
}

// Functions of their own: in one function the three ways would share the sixteen registers for addresses.
#define WAY(NAME, KIND) \
    static __attribute__((noinline)) void NAME(const struct ck_convolution_work_u8 *w) { convolve(w, KIND); }
WAY(convolve_alone, RESIDUAL_NONE)
WAY(convolve_with_bytes, CK_U8)
WAY(convolve_with_shorts, CK_S16)
#undef WAY

CK_INLINE void convolution(const struct ck_convolution_work_u8 *w) {
    if (w->begin == w->end) return;
    if (!w->residual) {
        convolve_alone(w);
    } else if (w->residual_kind == CK_U8) {
        convolve_with_bytes(w);
    } else {
        convolve_with_shorts(w);
    }
}

#endif
