// SPDX-License-Identifier: Apache-2.0

// Faults for a running process, by LD_PRELOAD: system calls that fail or hang, and a clock that is somewhere else.
//
// JIDOKA_FAULT_CONTROL names a file of one page that is mapped here and written by a test (SystemCallFaults.swift).
// Any thread may call anything at any time: nothing here allocates or locks, and all that changes is atomic.

#define _GNU_SOURCE
#undef _FORTIFY_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/// Calls, as bits of `control.calls`; the same numbers are in SystemCallFaults.swift.
enum {
    CALL_OPEN = 1 << 0,
    CALL_READ = 1 << 1,
    CALL_WRITE = 1 << 2,
    CALL_PREAD = 1 << 3,
    CALL_PWRITE = 1 << 4,
    CALL_FSYNC = 1 << 5,
    CALL_FDATASYNC = 1 << 6,
    CALL_FTRUNCATE = 1 << 7,
    CALL_RENAME = 1 << 8,
    CALL_UNLINK = 1 << 9,
    CALL_MMAP = 1 << 10,
    CALL_POLL = 1 << 11,
    CALL_ACCEPT = 1 << 12,
    CALL_RECV = 1 << 13,
    CALL_SEND = 1 << 14,
    CALL_SENDMSG = 1 << 15,
    CALL_FSTAT = 1 << 16,
    CALL_MALLOC = 1 << 17,
};

/// The page. `calls` is written last and cleared first.
struct control {
    uint32_t calls;
    /// What errno becomes; 0 lets the call go on after the delay.
    int32_t error;
    /// Most injections; 0 is any number.
    uint32_t limit;
    /// The call waits so long first, or until it is disarmed.
    uint32_t delay_ms;
    /// Seconds by which CLOCK_REALTIME is wrong.
    int64_t clock_offset;
    /// Injections so far.
    uint64_t injected;
    /// Paths that are hit begin with this; empty is all.
    char prefix[1024];
};

static struct control *control;

__attribute__((constructor(101))) static void attach(void) {
    const char *path = getenv("JIDOKA_FAULT_CONTROL");
    if (!path) return;
    int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (file < 0) return;
    void *page = (void *)syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    syscall(SYS_close, file);
    if ((intptr_t)page < 0 && (intptr_t)page > -4096) return;
    __atomic_store_n(&control, page, __ATOMIC_RELEASE);
}

/// The page when a call is armed, or NULL.
static struct control *armed(uint32_t call) {
    struct control *c = __atomic_load_n(&control, __ATOMIC_ACQUIRE);
    return c && (__atomic_load_n(&c->calls, __ATOMIC_ACQUIRE) & call) ? c : NULL;
}

static int matches(const struct control *c, const char *path) {
    return path && strncmp(path, c->prefix, strnlen(c->prefix, sizeof c->prefix)) == 0;
}

/// Waits and counts; whether the call has to fail now, with errno set.
static int inject(struct control *c, uint32_t call) {
    uint64_t before = __atomic_fetch_add(&c->injected, 1, __ATOMIC_ACQ_REL);
    uint32_t limit = __atomic_load_n(&c->limit, __ATOMIC_ACQUIRE);
    if (limit && before >= limit) {
        __atomic_fetch_sub(&c->injected, 1, __ATOMIC_ACQ_REL);
        return 0;
    }
    int saved = errno;
    uint32_t rest = __atomic_load_n(&c->delay_ms, __ATOMIC_ACQUIRE);
    for (; rest > 0 && armed(call); rest -= rest < 5 ? rest : 5) {
        struct timespec moment = {0, 5000000};
        syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &moment, NULL);
    }
    int error = __atomic_load_n(&c->error, __ATOMIC_ACQUIRE);
    errno = error ? error : saved;
    return error != 0;
}

static int path_fails(uint32_t call, const char *path) {
    struct control *c = armed(call);
    return c && matches(c, path) && inject(c, call);
}

static int file_fails(uint32_t call, int file) {
    struct control *c = armed(call);
    if (!c) return 0;
    if (c->prefix[0]) {
        int saved = errno;
        char link[32], path[4096];
        snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
        errno = saved;
        if (length < 0) return 0;
        path[length] = 0;
        if (!matches(c, path)) return 0;
    }
    return inject(c, call);
}

