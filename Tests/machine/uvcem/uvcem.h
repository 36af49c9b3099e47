// SPDX-License-Identifier: Apache-2.0
//
// A USB 2.0 webcam (UVC 1.1, MJPEG and YUYV, bulk) made of one process. The kernel side is Debian's own vhci_hcd: it is
// given one end of a socket pair and speaks USB/IP; Debian's uvcvideo then binds to it as to any camera. This exists
// because vivid, the kernel's own test camera, has no compressed formats, no by-id name and can't be unplugged.

#ifndef UVCEM_H
#define UVCEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    width = 640,
    height = 480,
    /// Largest answer to one transfer, and largest USB/IP transfer that is taken.
    most_bytes = 65536,
    /// Bytes of one UVC payload, the header of 2 included.
    payload_bytes = 16384,
    /// What the descriptors promise as the largest JPEG.
    most_jpeg = 1 << 20,
    /// Units of 100 ns: 30 and 10 pictures a second.
    interval_fast = 333333,
    interval_slow = 1000000,
};

enum format { format_mjpeg = 1, format_yuyv = 2 };

/// What the host has asked the camera for.
struct uvc_settings {
    bool is_streaming;
    enum format format;
    /// Units of 100 ns between two pictures.
    uint32_t interval;
};

/// Answers a transfer on the control endpoint; `data` holds what the host sent and takes the answer.
///
/// \param setup the 8 bytes of the setup packet
/// \return bytes of the answer, or -1 to stall
int uvc_control(const uint8_t setup[8], uint8_t *data, int length);
/// As it is now.
struct uvc_settings uvc_settings(void);

/// Device and configuration descriptor.
extern const uint8_t uvc_device_descriptor[18];
extern const uint8_t uvc_configuration[];
extern const int uvc_configuration_bytes;
/// String descriptor `index`, or -1.
int uvc_string(uint8_t *out, int index);

static inline uint32_t uvc_get32(const uint8_t *p) {
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void uvc_put32(uint8_t *p, uint32_t value) {
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(value >> 8 * i);
}

/// Reads every folder below `folder` as a set of pictures; the set 'good' must be there and is shown first.
void pictures_load(const char *folder);
/// Shows another set; false when there is none of this name.
bool pictures_show(const char *set);
/// The next picture of the set that is shown, in turn.
///
/// \param shorten only the first half of it is there
/// \return its bytes, until the next call
const uint8_t *pictures_next(enum format format, bool shorten, size_t *bytes);

#endif
