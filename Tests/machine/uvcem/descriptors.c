// SPDX-License-Identifier: Apache-2.0
//
// What the camera says it is: USB 2.0, chapter 9; USB Video Class 1.1, chapter 3; Uncompressed and MJPEG payloads 1.1.

#include <string.h>

#include "uvcem.h"

#define W16(v) (uint8_t)((v) & 255), (uint8_t)((v) >> 8)
#define W32(v) W16((v) & 65535u), W16((uint32_t)(v) >> 16)

// 0x1209 is the vendor for open projects, 0x0001 a product for tests.
const uint8_t uvc_device_descriptor[18] = {
    18, 1, W16(0x200), 0xEF, 2, 1, 64, W16(0x1209), W16(0x0001), W16(0x0100), 1, 2, 3, 1};

enum { control_bytes = 13 + 18 + 9, streaming_bytes = 15 + 11 + 34 + 27 + 34 + 6 };
enum { total_bytes = 9 + 8 + 9 + control_bytes + 9 + streaming_bytes + 7 };

// One frame size with two intervals.
#define FRAME(subtype, bytes)                                                                                          \
    34, 0x24, subtype, 1, 0, W16(width), W16(height), W32((uint32_t)width *height * 160),                              \
        W32((uint32_t)width *height * 480), W32(bytes), W32(interval_fast), 2, W32(interval_fast), W32(interval_slow)

const uint8_t uvc_configuration[] = {
    9, 2, W16(total_bytes), 2, 1, 0, 0x80, 250,
    // The two interfaces belong together; interface 0 controls.
    8, 11, 0, 2, 0x0E, 3, 0, 2,
    9, 4, 0, 0, 0, 0x0E, 1, 0, 2,
    13, 0x24, 1, W16(0x0110), W16(control_bytes), W32(48000000), 1, 1,
    // A camera with exposure mode and absolute exposure time, then the terminal that USB reads from.
    18, 0x24, 2, 1, W16(0x0201), 0, 0, W16(0), W16(0), W16(0), 3, 0x0A, 0, 0,
    9, 0x24, 3, 2, W16(0x0101), 0, 1, 0,
    // Interface 1 streams: format 1 is MJPEG, format 2 YUYV, colours as sRGB with BT.601's matrix.
    9, 4, 1, 0, 1, 0x0E, 2, 0, 0,
    15, 0x24, 1, 2, W16(streaming_bytes), 0x81, 0, 2, 0, 0, 0, 1, 0, 0,
    11, 0x24, 6, format_mjpeg, 1, 1, 1, 0, 0, 0, 0,
    FRAME(7, most_jpeg),
    27, 0x24, 4, format_yuyv, 1,
    'Y', 'U', 'Y', '2', 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71, 16, 1, 0, 0, 0, 0,
    FRAME(5, width * height * 2),
    6, 0x24, 13, 1, 1, 4,
    // A bulk endpoint: no isochronous timing to imitate.
    7, 5, 0x81, 2, W16(512), 0,
};
_Static_assert(sizeof uvc_configuration == total_bytes, "the lengths inside the descriptors");
const int uvc_configuration_bytes = total_bytes;

int uvc_string(uint8_t *out, int index) {
    static const char *const strings[] = {"\x09\x04", "Test Bench", "Edge Camera", "SN0001"};
    if (index < 0 || index > 3) return -1;
    const int count = (int)strlen(strings[index]);
    out[1] = 3;
    if (index == 0) {
        // The languages: US English only.
        memcpy(out + 2, strings[0], 2);
        return out[0] = 4;
    }
    for (int i = 0; i < count; i++) {
        out[2 + 2 * i] = (uint8_t)strings[index][i];
        out[3 + 2 * i] = 0;
    }
    return out[0] = (uint8_t)(2 + 2 * count);
}
