// SPDX-License-Identifier: Apache-2.0
//
// The control endpoint: standard requests, stream negotiation (probe and commit) and the exposure controls. A control
// behaves as a real one does: the exposure time can't be set while the camera exposes by itself, and a replugged
// camera has forgotten everything.

#include <stdio.h>
#include <string.h>

#include "uvcem.h"

enum {
    set_current = 0x01,
    get_current = 0x81,
    get_minimum,
    get_maximum,
    get_resolution,
    get_length,
    get_info,
    get_default
};
enum { probe_bytes = 34, exposure_manual = 1, exposure_aperture_priority = 8 };

static uint8_t probe[probe_bytes], commit[probe_bytes];
static bool is_streaming;
static uint8_t exposure_mode = exposure_aperture_priority;
static uint32_t exposure = 156;

struct uvc_settings uvc_settings(void) {
    const bool is_raw = commit[2] == format_yuyv;
    return (struct uvc_settings){is_streaming, is_raw ? format_yuyv : format_mjpeg, uvc_get32(commit + 4)};
}

/// What was asked for, as near as the camera can.
static void settle(uint8_t *stream) {
    if (stream[2] != format_yuyv) stream[2] = format_mjpeg;
    stream[3] = 1;
    uvc_put32(stream + 4, uvc_get32(stream + 4) > (interval_fast + interval_slow) / 2 ? interval_slow : interval_fast);
    uvc_put32(stream + 18, stream[2] == format_mjpeg ? most_jpeg : width * height * 2);
    uvc_put32(stream + 22, payload_bytes);
    uvc_put32(stream + 26, 48000000);
    stream[30] = 3;
    memset(stream + 31, 0, 3);
}

static int streaming_request(int request, int selector, uint8_t *data, int length) {
    if (selector != 1 && selector != 2) return -1;
    uint8_t *stream = selector == 2 ? commit : probe;
    switch (request) {
    case set_current:
        memcpy(stream, data, (size_t)(length < probe_bytes ? length : probe_bytes));
        settle(stream);
        if (selector == 2) is_streaming = true;
        return length;
    case get_current: memcpy(data, stream, probe_bytes); return probe_bytes;
    case get_minimum:
    case get_maximum:
    case get_resolution:
    case get_default:
        settle(probe);
        memcpy(data, probe, probe_bytes);
        if (request != get_resolution) uvc_put32(data + 4, request == get_maximum ? interval_slow : interval_fast);
        return probe_bytes;
    case get_length: data[0] = probe_bytes, data[1] = 0; return 2;
    case get_info: data[0] = 3; return 1;
    default: return -1;
    }
}

static int exposure_mode_request(int request, uint8_t *data, int length) {
    switch (request) {
    case set_current:
        if (data[0] != exposure_manual && data[0] != exposure_aperture_priority) return -1;
        exposure_mode = data[0];
        return length;
    case get_current: data[0] = exposure_mode; return 1;
    case get_resolution: data[0] = exposure_manual | exposure_aperture_priority; return 1;
    case get_minimum:
    case get_maximum:
    case get_default: data[0] = exposure_aperture_priority; return 1;
    case get_length: data[0] = 1, data[1] = 0; return 2;
    case get_info: data[0] = 3; return 1;
    default: return -1;
    }
}

static int exposure_request(int request, uint8_t *data, int length) {
    switch (request) {
    case set_current:
        if (exposure_mode != exposure_manual) return -1;
        exposure = uvc_get32(data);
        printf("exposure %u\n", exposure);
        return length;
    case get_current: uvc_put32(data, exposure); return 4;
    case get_minimum:
    case get_resolution: uvc_put32(data, 1); return 4;
    case get_maximum: uvc_put32(data, 5000); return 4;
    case get_default: uvc_put32(data, 156); return 4;
    case get_length: data[0] = 4, data[1] = 0; return 2;
    case get_info: data[0] = 3; return 1;
    default: return -1;
    }
}

static int descriptor(int kind, int index, uint8_t *data) {
    switch (kind) {
    case 1: memcpy(data, uvc_device_descriptor, sizeof uvc_device_descriptor); return sizeof uvc_device_descriptor;
    case 2: memcpy(data, uvc_configuration, (size_t)uvc_configuration_bytes); return uvc_configuration_bytes;
    case 3: return uvc_string(data, index);
    default: return -1;
    }
}

int uvc_control(const uint8_t setup[8], uint8_t *data, int length) {
    const int type = setup[0], request = setup[1], value = setup[2] | setup[3] << 8;
    const int recipient = type & 0x7F, entity = setup[5], interface = setup[4];
    if (type == 0x80 && request == 6) return descriptor(value >> 8, value & 255, data);
    if (recipient <= 2 && request == 0) {
        // GET_STATUS: not self-powered, not halted.
        data[0] = data[1] = 0;
        return 2;
    }
    if (type == 0x80 && request == 8) {
        data[0] = 1;
        return 1;
    }
    // SET_CONFIGURATION, SET_INTERFACE.
    if ((type == 0x00 && request == 9) || (type == 0x01 && request == 11)) return 0;
    if (type == 0x02 && request == 1) {
        // CLEAR_FEATURE(HALT) is how uvcvideo ends a bulk stream.
        is_streaming = false;
        return 0;
    }
    if (recipient != 0x21) return -1;
    if (interface == 1) return streaming_request(request, value >> 8, data, length);
    if (entity == 1 && value >> 8 == 2) return exposure_mode_request(request, data, length);
    if (entity == 1 && value >> 8 == 4) return exposure_request(request, data, length);
    return -1;
}
