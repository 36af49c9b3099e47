// SPDX-License-Identifier: Apache-2.0
//
// libjpeg behind return values. All state that must survive a longjmp lives in a struct that the public function owns
// and the function with the setjmp only points to, so no automatic variable is in doubt after the jump.

#include "CPictures.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

// More scans than this are an attack on our time, not a picture (a usual progressive file has 10).
enum { MAX_SCANS = 100 };

// Many cameras leave a few bytes between the last code and the next marker, in every frame; more means lost data.
enum { MAX_EXTRANEOUS = 16 };

struct trap {
    struct jpeg_error_mgr manager;
    jmp_buf jump;
    cp_status status;
    cp_message *message;
};

static _Noreturn void leave(j_common_ptr info, cp_status status) {
    struct trap *trap = (struct trap *)info->err;
    char text[JMSG_LENGTH_MAX];
    info->err->format_message(info, text);
    snprintf(trap->message->text, sizeof trap->message->text, "%s", text);
    trap->status = status;
    longjmp(trap->jump, 1);
}

static _Noreturn void leave_saying(j_common_ptr info, cp_status status, const char *text) {
    struct trap *trap = (struct trap *)info->err;
    snprintf(trap->message->text, sizeof trap->message->text, "%s", text);
    trap->status = status;
    longjmp(trap->jump, 1);
}

static void on_error(j_common_ptr info) {
    switch (info->err->msg_code) {
    case JERR_OUT_OF_MEMORY:
        leave(info, CP_NO_MEMORY);
    case JERR_IMAGE_TOO_BIG:
    case JERR_WIDTH_OVERFLOW:
        leave(info, CP_TOO_LARGE);
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED:
        leave(info, CP_UNSUPPORTED);
    default:
        leave(info, CP_CORRUPT);
    }
}

// libjpeg would go on with grey blocks after most damage; an inspection must not judge those.
static void on_message(j_common_ptr info, int level) {
    if (level >= 0) return;
    switch (info->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
        leave(info, CP_TRUNCATED);
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_ICC:
    case JWRN_JFIF_MAJOR:
        return;
    case JWRN_EXTRANEOUS_DATA:
        if (info->err->msg_parm.i[0] <= MAX_EXTRANEOUS) return;
        leave(info, CP_CORRUPT);
    default:
        leave(info, CP_CORRUPT);
    }
}

static void on_output(j_common_ptr info) { (void)info; }

static void on_progress(j_common_ptr info) {
    if (((j_decompress_ptr)info)->input_scan_number > MAX_SCANS) {
        leave_saying(info, CP_CORRUPT, "more than 100 scans");
    }
}

static struct jpeg_error_mgr *set_trap(struct trap *trap, cp_message *message) {
    memset(trap, 0, sizeof *trap);
    message->text[0] = 0;
    trap->message = message;
    jpeg_std_error(&trap->manager);
    trap->manager.error_exit = on_error;
    trap->manager.emit_message = on_message;
    trap->manager.output_message = on_output;
    return &trap->manager;
}

// Decoding

struct decoder {
    struct trap trap;
    struct jpeg_progress_mgr progress;
    struct jpeg_decompress_struct info;
};

static void read_header(struct decoder *d, const uint8_t *data, size_t count) {
    jpeg_create_decompress(&d->info);
    d->progress.progress_monitor = on_progress;
    d->info.progress = &d->progress;
    jpeg_mem_src(&d->info, data, (unsigned long)count);
    jpeg_read_header(&d->info, TRUE);
    switch (d->info.jpeg_color_space) {
    case JCS_GRAYSCALE:
    case JCS_RGB:
    case JCS_YCbCr:
        return;
    case JCS_CMYK:
    case JCS_YCCK:
        leave_saying((j_common_ptr)&d->info, CP_UNSUPPORTED, "printing colours (CMYK)");
    default:
        leave_saying((j_common_ptr)&d->info, CP_UNSUPPORTED, "an unknown colour space");
    }
}

static cp_status run_header(struct decoder *d, const uint8_t *data, size_t count, cp_header *header) {
    if (setjmp(d->trap.jump)) return d->trap.status;
    read_header(d, data, count);
    header->width = d->info.image_width;
    header->height = d->info.image_height;
    return CP_OK;
}

