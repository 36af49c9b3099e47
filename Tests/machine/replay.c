// SPDX-License-Identifier: Apache-2.0
//
// replay LOG DISK: makes DISK what a drive with a volatile write cache holds after a power cut. LOG is what QEMU's
// blklogwrites wrote (the kernel's dm-log-writes format, Documentation/admin-guide/device-mapper/log-writes.rst), DISK
// the image that the machine started with. Everything up to the last flush that the guest asked for is written to it,
// everything later is lost: a file that nobody synced is not there.

#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct super {
    uint64_t magic, version, entries;
    uint32_t sector_bytes;
} __attribute__((packed));

struct entry {
    uint64_t sector, sectors, flags, data_bytes;
};

enum { flag_flush = 1, flag_discard = 4, flag_mark = 8 };
static const uint64_t magic = 0x6a736677736872u;

static void get(int file, void *to, size_t bytes, uint64_t offset) {
    for (uint8_t *p = to; bytes;) {
        const ssize_t count = pread(file, p, bytes, (off_t)offset);
        if (count <= 0) err(1, "the log ends early, at %llu", (unsigned long long)offset);
        p += count, bytes -= (size_t)count, offset += (uint64_t)count;
    }
}

static void put(int file, const void *from, size_t bytes, uint64_t offset) {
    for (const uint8_t *p = from; bytes;) {
        const ssize_t count = pwrite(file, p, bytes, (off_t)offset);
        if (count <= 0) err(1, "the disk at %llu", (unsigned long long)offset);
        p += count, bytes -= (size_t)count, offset += (uint64_t)count;
    }
}

/// Reads the entry at `offset` and moves on to the next.
static struct entry next(int log, const struct super *super, uint64_t *offset, uint64_t *data) {
    struct entry entry;
    get(log, &entry, sizeof entry, *offset);
    *data = *offset + super->sector_bytes;
    const uint64_t bytes = entry.flags & flag_discard ? 0 : entry.sectors * super->sector_bytes;
    *offset = *data + (entry.flags & flag_mark ? entry.data_bytes : bytes);
    return entry;
}

int main(int count, char **arguments) {
    if (count != 3) errx(2, "usage: replay LOG DISK");
    const int log = open(arguments[1], O_RDONLY | O_CLOEXEC), disk = open(arguments[2], O_WRONLY | O_CLOEXEC);
    if (log < 0 || disk < 0) err(1, "%s", arguments[log < 0 ? 1 : 2]);
    struct super super;
    get(log, &super, sizeof super, 0);
    if (super.magic != magic || super.sector_bytes < 512) errx(1, "%s: not a log of writes", arguments[1]);
    // The last flush among the entries that the log vouches for.
    uint64_t offset = super.sector_bytes, data = 0, kept = 0, flushes = 0;
    for (uint64_t i = 0; i < super.entries; i++)
        if (next(log, &super, &offset, &data).flags & flag_flush) kept = i + 1, flushes++;
    uint64_t written = 0;
    offset = super.sector_bytes;
    for (uint64_t i = 0; i < kept; i++) {
        const struct entry entry = next(log, &super, &offset, &data);
        const uint64_t bytes = entry.sectors * super.sector_bytes;
        if (!bytes || entry.flags & flag_mark) continue;
        uint8_t *buffer = calloc(1, bytes);
        if (!buffer) err(1, "%llu bytes", (unsigned long long)bytes);
        if (!(entry.flags & flag_discard)) get(log, buffer, bytes, data);
        put(disk, buffer, bytes, entry.sector * super.sector_bytes);
        free(buffer);
        written += bytes;
    }
    printf("%llu writes, %llu flushes, %.1f MB up to the last flush\n", (unsigned long long)kept,
           (unsigned long long)flushes, (double)written / 1e6);
    return flushes ? 0 : 1;
}
