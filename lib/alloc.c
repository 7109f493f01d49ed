/* SPDX-License-Identifier: MIT */

#define _DEFAULT_SOURCE /* madvise() */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>

#include <netpbm/pm.h>

#include "alloc.h"

#define HUGE_PAGE ((size_t)2 << 20)

static void out_of_memory(size_t count, size_t size)
{
    pm_error("out of memory: %zu x %zu bytes could not be had", count, size);
}

void *alloc_array(size_t count, size_t size)
{
    if (count > SIZE_MAX / size)
        out_of_memory(count, size);
    void *block = malloc(count * size > 0 ? count * size : 1);
    if (!block)
        out_of_memory(count, size);
    return block;
}

void *alloc_zeroed(size_t count, size_t size)
{
    if (count > (SIZE_MAX - HUGE_PAGE) / size)
        out_of_memory(count, size);
    size_t bytes = count * size;
    if (bytes < 2 * HUGE_PAGE) {
        void *block = calloc(bytes > 0 ? bytes : 1, 1);
        if (!block)
            out_of_memory(count, size);
        return block;
    }
    bytes = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    void *block = aligned_alloc(HUGE_PAGE, bytes);
    if (!block)
        out_of_memory(count, size);
#ifdef MADV_HUGEPAGE
    (void)madvise(block, bytes, MADV_HUGEPAGE); /* only a hint: without it the pages are small */
#endif
    memset(block, 0, bytes);
    return block;
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
        pm_error("a message could not be formatted");
    char *text = alloc_array((size_t)length + 1, 1);
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}
