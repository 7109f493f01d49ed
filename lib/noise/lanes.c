/* SPDX-License-Identifier: MIT */

/*
 * Up to 12 values are sorted by networks of comparators written out, whose values stay in
 * registers; more by Batcher's merge exchange (Knuth, The Art of Computer Programming, volume 3,
 * algorithm 5.2.2M), row by row. A set that is smaller than its network gets values that sort last.
 *
 * The k-th smallest of the union of two sorted sets is the smallest, over i, of the larger of a_i
 * and b_(k - i), counted from 1, where a_0 and b_0 do not count.
 */

#include <stdbool.h>
#include <string.h>

#include "lanes.h"
#include "simd.h"

#define ORDER(a, b)                                                                                \
    {                                                                                              \
        uint16_t low = (a) < (b) ? (a) : (b), high = (a) < (b) ? (b) : (a);                        \
        (a) = low;                                                                                 \
        (b) = high;                                                                                \
    }

/* clang-format off */
#define NETWORK_4 \
    ORDER(v[0], v[1]) ORDER(v[2], v[3]) ORDER(v[0], v[2]) ORDER(v[1], v[3]) ORDER(v[1], v[2])
#define NETWORK_6 \
    ORDER(v[0], v[5]) ORDER(v[1], v[3]) ORDER(v[2], v[4]) ORDER(v[1], v[2]) ORDER(v[3], v[4]) ORDER(v[0], v[3]) \
    ORDER(v[2], v[5]) ORDER(v[0], v[1]) ORDER(v[2], v[3]) ORDER(v[4], v[5]) ORDER(v[1], v[2]) ORDER(v[3], v[4])
#define NETWORK_8 \
    ORDER(v[0], v[2]) ORDER(v[1], v[3]) ORDER(v[4], v[6]) ORDER(v[5], v[7]) ORDER(v[0], v[4]) ORDER(v[1], v[5]) \
    ORDER(v[2], v[6]) ORDER(v[3], v[7]) ORDER(v[0], v[1]) ORDER(v[2], v[3]) ORDER(v[4], v[5]) ORDER(v[6], v[7]) \
    ORDER(v[2], v[4]) ORDER(v[3], v[5]) ORDER(v[1], v[4]) ORDER(v[3], v[6]) ORDER(v[1], v[2]) ORDER(v[3], v[4]) \
    ORDER(v[5], v[6])
#define NETWORK_12 \
    ORDER(v[0], v[8]) ORDER(v[1], v[7]) ORDER(v[2], v[6]) ORDER(v[3], v[11]) ORDER(v[4], v[10]) ORDER(v[5], v[9]) \
    ORDER(v[0], v[1]) ORDER(v[2], v[5]) ORDER(v[3], v[4]) ORDER(v[6], v[9]) ORDER(v[7], v[8]) ORDER(v[10], v[11]) \
    ORDER(v[0], v[2]) ORDER(v[1], v[6]) ORDER(v[5], v[10]) ORDER(v[9], v[11]) ORDER(v[0], v[3]) ORDER(v[1], v[2]) \
    ORDER(v[4], v[6]) ORDER(v[5], v[7]) ORDER(v[8], v[11]) ORDER(v[9], v[10]) ORDER(v[1], v[4]) ORDER(v[3], v[5]) \
    ORDER(v[6], v[8]) ORDER(v[7], v[10]) ORDER(v[1], v[3]) ORDER(v[2], v[5]) ORDER(v[6], v[9]) ORDER(v[8], v[10]) \
    ORDER(v[2], v[3]) ORDER(v[4], v[5]) ORDER(v[6], v[7]) ORDER(v[8], v[9]) ORDER(v[4], v[6]) ORDER(v[5], v[7]) \
    ORDER(v[3], v[4]) ORDER(v[5], v[6]) ORDER(v[7], v[8])
/* clang-format on */

