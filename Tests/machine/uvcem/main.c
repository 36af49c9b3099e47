// SPDX-License-Identifier: Apache-2.0
//
// uvcem PICTURES CONTROL: plugs the camera in and obeys the lines that are written to the FIFO CONTROL:
//   show SET    pictures of another set, in turn; a set of one picture is a frozen camera
//   truncate N  only half of each of the next N pictures
//   hang | go   no more pictures, but the camera is there | pictures again
//   unplug      ends
// Each thing that happens is a line on the standard output.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "uvcem.h"

/// One header of USB/IP (Documentation/usb/usbip_protocol.rst); all numbers big endian.
struct header {
    uint32_t command, sequence, device, direction, endpoint;
    /// Submission: flags, bytes, first packet, packets, interval. Answer: status, bytes. Unlink: the victim.
    uint32_t fields[5];
    uint8_t setup[8];
};
_Static_assert(sizeof(struct header) == 48, "USB/IP's header");
enum { command_submit = 1, command_unlink = 2, answer_submit = 3, answer_unlink = 4 };

static int wire;
static struct {
    uint32_t sequence;
    int bytes;
} waiting[64];
static int waiting_count;

static const uint8_t *frame;
static size_t frame_bytes, frame_sent;
static uint8_t frame_bit;
static bool is_hanging;
static int to_truncate;

static int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/// The kernel has let go of the camera, or it was told to.
static _Noreturn void detached(const char *why) {
    printf("unplugged: %s\n", why);
    exit(0);
}

static void take(void *to, size_t bytes) {
    for (uint8_t *p = to; bytes;) {
        const ssize_t count = recv(wire, p, bytes, MSG_WAITALL);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) detached("the host's end is closed");
        p += count, bytes -= (size_t)count;
    }
}

static void give(const void *from, size_t bytes) {
    for (const uint8_t *p = from; bytes;) {
        const ssize_t count = send(wire, p, bytes, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) detached("the host's end is closed");
        p += count, bytes -= (size_t)count;
    }
}

static void answer(uint32_t sequence, int status, const void *data, int bytes) {
    static uint8_t packet[sizeof(struct header) + most_bytes];
    const struct header header = {
        .command = htonl(answer_submit),
        .sequence = htonl(sequence),
        .fields = {htonl((uint32_t)status), htonl((uint32_t)bytes)}};
    memcpy(packet, &header, sizeof header);
    if (data) memcpy(packet + sizeof header, data, (size_t)bytes);
    give(packet, sizeof header + (data ? (size_t)bytes : 0));
}

/// Fills transfers that wait with the picture that is due.
static void stream(void) {
    while (frame && waiting_count) {
        static uint8_t payload[payload_bytes];
        const size_t room = (size_t)(waiting[0].bytes < payload_bytes ? waiting[0].bytes : payload_bytes) - 2;
        const size_t count = frame_bytes - frame_sent < room ? frame_bytes - frame_sent : room;
        const bool is_last = frame_sent + count == frame_bytes;
        // Header length, then: end of header, end of frame, the bit that toggles with every frame.
        payload[0] = 2;
        payload[1] = (uint8_t)(0x80 | (is_last ? 2 : 0) | frame_bit);
        memcpy(payload + 2, frame + frame_sent, count);
        frame_sent += count;
        answer(waiting[0].sequence, 0, payload, (int)count + 2);
        memmove(waiting, waiting + 1, (size_t)--waiting_count * sizeof *waiting);
        if (is_last) frame = NULL, frame_bit ^= 1;
    }
}

/// Gives up a transfer that the host no longer wants.
static void unlink_transfer(const struct header *request) {
    int status = 0;
    for (int i = 0; i < waiting_count; i++) {
        if (waiting[i].sequence != ntohl(request->fields[0])) continue;
        memmove(waiting + i, waiting + i + 1, (size_t)(--waiting_count - i) * sizeof *waiting);
        status = -ECONNRESET;
        break;
    }
    const struct header header = {
        .command = htonl(answer_unlink), .sequence = request->sequence, .fields = {htonl((uint32_t)status)}};
    give(&header, sizeof header);
    if (!waiting_count) frame = NULL;
}