cp_status cp_jpeg_header(const uint8_t *data, size_t count, cp_header *header, cp_message *message) {
    struct decoder d;
    memset(&d, 0, sizeof d);
    d.info.err = set_trap(&d.trap, message);
    cp_status status = run_header(&d, data, count, header);
    jpeg_destroy_decompress(&d.info);
    return status;
}

static cp_status run_decode(
    struct decoder *d, const uint8_t *data, size_t count, const cp_header *header, uint32_t scale, uint8_t *rgb) {
    if (setjmp(d->trap.jump)) return d->trap.status;
    read_header(d, data, count);
    // The integer transform and no smoothing: the same bits with every SIMD variant of the library.
    d->info.out_color_space = JCS_RGB;
    d->info.dct_method = JDCT_ISLOW;
    d->info.do_fancy_upsampling = TRUE;
    d->info.do_block_smoothing = FALSE;
    d->info.scale_num = 1;
    d->info.scale_denom = scale;
    jpeg_start_decompress(&d->info);
    uint32_t width = (header->width + scale - 1) / scale, height = (header->height + scale - 1) / scale;
    if (d->info.output_width != width || d->info.output_height != height || d->info.output_components != 3) {
        leave_saying((j_common_ptr)&d->info, CP_CORRUPT, "a size that differs from the header");
    }
    size_t stride = (size_t)width * 3;
    while (d->info.output_scanline < height) {
        JSAMPROW row = rgb + stride * d->info.output_scanline;
        jpeg_read_scanlines(&d->info, &row, 1);
    }
    // Reads up to the end marker, so a file that lacks only that is noticed too.
    jpeg_finish_decompress(&d->info);
    return CP_OK;
}

cp_status cp_jpeg_decode(
    const uint8_t *data, size_t count, const cp_header *header, uint32_t scale, uint8_t *rgb, cp_message *message) {
    struct decoder d;
    memset(&d, 0, sizeof d);
    d.info.err = set_trap(&d.trap, message);
    cp_status status = run_decode(&d, data, count, header, scale, rgb);
    jpeg_destroy_decompress(&d.info);
    return status;
}

// Encoding

struct encoder {
    struct trap trap;
    struct jpeg_compress_struct info;
    unsigned char *data;
    unsigned long count;
};

static cp_status run_encode(struct encoder *e, const uint8_t *rgb, uint32_t width, uint32_t height, int quality) {
    if (setjmp(e->trap.jump)) return e->trap.status;
    jpeg_create_compress(&e->info);
    jpeg_mem_dest(&e->info, &e->data, &e->count);
    e->info.image_width = width;
    e->info.image_height = height;
    e->info.input_components = 3;
    e->info.in_color_space = JCS_RGB;
    jpeg_set_defaults(&e->info);
    jpeg_set_quality(&e->info, quality, TRUE);
    e->info.dct_method = JDCT_ISLOW;
    if (quality >= 90) {
        e->info.comp_info[0].h_samp_factor = 1;
        e->info.comp_info[0].v_samp_factor = 1;
    }
    jpeg_start_compress(&e->info, TRUE);
    while (e->info.next_scanline < height) {
        // libjpeg takes rows that are not const but only reads them.
        JSAMPROW row = (JSAMPROW)(uintptr_t)(rgb + (size_t)width * 3 * e->info.next_scanline);
        jpeg_write_scanlines(&e->info, &row, 1);
    }
    jpeg_finish_compress(&e->info);
    return CP_OK;
}

cp_status cp_jpeg_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, int quality, cp_bytes *out, cp_message *message) {
    struct encoder e;
    memset(&e, 0, sizeof e);
    e.info.err = set_trap(&e.trap, message);
    cp_status status = run_encode(&e, rgb, width, height, quality);
    jpeg_destroy_compress(&e.info);
    if (status != CP_OK) {
        free(e.data);
        e.data = NULL;
        e.count = 0;
    }
    out->data = e.data;
    out->count = e.count;
    return status;
}