#define DEFINE_SORT(n)                                                                             \
    SIMD_CLONES                                                                                    \
    static void sort_##n(const uint16_t *const *from, unsigned steps, lanes_row *restrict sorted)  \
    {                                                                                              \
        const uint16_t *row[n];                                                                    \
        for (unsigned i = 0; i < n; i++)                                                           \
            row[i] = from[i];                                                                      \
        for (unsigned l = 0; l < steps * LANES_STEP; l++) {                                        \
            uint16_t v[n];                                                                         \
            for (unsigned i = 0; i < n; i++)                                                       \
                v[i] = row[i][l];                                                                  \
            NETWORK_##n for (unsigned i = 0; i < n; i++) sorted[i][l] = v[i];                      \
        }                                                                                          \
    }

DEFINE_SORT(4)
DEFINE_SORT(6)
DEFINE_SORT(8)
DEFINE_SORT(12)

SIMD_CLONES
static void order_rows(uint16_t *restrict a, uint16_t *restrict b, unsigned steps)
{
    for (unsigned l = 0; l < steps * LANES_STEP; l++)
        ORDER(a[l], b[l])
}

/* Batcher's merge exchange. */
static void sort_many(const uint16_t *const *from, unsigned count, unsigned steps,
                      lanes_row *sorted)
{
    unsigned top = 1;
    while (2 * top < count)
        top *= 2;
    for (unsigned i = 0; i < count; i++)
        memcpy(sorted[i], from[i], sizeof *sorted);
    for (unsigned p = top; p > 0; p /= 2)
        for (unsigned q = top, r = 0, d = p; d > 0; d = q > p ? q - p : 0, q /= 2, r = p)
            for (unsigned i = 0; i + d < count; i++)
                if ((i & p) == r)
                    order_rows(sorted[i], sorted[i + d], steps);
}

static const lanes_row none; /* the smallest values */

void lanes_sort(const uint16_t *const *from, unsigned count, unsigned steps, lanes_row *sorted)
{
    enum { NETWORK_MAX = 12 };
    if (count > NETWORK_MAX) {
        sort_many(from, count, steps, sorted);
        return;
    }
    const uint16_t *row[NETWORK_MAX];
    lanes_row last;
    if (count != 4 && count != 6 && count != 8 && count != NETWORK_MAX)
        memset(last, 255, sizeof last);
    for (unsigned i = 0; i < NETWORK_MAX; i++)
        row[i] = i < count ? from[i] : last;
    if (count <= 4)
        sort_4(row, steps, sorted);
    else if (count <= 6)
        sort_6(row, steps, sorted);
    else if (count <= 8)
        sort_8(row, steps, sorted);
    else
        sort_12(row, steps, sorted);
}

enum { PARTS = LANES_RANK_MAX + 1 };

/* The smallest of the larger of a and b, and the largest of the smaller of c and d. */
SIMD_CLONES
static void join_parts(const uint16_t *const *from, unsigned steps, uint16_t *restrict lowest,
                       uint16_t *restrict highest)
{
    const uint16_t *row[4 * PARTS];
    for (unsigned i = 0; i < 4 * PARTS; i++)
        row[i] = from[i];
    for (unsigned l = 0; l < steps * LANES_STEP; l++) {
        uint16_t low = 65535, high = 0;
        for (unsigned i = 0; i < PARTS; i++) {
            uint16_t a = row[4 * i][l], b = row[4 * i + 1][l];
            uint16_t c = row[4 * i + 2][l], d = row[4 * i + 3][l];
            uint16_t larger = a > b ? a : b, smaller = c < d ? c : d;
            low = larger < low ? larger : low;
            high = smaller > high ? smaller : high;
        }
        lowest[l] = low;
        highest[l] = high;
    }
}

void lanes_span(lanes_row *a, unsigned a_count, lanes_row *b, unsigned b_count, unsigned rank,
                unsigned steps, lanes_row lowest, lanes_row highest)
{
    const uint16_t *rows[4 * PARTS];
    lanes_row all;
    memset(all, 255, sizeof all);
    for (unsigned i = 0; i < PARTS; i++) {
        unsigned j = rank - i;
        bool taken = i <= rank && i <= a_count && j <= b_count;
        rows[4 * i] = !taken ? all : i ? a[i - 1] : none;
        rows[4 * i + 1] = !taken ? all : j ? b[j - 1] : none;
        rows[4 * i + 2] = !taken ? none : i ? a[a_count - i] : all;
        rows[4 * i + 3] = !taken ? none : j ? b[b_count - j] : all;
    }
    join_parts(rows, steps, lowest, highest);
}
