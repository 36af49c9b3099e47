// SPDX-License-Identifier: Apache-2.0
//
// From two feature maps to one anomaly map and its score.

#include "../clones.h"
#include "ckernels.h"

/// Sum of sixteen lanes, pairwise, in one order.
CK_INLINE float total(const ck_f32x16 *v) {
    float lane[16];
    *(ck_f32x16 *)lane = *v;
    for (int32_t half = 8; half >= 1; half /= 2) {
        for (int32_t i = 0; i < half; i++) lane[i] += lane[i + half];
    }
    return lane[0];
}

CK_INLINE float distance(const float *t, const float *s, int32_t channels) {
    ck_f32x16 ts = {0}, tt = {0}, ss = {0};
    int32_t c = 0;
    for (; c + 16 <= channels; c += 16) {
        const ck_f32x16 a = *(const ck_f32x16 *)(t + c), b = *(const ck_f32x16 *)(s + c);
        ts = __builtin_elementwise_fma(a, b, ts);
        tt = __builtin_elementwise_fma(a, a, tt);
        ss = __builtin_elementwise_fma(b, b, ss);
    }
    float dot = total(&ts), teacher = total(&tt), student = total(&ss);
    for (; c < channels; c++) {
        dot += t[c] * s[c];
        teacher += t[c] * t[c];
        student += s[c] * s[c];
    }
    // A dead feature sees nothing and has no direction to compare: NaN, which is a fault and never a pass. A norm that
    // is not finite likewise.
    const float most = __builtin_inff();
    if (!(teacher > 0.0f && teacher < most && student > 0.0f && student < most)) return __builtin_nanf("");
    const float d = 1.0f - dot / (__builtin_sqrtf(teacher) * __builtin_sqrtf(student));
    return d < 0.0f ? 0.0f : d;
}

CK_CLONES
void ck_cosine_distance_f32(const float *t, size_t t_row, const float *s, size_t s_row, float *output, int32_t height,
                            int32_t width, int32_t channels) {
    for (int32_t y = 0; y < height; y++) {
        for (int32_t x = 0; x < width; x++) {
            const size_t at = (size_t)x * (size_t)channels;
            output[(size_t)y * (size_t)width + (size_t)x] =
                distance(t + (size_t)y * t_row + at, s + (size_t)y * s_row + at, channels);
        }
    }
}

CK_CLONES
void ck_standardise_f32(const float *value, const float *mean, const float *scale, float *output, size_t count) {
    for (size_t i = 0; i < count; i++) output[i] = (value[i] - mean[i]) * scale[i];
}

/// Lanes of one vector.
enum { LANES = CK_MAP_F32_BLOCK };

/// Sixteen floats in memory; a macro, since vectors by value would tie the ABI to the instruction set.
#define LOAD(p) (*(const ck_f32x16 *)(p))

CK_INLINE void multiply_add(float value, const float *from, ck_f32x16 *sum) {
    const ck_f32x16 v = {value, value, value, value, value, value, value, value,
                         value, value, value, value, value, value, value, value};
    *sum = __builtin_elementwise_fma(v, LOAD(from), *sum);
}

/// One row of a level's map times the transposed axis: sixteen columns of the result at a time, each a sum over the
/// inputs that the sixteen use together.
CK_INLINE void widen(const struct ck_axis_f32 *axis, const float *values, int32_t size, float *output) {
    const size_t taps = (size_t)axis->block_taps;
    const float *weights = axis->block_weights;
    for (int32_t block = 0; block < size / LANES; block++) {
        const float *in = values + axis->block_first[block];
        ck_f32x16 sum = {0};
        for (size_t k = 0; k < taps; k++) multiply_add(in[k], weights + k * LANES, &sum);
        *(ck_f32x16 *)(output + (size_t)block * LANES) = sum;
        weights += taps * LANES;
    }
}

/// `vectors` times sixteen neighbouring values of one row of the result: the axis times what `widen` left, all levels.
CK_INLINE void combine(const struct ck_level_map_f32 *levels, int32_t count, int32_t size, int32_t y, int32_t x,
                       float *output, const int32_t vectors) {
    ck_f32x16 sum[4] = {{0}, {0}, {0}, {0}};
    for (int32_t level = 0; level < count; level++) {
        const struct ck_axis_f32 *axis = &levels[level].axis;
        const float *weights = axis->weights + (size_t)y * (size_t)axis->taps;
        const float *in = levels[level].widened + (size_t)axis->first[y] * (size_t)size + (size_t)x;
        for (int32_t k = 0; k < axis->taps; k++, in += size) {
            for (int32_t v = 0; v < vectors; v++) multiply_add(weights[k], in + v * LANES, &sum[v]);
        }
    }
    for (int32_t v = 0; v < vectors; v++) *(ck_f32x16 *)(output + v * LANES) = sum[v];
}

