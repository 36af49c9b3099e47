// SPDX-License-Identifier: Apache-2.0
//
// Kernels of the inspection path. float32, channels last, borders padded beforehand.
//
// Every result is the same on every machine, bit for bit: sums run in one fixed order with one fused multiply-add per
// term, vectors only ever run over outputs that do not depend on each other, nothing calls libm.

#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "ck_detectors.h"

/// Output channels that one packed block of convolution weights holds.
#define CK_CONVOLUTION_F32_BLOCK 32

/// One convolution on channels-last float32 maps, with bias, optional residual and ReLU fused.
struct ck_convolution_work_f32 {
    /// First value of the first receptive field, border included.
    const float *input;
    /// Floats from one input row to the next.
    size_t input_row;
    /// Input channels: floats from one pixel to the next.
    size_t input_pixel;
    /// Packed `(blocks, kernel_height, kernel_width * input channels, 32)`.
    const float *weights;
    /// `(blocks * 32)`.
    const float *bias;
    /// Added before the ReLU, `(height, width, channels)` with `residual_row`; NULL for none.
    const float *residual;
    /// Floats from one residual row to the next.
    size_t residual_row;
    /// `(height, width, channels)` with `output_row`.
    float *output;
    /// Floats from one output row to the next.
    size_t output_row;
    /// Output rows.
    int32_t height;
    /// Output columns.
    int32_t width;
    /// Output channels.
    int32_t channels;
    /// Rows of the kernel.
    int32_t kernel_height;
    /// Kernel width times input channels: contiguous in the input.
    int32_t run;
    /// Step in both directions.
    int32_t stride;
    /// Non-zero: negative results become zero.
    int32_t relu;
};

/// Computes one convolution as described; see the struct.
void ck_convolution_f32(const struct ck_convolution_work_f32 *work);

/// A pooling window over a channels-last map.
struct ck_pooling_work_f32 {
    /// First value of the map, border excluded: windows are clipped to it.
    const float *input;
    /// Floats from one input row to the next.
    size_t input_row;
    /// Input rows.
    int32_t input_height;
    /// Input columns.
    int32_t input_width;
    /// First value of the result.
    float *output;
    /// Floats from one output row to the next.
    size_t output_row;
    /// Output rows.
    int32_t height;
    /// Output columns.
    int32_t width;
    /// Channels of both.
    int32_t channels;
    /// Side of the window.
    int32_t kernel;
    /// Step in both directions.
    int32_t stride;
    /// Rows and columns that the window may reach over the edge.
    int32_t padding;
};

/// Maximum over each window, clipped to the map.
void ck_maximum_pooling_f32(const struct ck_pooling_work_f32 *work);

/// Mean over each window; padding must be 0.
void ck_average_pooling_f32(const struct ck_pooling_work_f32 *work);

/// output = a + b, then ReLU where asked; `count` contiguous values.
void ck_add_f32(const float *a, const float *b, float *output, size_t count, int32_t relu);

/// Pixels to network input: `output[i] = table[256 * channel + pixel]`, channels last, three channels, `width` pixels.
void ck_normalise_u8_f32(const uint8_t *pixels, float *output, size_t width, const float *table);

/// Cosine distance 1 − t·s/(|t||s|) of `height * width` pairs of channel vectors; NaN where either is zero or
/// not finite: a dead feature is blind, and blindness is a fault.
///
/// Equals ½‖t/|t| − s/|s|‖² (METHODS 1). Rounding may bring it just below 0; it is clamped there.
/// `t_row`, `s_row`: floats between rows; vectors are contiguous inside a row.
void ck_cosine_distance_f32(const float *t, size_t t_row, const float *s, size_t s_row, float *output, int32_t height,
                            int32_t width, int32_t channels);

/// output = (value − mean) * scale for `count` values, in place allowed.
void ck_standardise_f32(const float *value, const float *mean, const float *scale, float *output, size_t count);

/// Outputs that share one block of weights in `ck_axis_f32`.
#define CK_MAP_F32_BLOCK 16

/// A linear map of one axis, `(size, side)`, whose rows are bands: bilinear upsampling and smoothing in one.
///
/// Held twice, since it is used from both sides: row by row, and for sixteen outputs together.
struct ck_axis_f32 {
    /// Inputs.
    int32_t side;
    /// Inputs that one output uses.
    int32_t taps;
    /// `(size)`: first input of each output, at most side − taps.
    const int32_t *first;
    /// `(size, taps)`.
    const float *weights;
    /// Inputs that sixteen neighbouring outputs use together.
    int32_t block_taps;
    /// `(size / 16)`: first input of each sixteen outputs, at most side − block_taps.
    const int32_t *block_first;
    /// `(size / 16, block_taps, 16)`.
    const float *block_weights;
};

/// One level of an anomaly map.
struct ck_level_map_f32 {
    /// From the level's side to the map's.
    struct ck_axis_f32 axis;
    /// `(side, side)`: standardised distances times the level's weight.
    const float *values;
    /// `(side, size)` of scratch.
    float *widened;
};

/// output = Σ axis · values · axisᵀ over the levels, `(size, size)`; `size` is a multiple of 16.
void ck_anomaly_map_f32(const struct ck_level_map_f32 *levels, int32_t count, int32_t size, float *output);

/// Largest of `count` values; NaN as soon as one value is not finite.
float ck_maximum_f32(const float *values, size_t count);

/// Mean of the `k` largest of `count` values, 1 ≤ k ≤ count; NaN as soon as one value is not finite.
///
/// Summed in the order of the map, so the bits do not depend on how the selection went. `scratch`: `count` floats.
float ck_top_mean_f32(const float *values, size_t count, size_t k, float *scratch);

#endif
