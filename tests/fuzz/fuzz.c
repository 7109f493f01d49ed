/* SPDX-License-Identifier: MIT */

/*
 * The linker redirects calls of exit(), fopen() and fclose() to the functions here (--wrap), and
 * libnetpbm calls a hook before it ends the program. The sanitizer's hooks tell what a run
 * allocates.
 */

#define _GNU_SOURCE /* memfd_create() */
#include <assert.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <sys/mman.h>
#include <unistd.h>

#include <netpbm/pm.h>
#include <sanitizer/allocator_interface.h>
#include <zlib.h>

#include "fuzz.h"

enum { BLOCKS_MAX = 1 << 16, FILES_MAX = 16 };

/* Whether a run is active in this thread: libFuzzer has a thread of its own. */
static _Thread_local bool active;

/* The active run; file-scope, because the hooks get no context. */
static struct {
    jmp_buf end;
    unsigned block_count, file_count;
    const volatile void *blocks[BLOCKS_MAX];
    FILE *files[FILES_MAX];
} run;

int LLVMFuzzerInitialize(int *argc, char ***argv);
const char *__asan_default_options(void);
_Noreturn void __wrap_exit(int status);
_Noreturn void __real_exit(int status);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen64(const char *path, const char *mode); /* fopen() with _FILE_OFFSET_BITS=64 */
FILE *__real_fopen64(const char *path, const char *mode);
FILE *__wrap_fdopen(int descriptor, const char *mode);
FILE *__real_fdopen(int descriptor, const char *mode);
int __wrap_fclose(FILE *file);
int __real_fclose(FILE *file);
long __wrap_sysconf(int name);
long __real_sysconf(int name);

/* A header may claim any size: then the program must say that it has no memory for it. */
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1:max_allocation_size_mb=64";
}

static void note_block(const volatile void *block, size_t size)
{
    (void)size;
    if (active && block && run.block_count < BLOCKS_MAX)
        run.blocks[run.block_count++] = block;
}

static void forget_block(const volatile void *block)
{
    for (unsigned i = run.block_count; active && block && i-- > 0;)
        if (run.blocks[i] == block) {
            run.blocks[i] = run.blocks[--run.block_count];
            return;
        }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    pm_init((*argv)[0], 0);
    return __sanitizer_install_malloc_and_free_hooks(note_block, forget_block) ? 0 : 1;
}

_Noreturn void __wrap_exit(int status)
{
    if (active)
        longjmp(run.end, 1);
    __real_exit(status);
}

static FILE *note_file(FILE *file)
{
    if (active && file) {
        assert(run.file_count < FILES_MAX);
        run.files[run.file_count++] = file;
    }
    return file;
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
    return note_file(__real_fopen(path, mode));
}

FILE *__wrap_fopen64(const char *path, const char *mode)
{
    return note_file(__real_fopen64(path, mode));
}

FILE *__wrap_fdopen(int descriptor, const char *mode)
{
    return note_file(__real_fdopen(descriptor, mode));
}

int __wrap_fclose(FILE *file)
{
    for (unsigned i = 0; active && i < run.file_count; i++)
        if (run.files[i] == file)
            run.files[i] = run.files[--run.file_count];
    return __real_fclose(file);
}

/* The programs refuse pictures that the machine has no memory for: here it has 1 MiB, as larger
   ones would only cost time. */
long __wrap_sysconf(int name)
{
    enum { BYTES = 1 << 20 };
    return name == _SC_PHYS_PAGES ? BYTES / __real_sysconf(_SC_PAGESIZE) : __real_sysconf(name);
}

/* Files first: their buffers are among the blocks. */
static void clean_up(void)
{
    while (run.file_count > 0)
        __real_fclose(run.files[--run.file_count]);
    active = false;
    while (run.block_count > 0)
        free((void *)(size_t)run.blocks[--run.block_count]);
}

bool fuzz_run(void (*work)(void *argument), void *argument)
{
    bool ended = setjmp(run.end) == 0;
    if (ended) {
        run.block_count = run.file_count = 0;
        pm_setjmpbuf(&run.end);
        active = true;
        work(argument);
        active = false;
    } else {
        clean_up();
    }
    pm_setjmpbuf(NULL);
    return ended;
}

const char *fuzz_file(const void *bytes, size_t count)
{
    static int descriptor = -1;
    static char path[64];
    if (descriptor < 0) {
        descriptor = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    }
    bool written =
        ftruncate(descriptor, 0) == 0 && pwrite(descriptor, bytes, count, 0) == (ssize_t)count;
    assert(written);
    return path;
}

static unsigned long big_endian(const uint8_t *bytes)
{
    return (unsigned long)bytes[0] << 24 | (unsigned long)bytes[1] << 16 |
           (unsigned long)bytes[2] << 8 | bytes[3];
}

/* Chunks are a length, a type, data and a checksum, from 8 on. */
void fuzz_mend_png(uint8_t *bytes, size_t count)
{
    for (size_t at = 8; count >= 12 && at <= count - 12;) {
        unsigned long length = big_endian(bytes + at);
        if (length > count - at - 12)
            return;
        unsigned long sum = crc32(0, bytes + at + 4, (unsigned)length + 4);
        for (int i = 0; i < 4; i++)
            bytes[at + 8 + length + (unsigned)i] = (uint8_t)(sum >> (24 - 8 * i));
        at += length + 12;
    }
}