CK_CLONES
void ck_anomaly_map_f32(const struct ck_level_map_f32 *levels, int32_t count, int32_t size, float *output) {
    const size_t n = (size_t)size;
    for (int32_t level = 0; level < count; level++) {
        const struct ck_level_map_f32 *map = &levels[level];
        const size_t side = (size_t)map->axis.side;
        for (size_t y = 0; y < side; y++) widen(&map->axis, map->values + y * side, size, map->widened + y * n);
    }
    for (int32_t y = 0; y < size; y++) {
        float *out = output + (size_t)y * n;
        int32_t x = 0;
        for (; x + 4 * LANES <= size; x += 4 * LANES) combine(levels, count, size, y, x, out + x, 4);
        for (; x < size; x += LANES) combine(levels, count, size, y, x, out + x, 1);
    }
}

CK_CLONES
float ck_maximum_f32(const float *values, size_t count) {
    // Lanes of their own, so that vectors can run over them; four vectors, so that one does not wait for the other.
    enum { WIDTH = 4 * LANES };
    float largest[WIDTH], poison[WIDTH];
    for (size_t lane = 0; lane < WIDTH; lane++) {
        largest[lane] = -__builtin_inff();
        poison[lane] = 0.0f; // stays 0 while every value is finite: 0 * NaN and 0 * infinity are NaN
    }
    size_t i = 0;
    for (; i + WIDTH <= count; i += WIDTH) {
        for (size_t lane = 0; lane < WIDTH; lane++) {
            const float value = values[i + lane];
            largest[lane] = value > largest[lane] ? value : largest[lane];
            poison[lane] += 0.0f * value;
        }
    }
    for (size_t lane = 0; i < count; i++, lane++) {
        largest[lane] = values[i] > largest[lane] ? values[i] : largest[lane];
        poison[lane] += 0.0f * values[i];
    }
    for (size_t lane = 1; lane < WIDTH; lane++) {
        largest[0] = largest[lane] > largest[0] ? largest[lane] : largest[0];
        poison[0] += poison[lane];
    }
    return poison[0] == 0.0f ? largest[0] : __builtin_nanf("");
}

/// The `k`-th largest value (k counts from 1); reorders `v`.
static float kth_largest(float *v, size_t count, size_t k) {
    size_t low = 0, high = count - 1;
    const size_t wanted = k - 1;
    while (low < high) {
        const float pivot = v[low + (high - low) / 2];
        size_t i = low, j = high;
        while (i <= j) {
            while (v[i] > pivot) i++;
            while (v[j] < pivot) j--;
            if (i > j) break;
            const float swap = v[i];
            v[i++] = v[j];
            v[j] = swap;
            if (j == 0) break;
            j--;
        }
        if (wanted <= j) {
            high = j;
        } else if (wanted >= i) {
            low = i;
        } else {
            break;
        }
    }
    return v[wanted];
}

/// Values in their order that may be among the `k` largest: all that are not below a bound taken from every seventeenth value.
///
/// Returns how many were put into `chosen` (room for `count`); fewer than `k` when those looked at were no fair sample.
CK_INLINE size_t candidates(const float *values, size_t count, size_t k, float *chosen) {
    // The stride is odd, so that the rows of a map do not line up; a run is looked at as a whole, most have none.
    enum { STRIDE = 17, SPARE = 8, RUN = 64 };
    size_t samples = 0;
    for (size_t i = 0; i < count; i += STRIDE) chosen[samples++] = values[i];
    const size_t rank = k * 3 / 2 / STRIDE + SPARE;
    if (rank > samples) return 0;
    const float bound = kth_largest(chosen, samples, rank);
    size_t taken = 0;
    for (size_t run = 0; run < count; run += RUN) {
        const size_t end = run + RUN < count ? run + RUN : count;
        int32_t any = 0;
        for (size_t i = run; i < end; i++) any |= values[i] >= bound;
        if (!any) continue;
        for (size_t i = run; i < end; i++) {
            chosen[taken] = values[i];
            taken += values[i] >= bound;
        }
    }
    return taken;
}

CK_CLONES
float ck_top_mean_f32(const float *values, size_t count, size_t k, float *scratch) {
    const float largest = ck_maximum_f32(values, count);
    if (largest != largest) return largest;
    // The candidates hold the k largest as soon as there are k of them; a copy of them is sorted out, they keep their order.
    const size_t taken = candidates(values, count, k, scratch);
    const int suffices = taken >= k && 2 * taken <= count;
    const float *from = suffices ? scratch : values;
    const size_t length = suffices ? taken : count;
    float *sorted = suffices ? scratch + taken : scratch;
    for (size_t i = 0; i < length; i++) sorted[i] = from[i];
    const float bound = kth_largest(sorted, length, k);
    double sum = 0.0;
    size_t above = 0;
    for (size_t i = 0; i < length; i++) {
        if (from[i] > bound) {
            sum += (double)from[i];
            above++;
        }
    }
    return (float)((sum + (double)bound * (double)(k - above)) / (double)k);
}
