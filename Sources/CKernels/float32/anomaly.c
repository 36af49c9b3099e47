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
    // A dead feature sees nothing and has no direction to compare: NaN, which is a fault and never a pass. A norm that is
    // not finite likewise.
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

CK_CLONES
void ck_upsample_add_f32(const float *map, int32_t side, float *output, int32_t size,
                         const struct ck_interpolation_f32 *axis, float weight, float *row) {
    for (int32_t y = 0; y < size; y++) {
        const float *low = map + (size_t)axis->lower[y] * (size_t)side;
        const float *high = map + (size_t)axis->upper[y] * (size_t)side;
        const float share = axis->share[y];
        for (int32_t x = 0; x < side; x++) row[x] = (low[x] + share * (high[x] - low[x])) * weight;
        float *out = output + (size_t)y * (size_t)size;
        for (int32_t x = 0; x < size; x++) {
            const float a = row[axis->lower[x]], b = row[axis->upper[x]];
            out[x] += a + axis->share[x] * (b - a);
        }
    }
}

CK_INLINE int32_t clamped(int32_t i, int32_t size) { return i < 0 ? 0 : i >= size ? size - 1 : i; }

CK_CLONES
void ck_smooth_f32(float *map, int32_t size, const float *taps, int32_t radius, float *scratch) {
    const size_t n = (size_t)size;
    float *padded = scratch + n * n;
    for (int32_t y = 0; y < size; y++) {
        const float *in = map + (size_t)y * n;
        for (int32_t x = -radius; x < size + radius; x++) padded[x + radius] = in[clamped(x, size)];
        float *out = scratch + (size_t)y * n;
        const float *centre = padded + radius;
        for (int32_t x = 0; x < size; x++) out[x] = centre[x] * taps[0];
        for (int32_t k = 1; k <= radius; k++) {
            for (int32_t x = 0; x < size; x++) out[x] += (centre[x - k] + centre[x + k]) * taps[k];
        }
    }
    for (int32_t y = 0; y < size; y++) {
        float *out = map + (size_t)y * n;
        const float *centre = scratch + (size_t)y * n;
        for (int32_t x = 0; x < size; x++) out[x] = centre[x] * taps[0];
        for (int32_t k = 1; k <= radius; k++) {
            const float *above = scratch + (size_t)clamped(y - k, size) * n;
            const float *below = scratch + (size_t)clamped(y + k, size) * n;
            for (int32_t x = 0; x < size; x++) out[x] += (above[x] + below[x]) * taps[k];
        }
    }
}

float ck_maximum_f32(const float *values, size_t count) {
    float largest = -__builtin_inff();
    float poison = 0.0f;  // stays 0 while every value is finite: 0 * NaN and 0 * infinity are NaN
    for (size_t i = 0; i < count; i++) {
        largest = values[i] > largest ? values[i] : largest;
        poison += 0.0f * values[i];
    }
    return poison == 0.0f ? largest : __builtin_nanf("");
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

float ck_top_mean_f32(const float *values, size_t count, size_t k, float *scratch) {
    const float largest = ck_maximum_f32(values, count);
    if (largest != largest) return largest;
    for (size_t i = 0; i < count; i++) scratch[i] = values[i];
    const float bound = kth_largest(scratch, count, k);
    double sum = 0.0;
    size_t above = 0;
    for (size_t i = 0; i < count; i++) {
        if (values[i] > bound) {
            sum += (double)values[i];
            above++;
        }
    }
    return (float)((sum + (double)bound * (double)(k - above)) / (double)k);
}