static void serve(void) {
    static uint8_t data[most_bytes];
    struct header request;
    take(&request, sizeof request);
    if (ntohl(request.command) == command_unlink) return unlink_transfer(&request);
    const uint32_t sequence = ntohl(request.sequence), endpoint = ntohl(request.endpoint);
    const bool is_in = ntohl(request.direction) == 1;
    const int bytes = (int)ntohl(request.fields[1]);
    if (bytes < 0 || bytes > most_bytes) errx(1, "a transfer of %d bytes, at most %d expected", bytes, most_bytes);
    if (!is_in && bytes) take(data, (size_t)bytes);
    if (endpoint == 0) {
        const int count = uvc_control(request.setup, data, bytes);
        if (count < 0) answer(sequence, -EPIPE, NULL, 0);
        else if (is_in) answer(sequence, 0, data, count < bytes ? count : bytes);
        else answer(sequence, 0, NULL, bytes);
    } else if (endpoint == 1 && is_in && waiting_count < 64) {
        waiting[waiting_count].sequence = sequence;
        waiting[waiting_count++].bytes = bytes;
    } else {
        answer(sequence, -EPIPE, NULL, 0);
    }
}

static void obey(char *line) {
    char *argument = strchr(line, ' ');
    if (argument) *argument++ = 0;
    if (strcmp(line, "unplug") == 0) detached("told to");
    if (strcmp(line, "hang") == 0) is_hanging = true;
    else if (strcmp(line, "go") == 0) is_hanging = false;
    else if (strcmp(line, "truncate") == 0 && argument) to_truncate = atoi(argument);
    else if (strcmp(line, "show") != 0 || !argument || !pictures_show(argument)) errx(2, "can't obey '%s'", line);
    printf("%s %s\n", line, argument ? argument : "");
}

/// Reads what is there of the control lines; short ones arrive whole.
static void listen_to(int control) {
    char text[256];
    const ssize_t count = read(control, text, sizeof text - 1);
    if (count <= 0) return;
    text[count] = 0;
    char *rest;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) obey(line);
}

/// Hands one end of a socket pair to the kernel: speed 3 is high speed, device 65538 is bus 1, device 2.
static void plug_in(void) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) err(1, "socketpair");
    wire = ends[0];
    const char *path = "/sys/devices/platform/vhci_hcd.0/attach";
    const int attach = open(path, O_WRONLY | O_CLOEXEC);
    if (attach < 0) err(1, "%s (is vhci-hcd loaded?)", path);
    if (dprintf(attach, "0 %d 65538 3", ends[1]) < 0) err(1, "%s", path);
    close(attach);
    close(ends[1]);
}

int main(int count, char **arguments) {
    if (count != 3) errx(2, "usage: uvcem PICTURES CONTROL");
    setvbuf(stdout, NULL, _IOLBF, 0);
    pictures_load(arguments[1]);
    // Both ways open, so that it never ends when a writer goes.
    const int control = open(arguments[2], O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (control < 0) err(1, "%s", arguments[2]);
    plug_in();
    puts("plugged in");
    int64_t due = 0;
    for (;;) {
        int patience = -1;
        const struct uvc_settings settings = uvc_settings();
        if (settings.is_streaming && !is_hanging) {
            const int64_t period = settings.interval * 100ll, now = nanoseconds();
            if (!frame && now >= due) {
                frame = pictures_next(settings.format, to_truncate > 0, &frame_bytes);
                frame_sent = 0;
                if (to_truncate > 0) to_truncate--;
                due = now - due < period ? due + period : now + period;
            }
            stream();
            // With a picture half sent, the next transfer of the host wakes it.
            if (!frame) patience = (int)((due - now) / 1000000) + 1;
        }
        struct pollfd files[] = {{wire, POLLIN, 0}, {control, POLLIN, 0}};
        if (poll(files, 2, patience) <= 0) continue;
        if (files[1].revents) listen_to(control);
        if (files[0].revents) serve();
    }
}
