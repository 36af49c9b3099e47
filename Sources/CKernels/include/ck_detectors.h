// SPDX-License-Identifier: Apache-2.0
//
// Kernels of the detectors that keep more than a second network: products of maps, Gaussians, memories of patches.
// float32, channels last; the same bits on every machine, as in ckernels.h.

#ifndef CK_DETECTORS_H
#define CK_DETECTORS_H

#include <stddef.h>
#include <stdint.h>

/// output *= values upsampled from `(side, side)` to `(size, size)`; `size` is a multiple of `side`.
///
/// Bilinear with pixel centres at half places, edges repeated. NaN stays NaN.
void ck_multiply_upsampled_f32(const float *values, int32_t side, float *output, int32_t size);

/// Mean over the 3×3 neighbourhood of a bordered map's interior; outside the map is 0 and counts (torch's
/// `avg_pool2d(x, 3, 1, 1)`, as PatchCore aggregates). `output` is `(side, side, channels)` without border.
void ck_local_mean_f32(const float *input, size_t input_row, int32_t side, int32_t channels, float *output);

/// Upsamples `(side, side, channels)` as above into the first `channels` of `(size, size, pixel)` floats.
void ck_upsample_features_f32(const float *values, int32_t side, int32_t channels, float *output, int32_t size,
                              size_t pixel);

/// Outputs that one packed block of `ck_mahalanobis_f32`'s factor holds.
#define CK_MAHALANOBIS_F32_BLOCK 16
/// Most dimensions.
#define CK_MAHALANOBIS_F32_DIMENSIONS 1024

/// √((x − μ)ᵀ Σ⁻¹ (x − μ)) = |W (x − μ)| for every location, W the lower triangular inverse of Σ's Cholesky factor.
///
/// `values` and `mean` are `(locations, dimensions)`. `factor` has, for every location and every sixteen rows of W (the
/// last rows zero), the columns up to the last of these rows: `(min(16 (block + 1), dimensions), 16)`.
void ck_mahalanobis_f32(const float *values, const float *mean, const float *factor, float *output, int32_t locations,
                        int32_t dimensions);

/// Vectors that one packed block of a memory holds.
#define CK_NEAREST_F32_BLOCK 32

/// A search for nearest neighbours.
struct ck_nearest_work_f32 {
    /// `(count, dimensions)`: what is looked for.
    const float *values;
    /// `(blocks, dimensions, 32)`: what is known, the rest of the last block zero.
    const float *memory;
    /// `(blocks, 32)`: −|m|²/2, the rest of the last block −∞.
    const float *offsets;
    /// `(count, 32)` of scratch.
    float *best;
    /// `(count, 32)` of scratch.
    int32_t *block;
    /// `(count)`: Euclidean distances to the nearest.
    float *output;
    /// Number of vectors that are looked for.
    int32_t count;
    /// Number of blocks.
    int32_t blocks;
    /// Length of a vector.
    int32_t dimensions;
};

/// Euclidean distance of every value to the nearest vector of the memory; NaN for values that are not finite.
///
/// The nearest is the one with the largest x·m − |m|²/2, of equal ones the first in the packed order of lanes; its
/// distance is then summed from the differences, so nothing is lost where both vectors are long and close.
void ck_nearest_f32(const struct ck_nearest_work_f32 *work);

#endif
