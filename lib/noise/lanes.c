/* SPDX-License-Identifier: MIT */

/*
 * Up to 12 values are sorted by networks of comparators written out, whose values stay in
 * registers; more by Batcher's merge exchange (Knuth, The Art of Computer Programming, volume 3,
 * algorithm 5.2.2M), row by row. A set that is smaller than its network gets values that sort last.
 *
 * The k-th smallest of the union of two sorted sets is the smallest, over i, of the larger of a_i
 * and b_(k - i), counted from 1, where a_0 and b_0 do not count.
 */

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
    static void sort_##n(lanes_row *values)                                                        \
    {                                                                                              \
        for (unsigned l = 0; l < LANES; l++) {                                                     \
            uint16_t v[n];                                                                         \
            for (unsigned i = 0; i < n; i++)                                                       \
                v[i] = values[i][l];                                                               \
            NETWORK_##n for (unsigned i = 0; i < n; i++) values[i][l] = v[i];                      \
        }                                                                                          \
    }

DEFINE_SORT(4)
DEFINE_SORT(6)
DEFINE_SORT(8)
DEFINE_SORT(12)

SIMD_CLONES
static void order_rows(uint16_t *restrict a, uint16_t *restrict b)
{
    for (unsigned l = 0; l < LANES; l++)
        ORDER(a[l], b[l])
}

/* Batcher's merge exchange. */
static void sort_many(lanes_row *values, unsigned count)
{
    unsigned top = 1;
    while (2 * top < count)
        top *= 2;
    for (unsigned p = top; p > 0; p /= 2)
        for (unsigned q = top, r = 0, d = p; d > 0; d = q > p ? q - p : 0, q /= 2, r = p)
            for (unsigned i = 0; i + d < count; i++)
                if ((i & p) == r)
                    order_rows(values[i], values[i + d]);
}

void lanes_sort(lanes_row *values, unsigned count)
{
    unsigned size = count <= 4 ? 4 : count <= 6 ? 6 : count <= 8 ? 8 : count <= 12 ? 12 : count;
    if (count < 2)
        return;
    if (count < size)
        memset(values[count], 255, (size - count) * sizeof *values);
    switch (size) {
    case 4:
        sort_4(values);
        break;
    case 6:
        sort_6(values);
        break;
    case 8:
        sort_8(values);
        break;
    case 12:
        sort_12(values);
        break;
    default:
        sort_many(values, count);
    }
}

SIMD_CLONES
static void lower_to_larger(const uint16_t *restrict a, const uint16_t *restrict b,
                            uint16_t *restrict lowest)
{
    for (unsigned l = 0; l < LANES; l++) {
        uint16_t larger = a[l] > b[l] ? a[l] : b[l];
        lowest[l] = larger < lowest[l] ? larger : lowest[l];
    }
}

SIMD_CLONES
static void raise_to_smaller(const uint16_t *restrict a, const uint16_t *restrict b,
                             uint16_t *restrict highest)
{
    for (unsigned l = 0; l < LANES; l++) {
        uint16_t smaller = a[l] < b[l] ? a[l] : b[l];
        highest[l] = smaller > highest[l] ? smaller : highest[l];
    }
}

void lanes_span(lanes_row *a, unsigned a_count, lanes_row *b, unsigned b_count, unsigned rank,
                lanes_row lowest, lanes_row highest)
{
    lanes_row none, all;
    memset(none, 0, sizeof none);
    memset(all, 255, sizeof all);
    memcpy(lowest, all, sizeof all);
    memcpy(highest, none, sizeof none);
    for (unsigned i = rank > b_count ? rank - b_count : 0; i <= rank && i <= a_count; i++) {
        unsigned j = rank - i;
        lower_to_larger(i ? a[i - 1] : none, j ? b[j - 1] : none, lowest);
        raise_to_smaller(i ? a[a_count - i] : all, j ? b[b_count - j] : all, highest);
    }
}
