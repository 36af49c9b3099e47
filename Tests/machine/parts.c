// SPDX-License-Identifier: Apache-2.0
//
// parts FOLDER: the pictures that the camera of the test sees, 640x480 JPEG as webcams send it: without Huffman tables.
//   train/      good parts to learn from
//   show/good   other good parts;      show/defect  the same with a scratch;   show/still  one good part
//   show/assorted  parts that lie differently enough to be told apart
//   show/dark   the lamp is out;       show/bright  far too much light
// A part is a disc with a hole and two bores on a belt; each lies a little differently and has sensor noise of its own,
// so that no two pictures are the same bytes. The generator is seeded: the same pictures on every machine.

#include <err.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jpeglib.h>

enum { width = 640, height = 480, train_count = 160, good_count = 32, defect_count = 4, lamp_count = 4, assorted_count = 12 };

enum kind { good, assorted, defect, dark, bright };

static uint64_t state = 20260101;

/// SplitMix64 (Steele, Lea, Flood 2014), as a number from -1 to 1.
static double uniform(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) / 4503599627370496.0 - 1;
}

/// 1 inside, 0 outside, a slope of three pixels between: edges as a lens gives them.
static double inside(double distance) { return distance > 1.5 ? 0 : distance < -1.5 ? 1 : 0.5 - distance / 3; }

static void draw(enum kind kind, uint8_t *pixels) {
    const double spread = kind == assorted ? 20 : 1;
    const double cx = width / 2.0 + 2 * spread * uniform(), cy = height / 2.0 + 2 * spread * uniform();
    const double turn = 0.02 * spread * uniform();
    const double light = 1 + 0.02 * uniform();
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            const double dx = x - cx, dy = y - cy, radius = hypot(dx, dy);
            double grey = 70 + 6 * sin(x * 0.11);
            const double disc = inside(radius - 190) * (1 - inside(radius - 60));
            grey += disc * (170 - 0.15 * radius + 4 * sin(radius * 0.7) - grey);
            for (int side = -1; side <= 1; side += 2) {
                const double bx = side * 125 * cos(turn), by = side * 125 * sin(turn);
                grey += inside(hypot(dx - bx, dy - by) - 22) * (50 - grey);
            }
            // A dark scratch, long and wide enough to be seen at the network's size.
            if (kind == defect) {
                const double across = fabs(dx * 0.5 + (dy + 125) * 0.866), along = fabs(dx * 0.866 - (dy + 125) * 0.5);
                grey += inside(across - 14) * inside(along - 55) * (20 - grey);
            }
            grey *= light;
            if (kind == dark) grey *= 0.02;
            if (kind == bright) grey += 200;
            grey += 3 * uniform();
            pixels[y * width + x] = (uint8_t)(grey < 0 ? 0 : grey > 255 ? 255 : grey + 0.5);
        }
    }
}

static void write_jpeg(const char *path, const uint8_t *pixels) {
    FILE *file = fopen(path, "wb");
    if (!file) err(1, "%s", path);
    struct jpeg_error_mgr errors;
    struct jpeg_compress_struct jpeg = {.err = jpeg_std_error(&errors)};
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_width = width, jpeg.image_height = height;
    jpeg.input_components = 3, jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 85, TRUE);
    // Webcams halve the colours in one direction only.
    jpeg.comp_info[0].h_samp_factor = 2, jpeg.comp_info[0].v_samp_factor = 1;
    // The Huffman tables count as sent: every MJPEG decoder knows the standard ones.
    for (int i = 0; i < 2; i++) {
        jpeg.dc_huff_tbl_ptrs[i]->sent_table = TRUE;
        jpeg.ac_huff_tbl_ptrs[i]->sent_table = TRUE;
    }
    jpeg_start_compress(&jpeg, FALSE);
    static uint8_t row[width * 3];
    while (jpeg.next_scanline < height) {
        for (int x = 0; x < width; x++) memset(row + 3 * x, pixels[jpeg.next_scanline * width + x], 3);
        JSAMPROW rows[] = {row};
        jpeg_write_scanlines(&jpeg, rows, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    if (fclose(file)) err(1, "%s", path);
}

static void set(const char *folder, const char *name, enum kind kind, int count) {
    static uint8_t pixels[width * height];
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (mkdir(path, 0777)) err(1, "%s", path);
    for (int i = 0; i < count; i++) {
        draw(kind, pixels);
        snprintf(path, sizeof path, "%s/%s/%03d.jpg", folder, name, i);
        write_jpeg(path, pixels);
    }
}

int main(int count, char **arguments) {
    if (count != 2) errx(2, "usage: parts FOLDER (an empty one)");
    char show[1024];
    snprintf(show, sizeof show, "%s/show", arguments[1]);
    if (mkdir(show, 0777)) err(1, "%s", show);
    set(arguments[1], "train", good, train_count);
    set(show, "good", good, good_count);
    set(show, "defect", defect, defect_count);
    set(show, "assorted", assorted, assorted_count);
    set(show, "still", good, 1);
    set(show, "dark", dark, lamp_count);
    set(show, "bright", bright, lamp_count);
}