/// The function behind ours; found once, by whoever comes first. Two that come at once find the same.
#define REAL(name)                                                                     \
    ({                                                                                 \
        static __typeof__(name) *known;                                                \
        __typeof__(name) *function = __atomic_load_n(&known, __ATOMIC_ACQUIRE);        \
        if (!function) {                                                               \
            function = (__typeof__(name) *)dlsym(RTLD_NEXT, #name);                    \
            __atomic_store_n(&known, function, __ATOMIC_RELEASE);                      \
        }                                                                              \
        function;                                                                      \
    })

#define MODE(flags, last)                                                              \
    mode_t mode = 0;                                                                   \
    if (((flags) & O_CREAT) || ((flags) & O_TMPFILE) == O_TMPFILE) {                   \
        va_list list;                                                                  \
        va_start(list, last);                                                          \
        mode = va_arg(list, mode_t);                                                   \
        va_end(list);                                                                  \
    }

int open(const char *path, int flags, ...) {
    MODE(flags, flags)
    return path_fails(CALL_OPEN, path) ? -1 : REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    MODE(flags, flags)
    return path_fails(CALL_OPEN, path) ? -1 : REAL(open64)(path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
    MODE(flags, flags)
    return path_fails(CALL_OPEN, path) ? -1 : REAL(openat)(folder, path, flags, mode);
}

int rename(const char *from, const char *to) {
    return path_fails(CALL_RENAME, from) ? -1 : REAL(rename)(from, to);
}

int unlink(const char *path) { return path_fails(CALL_UNLINK, path) ? -1 : REAL(unlink)(path); }

ssize_t read(int file, void *bytes, size_t count) {
    return file_fails(CALL_READ, file) ? -1 : REAL(read)(file, bytes, count);
}

ssize_t write(int file, const void *bytes, size_t count) {
    return file_fails(CALL_WRITE, file) ? -1 : REAL(write)(file, bytes, count);
}

ssize_t pread(int file, void *bytes, size_t count, off_t place) {
    return file_fails(CALL_PREAD, file) ? -1 : REAL(pread)(file, bytes, count, place);
}

ssize_t pread64(int file, void *bytes, size_t count, off64_t place) {
    return file_fails(CALL_PREAD, file) ? -1 : REAL(pread64)(file, bytes, count, place);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t place) {
    return file_fails(CALL_PWRITE, file) ? -1 : REAL(pwrite)(file, bytes, count, place);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t place) {
    return file_fails(CALL_PWRITE, file) ? -1 : REAL(pwrite64)(file, bytes, count, place);
}

int fsync(int file) { return file_fails(CALL_FSYNC, file) ? -1 : REAL(fsync)(file); }

int fdatasync(int file) { return file_fails(CALL_FDATASYNC, file) ? -1 : REAL(fdatasync)(file); }

int ftruncate(int file, off_t size) { return file_fails(CALL_FTRUNCATE, file) ? -1 : REAL(ftruncate)(file, size); }

int ftruncate64(int file, off64_t size) {
    return file_fails(CALL_FTRUNCATE, file) ? -1 : REAL(ftruncate64)(file, size);
}

int fstat(int file, struct stat *status) { return file_fails(CALL_FSTAT, file) ? -1 : REAL(fstat)(file, status); }

void *mmap(void *where, size_t size, int protection, int flags, int file, off_t place) {
    if (!(flags & MAP_ANONYMOUS) && file_fails(CALL_MMAP, file)) return MAP_FAILED;
    return REAL(mmap)(where, size, protection, flags, file, place);
}

void *mmap64(void *where, size_t size, int protection, int flags, int file, off64_t place) {
    if (!(flags & MAP_ANONYMOUS) && file_fails(CALL_MMAP, file)) return MAP_FAILED;
    return REAL(mmap64)(where, size, protection, flags, file, place);
}

// Sockets have no path: the prefix has to be empty for these to be hit.

int poll(struct pollfd *files, nfds_t count, int timeout) {
    return path_fails(CALL_POLL, "") ? -1 : REAL(poll)(files, count, timeout);
}

int accept4(int file, struct sockaddr *address, socklen_t *length, int flags) {
    return path_fails(CALL_ACCEPT, "") ? -1 : REAL(accept4)(file, address, length, flags);
}

ssize_t recv(int file, void *bytes, size_t count, int flags) {
    return path_fails(CALL_RECV, "") ? -1 : REAL(recv)(file, bytes, count, flags);
}

ssize_t send(int file, const void *bytes, size_t count, int flags) {
    return path_fails(CALL_SEND, "") ? -1 : REAL(send)(file, bytes, count, flags);
}

ssize_t sendmsg(int file, const struct msghdr *message, int flags) {
    return path_fails(CALL_SENDMSG, "") ? -1 : REAL(sendmsg)(file, message, flags);
}

// Memory. The prefix has to be empty here, too; what glibc itself allocates does not come this way.

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) { return path_fails(CALL_MALLOC, "") ? NULL : __libc_malloc(size); }

void *calloc(size_t count, size_t size) {
    return path_fails(CALL_MALLOC, "") ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    // Less always fits.
    return size && path_fails(CALL_MALLOC, "") ? NULL : __libc_realloc(old, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    if (alignment < sizeof(void *) || (alignment & (alignment - 1))) return EINVAL;
    int saved = errno;
    void *block = path_fails(CALL_MALLOC, "") ? NULL : __libc_memalign(alignment, size);
    errno = saved;
    if (!block) return ENOMEM;
    *result = block;
    return 0;
}

void *aligned_alloc(size_t alignment, size_t size) {
    return path_fails(CALL_MALLOC, "") ? NULL : __libc_memalign(alignment, size);
}

// The clock that people can set.

static int64_t offset(void) {
    struct control *c = __atomic_load_n(&control, __ATOMIC_ACQUIRE);
    return c ? __atomic_load_n(&c->clock_offset, __ATOMIC_ACQUIRE) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = REAL(clock_gettime)(clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += offset();
    return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    int result = REAL(gettimeofday)(time, zone);
    if (result == 0) time->tv_sec += offset();
    return result;
}

time_t time(time_t *result) {
    time_t now = REAL(time)(NULL) + offset();
    if (result) *result = now;
    return now;
}

/// Whoever waits has read the wrong clock: the kernel is told what it means.
int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
    struct timespec real = *until;
    real.tv_sec -= offset();
    return REAL(sem_timedwait)(semaphore, &real);
}
