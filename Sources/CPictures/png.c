// SPDX-License-Identifier: Apache-2.0
//
// libpng behind return values; the same arrangement as in jpeg.c: what must survive a longjmp lives in a struct that the
// function with the setjmp only points to.

#include "CPictures.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

struct codec {
    jmp_buf jump;
    cp_status status;
    cp_message *message;
    png_structp png;
    png_infop info;
    // Reading
    const uint8_t *data;
    size_t count;
    size_t position;
    uint8_t *rgba;
    png_bytepp rows;
    // Writing
    cp_bytes written;
    size_t capacity;
};

static _Noreturn void leave(struct codec *c, cp_status status, const char *text) {
    snprintf(c->message->text, sizeof c->message->text, "%s", text);
    c->status = status;
    longjmp(c->jump, 1);
}

static _Noreturn void on_error(png_structp png, png_const_charp text) {
    struct codec *c = png_get_error_ptr(png);
    leave(c, strstr(text, "emory") ? CP_NO_MEMORY : CP_CORRUPT, text);
}

static void on_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static void start(struct codec *c, cp_message *message) {
    memset(c, 0, sizeof *c);
    message->text[0] = 0;
    c->message = message;
}

static void finish_reading(struct codec *c) {
    png_destroy_read_struct(&c->png, &c->info, NULL);
    free(c->rgba);
    free(c->rows);
}

// Decoding

static void on_read(png_structp png, png_bytep out, size_t count) {
    struct codec *c = png_get_io_ptr(png);
    if (count > c->count - c->position) leave(c, CP_TRUNCATED, "unexpected end of data");
    memcpy(out, c->data + c->position, count);
    c->position += count;
}

static void read_header(struct codec *c, const uint8_t *data, size_t count) {
    c->data = data;
    c->count = count;
    c->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, c, on_error, on_warning);
    c->info = c->png ? png_create_info_struct(c->png) : NULL;
    if (!c->info) leave(c, CP_NO_MEMORY, "out of memory");
    png_set_read_fn(c->png, c, on_read);
    // Our own limit is checked by the caller, who can say how large the picture claims to be.
    png_set_user_limits(c->png, 0x7fffffff, 0x7fffffff);
    // A wrong checksum anywhere means a damaged file. Text, profiles and gamma are skipped, transparency is not.
    png_set_crc_action(c->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_keep_unknown_chunks(c->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(c->png, c->info);
}

static cp_status run_header(struct codec *c, const uint8_t *data, size_t count, cp_header *header) {
    if (setjmp(c->jump)) return c->status;
    read_header(c, data, count);
    header->width = png_get_image_width(c->png, c->info);
    header->height = png_get_image_height(c->png, c->info);
    return CP_OK;
}

cp_status cp_png_header(const uint8_t *data, size_t count, cp_header *header, cp_message *message) {
    struct codec c;
    start(&c, message);
    cp_status status = run_header(&c, data, count, header);
    finish_reading(&c);
    return status;
}

// Rounded to nearest; a transparent pixel becomes black.
static void compose_over_black(const uint8_t *rgba, uint8_t *rgb, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t alpha = rgba[4 * i + 3];
        for (size_t k = 0; k < 3; k++) rgb[3 * i + k] = (uint8_t)((rgba[4 * i + k] * alpha + 127) / 255);
    }
}

static cp_status run_decode(struct codec *c, const uint8_t *data, size_t count, const cp_header *header, uint8_t *rgb) {
    if (setjmp(c->jump)) return c->status;
    read_header(c, data, count);
    if (png_get_image_width(c->png, c->info) != header->width || png_get_image_height(c->png, c->info) != header->height) {
        leave(c, CP_CORRUPT, "a size that differs from the header");
    }
    png_set_scale_16(c->png);
    png_set_expand(c->png);
    png_set_gray_to_rgb(c->png);
    png_set_interlace_handling(c->png);
    png_read_update_info(c->png, c->info);

    size_t channels = png_get_channels(c->png, c->info);
    size_t stride = (size_t)header->width * channels;
    if ((channels != 3 && channels != 4) || png_get_rowbytes(c->png, c->info) != stride) {
        leave(c, CP_UNSUPPORTED, "an unknown pixel format");
    }
    uint8_t *target = rgb;
    if (channels == 4) {
        c->rgba = malloc(stride * header->height);
        if (!c->rgba) leave(c, CP_NO_MEMORY, "out of memory");
        target = c->rgba;
    }
    // Interlaced pictures come in seven passes over all rows.
    c->rows = malloc(sizeof(png_bytep) * header->height);
    if (!c->rows) leave(c, CP_NO_MEMORY, "out of memory");
    for (uint32_t y = 0; y < header->height; y++) c->rows[y] = target + stride * y;
    png_read_image(c->png, c->rows);
    // Reads up to the end chunk, so a file that lacks only that is noticed too.
    png_read_end(c->png, NULL);
    if (c->rgba) compose_over_black(c->rgba, rgb, (size_t)header->width * header->height);
    return CP_OK;
}

cp_status cp_png_decode(
    const uint8_t *data, size_t count, const cp_header *header, uint8_t *rgb, cp_message *message) {
    struct codec c;
    start(&c, message);
    cp_status status = run_decode(&c, data, count, header, rgb);
    finish_reading(&c);
    return status;
}

// Encoding

static void on_write(png_structp png, png_bytep bytes, size_t count) {
    struct codec *c = png_get_io_ptr(png);
    if (count > c->capacity - c->written.count) {
        size_t capacity = c->capacity * 2 + count + 4096;
        uint8_t *data = realloc(c->written.data, capacity);
        if (!data) leave(c, CP_NO_MEMORY, "out of memory");
        c->written.data = data;
        c->capacity = capacity;
    }
    memcpy(c->written.data + c->written.count, bytes, count);
    c->written.count += count;
}

static void on_flush(png_structp png) { (void)png; }

static cp_status run_encode(struct codec *c, const uint8_t *rgb, uint32_t width, uint32_t height) {
    if (setjmp(c->jump)) return c->status;
    c->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, c, on_error, on_warning);
    c->info = c->png ? png_create_info_struct(c->png) : NULL;
    if (!c->info) leave(c, CP_NO_MEMORY, "out of memory");
    png_set_write_fn(c->png, c, on_write, on_flush);
    png_set_user_limits(c->png, 0x7fffffff, 0x7fffffff);
    png_set_IHDR(
        c->png, c->info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
        PNG_FILTER_TYPE_DEFAULT);
    png_write_info(c->png, c->info);
    for (uint32_t y = 0; y < height; y++) png_write_row(c->png, rgb + (size_t)width * 3 * y);
    png_write_end(c->png, NULL);
    return CP_OK;
}

cp_status cp_png_encode(const uint8_t *rgb, uint32_t width, uint32_t height, cp_bytes *out, cp_message *message) {
    struct codec c;
    start(&c, message);
    cp_status status = run_encode(&c, rgb, width, height);
    png_destroy_write_struct(&c.png, &c.info);
    if (status != CP_OK) {
        free(c.written.data);
        c.written.data = NULL;
        c.written.count = 0;
    }
    *out = c.written;
    return status;
}
