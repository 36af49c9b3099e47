// SPDX-License-Identifier: Apache-2.0
//
// ramgpio RAM ADDRESS NAME...: the host's eye on the wires. The registers of the guest's GPIO chip are guest memory
// that its kernel leaves alone, and that memory is the file RAM: each change of an output is a line with the host's time
// in milliseconds and every NAMEd line as the wire has it (an undriven line is off). One page further the guest may
// write a number, its mark: so a moment in the guest and an edge on the wire are told by one clock, and it is not the
// guest's.
//
//   1234 mark=7 permit=1 heartbeat=0 ...
//
// NAME number 1 is line 0. It ends when its parent kills it.

#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/// Registers of AMD's Promontory block: direction (1 drives) and output; 4 is input.
enum { direction = 0, output = 8 / 4, mark = 0x1000 / 4, registers_bytes = 0x2000 };
enum { nap_microseconds = 500 };

static long long milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

int main(int count, char **arguments) {
    if (count < 4 || count > 3 + 8) errx(2, "usage: ramgpio RAM ADDRESS NAME...");
    const int file = open(arguments[1], O_RDWR | O_CLOEXEC);
    if (file < 0) err(1, "%s", arguments[1]);
    volatile uint32_t *registers =
        mmap(NULL, registers_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, strtoll(arguments[2], NULL, 0));
    if (registers == MAP_FAILED) err(1, "%s at %s", arguments[1], arguments[2]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    uint32_t last_wires = ~0u, last_mark = ~0u;
    const long long start = milliseconds();
    for (;; usleep(nap_microseconds)) {
        const uint32_t wires = registers[direction] & registers[output] & 255, number = registers[mark];
        if (wires == last_wires && number == last_mark) continue;
        last_wires = wires;
        last_mark = number;
        printf("%lld mark=%u", milliseconds() - start, number);
        for (int i = 3; i < count; i++) printf(" %s=%u", arguments[i], wires >> (i - 3) & 1);
        putchar('\n');
    }
}
