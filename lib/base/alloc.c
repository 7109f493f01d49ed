/* SPDX-License-Identifier: MIT */

#define _DEFAULT_SOURCE /* madvise() */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <sys/mman.h>
#include <unistd.h>

#include "alloc.h"
#include "message.h"

#define HUGE_PAGE ((size_t)2 << 20)

static _Noreturn void out_of_memory(size_t count, size_t size)
{
    const char *subject = message_subject();
    message_error("out of memory%s%s: %zu x %zu bytes could not be had", subject ? " for " : "",
                  subject ? subject : "", count, size);
}

/* Asks for huge pages under BLOCK: their first touch is several times cheaper. Only a hint. */
static void *with_huge_pages(void *block, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    if (bytes >= 2 * HUGE_PAGE) {
        uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
        uintptr_t begin = ((uintptr_t)block + page - 1) / page * page;
        uintptr_t end = ((uintptr_t)block + bytes) / page * page;
        (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
    }
#endif
    return block;
}

size_t alloc_product(size_t a, size_t b)
{
    if (b > 0 && a > PTRDIFF_MAX / b)
        out_of_memory(a, b);
    return a * b;
}

void *alloc_array(size_t count, size_t size)
{
    size_t bytes = alloc_product(count, size);
    void *block = malloc(bytes > 0 ? bytes : 1);
    if (!block)
        out_of_memory(count, size);
    return with_huge_pages(block, bytes);
}

void *alloc_zeroed(size_t count, size_t size)
{
    void *block = calloc(count > 0 ? count : 1, size);
    if (!block)
        out_of_memory(count, size);
    return with_huge_pages(block, count * size);
}

void *alloc_grow(void *block, size_t count, size_t *room, size_t size)
{
    enum { FIRST = 64 };
    if (count < *room)
        return block;
    *room = *room > 0 ? alloc_product(*room, 2) : FIRST;
    void *larger = alloc_array(*room, size);
    if (count > 0)
        memcpy(larger, block, count * size);
    free(block);
    return larger;
}

char *alloc_string(const char *text)
{
    size_t bytes = strlen(text) + 1;
    return memcpy(alloc_array(bytes, 1), text, bytes);
}

char *alloc_printf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        message_error("a message could not be formatted");
    char *text = alloc_array((size_t)length + 1, 1);
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}

void alloc_return_large(void)
{
    /* glibc raises this with the first large block that is freed, and then a string behind a
       frame's block keeps it. */
#ifdef M_MMAP_THRESHOLD
    enum { LARGE = 512 << 10 };
    mallopt(M_MMAP_THRESHOLD, LARGE);
#endif
}
