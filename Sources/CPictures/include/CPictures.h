// SPDX-License-Identifier: Apache-2.0
//
// What Swift can't do itself: libjpeg and libpng report errors by longjmp, which must not cross Swift frames. Every
// function here sets its own jump target, prints nothing, frees what it took and returns a status. The resampling
// kernel is here because its loops must vectorise.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// How a call ended.
typedef enum {
    CP_OK = 0,
    /// The data ends before the picture does.
    CP_TRUNCATED,
    /// The data is damaged.
    CP_CORRUPT,
    /// A side is beyond what the format or its library allows.
    CP_TOO_LARGE,
    /// A valid file of a kind that is not handled (CMYK, lossless, 12 bit).
    CP_UNSUPPORTED,
    /// malloc failed.
    CP_NO_MEMORY,
} cp_status;

/// The library's own words on what went wrong; empty when all is well.
typedef struct {
    char text[256];
} cp_message;

/// What the header says; nothing has been allocated for pixels yet.
typedef struct {
    uint32_t width;
    uint32_t height;
} cp_header;

/// Bytes from malloc; the caller frees `data`.
typedef struct {
    uint8_t *data;
    size_t count;
} cp_bytes;

/// Reads the header of a JPEG.
cp_status cp_jpeg_header(const uint8_t *data, size_t count, cp_header *header, cp_message *message);

/// Decodes a JPEG into `rgb`, `(ceil(height / scale), ceil(width / scale), 3)`, by DCT scaling.
///
/// @param header what cp_jpeg_header gave for the same data
/// @param scale 1, 2, 4 or 8: only that fraction of the frequencies is transformed
cp_status cp_jpeg_decode(
    const uint8_t *data, size_t count, const cp_header *header, uint32_t scale, uint8_t *rgb, cp_message *message);

/// Encodes `(height, width, 3)` bytes as a baseline JPEG; quality 1...100, colour at full resolution from 90 on.
cp_status cp_jpeg_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, int quality, cp_bytes *out, cp_message *message);

/// Reads the header of a PNG.
cp_status cp_png_header(const uint8_t *data, size_t count, cp_header *header, cp_message *message);

/// Decodes a PNG into `rgb`, `(height, width, 3)`: 16 bit rounded to 8, alpha composed over black, gamma ignored.
cp_status cp_png_decode(const uint8_t *data, size_t count, const cp_header *header, uint8_t *rgb, cp_message *message);

/// Encodes `(height, width, 3)` bytes as an 8-bit RGB PNG.
cp_status cp_png_encode(const uint8_t *rgb, uint32_t width, uint32_t height, cp_bytes *out, cp_message *message);

/// How a camera packs its pixels.
typedef enum {
    CP_RAW_YUYV,
    CP_RAW_UYVY,
    CP_RAW_GREY,
    CP_RAW_NV12,
    CP_RAW_RGB,
} cp_raw_format;

/// R = luma (Y - black) + red_v V, G = ... - green_u U - green_v V, B = ... + blue_u U, with 16 bits after the point
/// and U and V less 128.
typedef struct {
    int32_t black;
    int32_t luma;
    int32_t red_v;
    int32_t green_u;
    int32_t green_v;
    int32_t blue_u;
} cp_luma_matrix;

/// Converts a rectangle of a raw picture to RGB in integers, colour taken from the nearest sample: the same bits on
/// every machine, and for every rectangle that holds a pixel.
///
/// @param data first byte of the picture; rows are `stride` bytes apart
/// @param height rows of the whole picture: where NV12's second plane begins
/// @param rgb `(rows, columns, 3)`
void cp_raw_to_rgb(
    cp_raw_format format, const uint8_t *data, size_t stride, uint32_t height, const cp_luma_matrix *matrix,
    uint32_t x, uint32_t y, uint32_t columns, uint32_t rows, uint8_t *rgb);

/// Resamples RGB with an antialiased triangle filter in integers: the same bits on every machine.
///
/// @param in first pixel of the source; rows are `in_stride` bytes apart, so a part of a picture needs no copy
/// @param out first pixel of the target; rows are `out_stride` bytes apart
/// @return false when malloc failed, `out` is then unspecified
bool cp_resize_rgb(
    const uint8_t *in, size_t in_stride, uint32_t in_width, uint32_t in_height, uint8_t *out, size_t out_stride,
    uint32_t out_width, uint32_t out_height);

/// The same without instructions that only some machines have; for tests, the bits must be the same.
bool cp_resize_rgb__portable(
    const uint8_t *in, size_t in_stride, uint32_t in_width, uint32_t in_height, uint8_t *out, size_t out_stride,
    uint32_t out_width, uint32_t out_height);
