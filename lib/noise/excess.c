/* SPDX-License-Identifier: MIT */

/*
 * All samples at one place of the pattern have their neighbours of each colour in the same
 * directions, so that they are treated side by side, see lanes.h. For that the samples of a row
 * are kept column of the pattern by column. A row or column near a border is a place of its own.
 */

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "excess.h"
#include "lanes.h"
#include "simd.h"

enum { RING = 2 * EXCESS_REACH + 1, WEAKEST = 4 };

/* Where a neighbour lies. */
struct direction {
    int8_t x, y;
};

/* A place: its colour and its neighbours in the 5x5 window by colour, those of 3x3 first. */
struct place {
    unsigned color;
    unsigned count[CFA_COLORS], near[CFA_COLORS];
    struct direction directions[CFA_COLORS][LANES_VALUES_MAX];
};

/* The columns that have their place in common: FIRST and those a period of the pattern apart. */
struct columns {
    unsigned first, count;
};

/* What is computed for LANES samples at once. */
struct work {
    lanes_row brought[LANES_VALUES_MAX], values[LANES_VALUES_MAX], other[LANES_VALUES_MAX];
    lanes_row lowest, highest;
    float factor[LANES];
};

struct excess {
    struct cfa cfa;
    unsigned width, height, black, rank;
    struct columns *columns;
    unsigned column_count;
    struct place *places;    /* by row of places and by columns */
    size_t stride;           /* samples of a column of the pattern in a row */
    uint16_t *ring;          /* the last RING rows */
    size_t row_room;         /* samples of a row in it */
    unsigned pushed, pulled; /* the next row of each */
    struct work work;
};

/* I reflected into 0..N-1; as often as it takes where N is small. */
static unsigned reflected(int i, unsigned n)
{
    int last = (int)n - 1;
    while (last > 0 && (i < 0 || i > last))
        i = i < 0 ? -i : 2 * last - i;
    return last > 0 ? (unsigned)i : 0;
}

/* Adds the neighbours in the window that lie within one row and column, or those that do not. */
static void add_neighbors(const struct excess *excess, struct place *place, unsigned x, unsigned y,
                          bool near)
{
    for (int j = -EXCESS_REACH; j <= EXCESS_REACH; j++)
        for (int i = -EXCESS_REACH; i <= EXCESS_REACH; i++) {
            if ((abs(i) <= 1 && abs(j) <= 1) != near)
                continue;
            unsigned column = reflected((int)x + i, excess->width);
            unsigned row = reflected((int)y + j, excess->height);
            if (column == x && row == y)
                continue;
            unsigned color = cfa_color(&excess->cfa, column, row);
            place->near[color] += near;
            place->directions[color][place->count[color]++] =
                (struct direction){(int8_t)((int)column - (int)x), (int8_t)((int)row - (int)y)};
        }
}

/* Near a border, and where that is all there is, rows are places of their own; the others are
   those of the pattern. */
static unsigned place_of_row(const struct excess *excess, unsigned row)
{
    unsigned height = excess->height;
    if (height < RING || row < EXCESS_REACH)
        return row;
    if (row >= height - EXCESS_REACH)
        return EXCESS_REACH + row - (height - EXCESS_REACH);
    return 2 * EXCESS_REACH + row % excess->cfa.height;
}

static void make_columns(struct excess *excess)
{
    unsigned width = excess->width, period = excess->cfa.width, count = 0;
    struct columns *columns = alloc_array(2 * EXCESS_REACH + period, sizeof *columns);
    for (unsigned x = 0; x < width; x++)
        if (width < RING || x < EXCESS_REACH || x >= width - EXCESS_REACH)
            columns[count++] = (struct columns){x, 1};
    unsigned end = width < RING ? 0 : width - EXCESS_REACH;
    for (unsigned x = EXCESS_REACH; x < end && x < EXCESS_REACH + period; x++)
        columns[count++] = (struct columns){x, (end - 1 - x) / period + 1};
    excess->columns = columns;
    excess->column_count = count;
}

static void make_places(struct excess *excess)
{
    unsigned count = excess->column_count;
    excess->places =
        alloc_zeroed((2 * EXCESS_REACH + excess->cfa.height) * count, sizeof *excess->places);
    for (unsigned y = 0; y < excess->height; y++) {
        struct place *row = excess->places + place_of_row(excess, y) * count;
        /* Places of the pattern are met again and again, behind the first period for the same. */
        if (y >= EXCESS_REACH + excess->cfa.height && y + EXCESS_REACH < excess->height)
            continue;
        for (unsigned i = 0; i < count; i++) {
            unsigned x = excess->columns[i].first;
            row[i] = (struct place){.color = cfa_color(&excess->cfa, x, y)};
            add_neighbors(excess, &row[i], x, y, true);
            add_neighbors(excess, &row[i], x, y, false);
        }
    }
}

struct excess *excess_new(const struct cfa *cfa, unsigned width, unsigned height, unsigned black,
                          unsigned rank)
{
    struct excess *excess = alloc_zeroed(1, sizeof *excess);
    excess->cfa = *cfa;
    excess->width = width;
    excess->height = height;
    excess->black = black;
    excess->rank = rank;
    make_columns(excess);
    make_places(excess);
    excess->stride = (width + cfa->width - 1) / cfa->width;
    excess->row_room = excess->stride * cfa->width + LANES; /* the last lanes may be of nothing */
    excess->ring = alloc_zeroed(RING * excess->row_room, sizeof *excess->ring);
    return excess;
}

void excess_free(struct excess *excess)
{
    if (!excess)
        return;
    free(excess->columns);
    free(excess->places);
    free(excess->ring);
    free(excess);
}

unsigned excess_restart(struct excess *excess, unsigned first)
{
    excess->pulled = first;
    excess->pushed = first > EXCESS_REACH ? first - EXCESS_REACH : 0;
    return excess->pushed;
}

/* COUNT samples of a row, every PERIOD-th one. */
SIMD_CLONES
static void take_column(const uint16_t *restrict samples, unsigned period, size_t count,
                        uint16_t *restrict column)
{
    if (period == 2)
        for (size_t i = 0; i < count; i++)
            column[i] = samples[2 * i];
    else
        for (size_t i = 0; i < count; i++)
            column[i] = samples[period * i];
}

void excess_push(struct excess *excess, const uint16_t *samples)
{
    unsigned period = excess->cfa.width;
    uint16_t *row = excess->ring + excess->pushed++ % RING * excess->row_room;
    for (unsigned x = 0; x < period; x++)
        take_column(samples + x, period, (excess->width - x + period - 1) / period,
                    row + x * excess->stride);
}

/* The samples X, Y and those a period of the pattern apart. */
static const uint16_t *samples_at(const struct excess *excess, unsigned x, unsigned y)
{
    unsigned period = excess->cfa.width;
    return excess->ring + y % RING * excess->row_room + x % period * excess->stride + x / period;
}

static const uint16_t *neighbors_at(const struct excess *excess, unsigned x, unsigned y,
                                    struct direction direction)
{
    return samples_at(excess, (unsigned)((int)x + direction.x), (unsigned)((int)y + direction.y));
}

/* The samples of COLOR in the window, sorted. */
static void sort_color(const struct excess *excess, const struct place *place, unsigned color,
                       unsigned x, unsigned y, lanes_row *values)
{
    for (unsigned i = 0; i < place->count[color]; i++)
        memcpy(values[i], neighbors_at(excess, x, y, place->directions[color][i]), sizeof *values);
    lanes_sort(values, place->count[color]);
}

/* Twice a median, less twice the black level, at least 2 WEAKEST; of sorted values the middle two
   are A and B. */
static inline float twice_level(uint16_t a, uint16_t b, int32_t black)
{
    int32_t level = a + b - 2 * black;
    return (float)(level > 2 * WEAKEST ? level : 2 * WEAKEST);
}

SIMD_CLONES
static void compute_factors(const uint16_t *restrict own_a, const uint16_t *restrict own_b,
                            const uint16_t *restrict a, const uint16_t *restrict b, int32_t black,
                            float *restrict factor)
{
    for (unsigned l = 0; l < LANES; l++)
        factor[l] = twice_level(own_a[l], own_b[l], black) / twice_level(a[l], b[l], black);
}

/* t of another colour's samples. */
SIMD_CLONES
static void bring(const uint16_t *restrict samples, const float *restrict factor, float black,
                  uint16_t *restrict brought)
{
    for (unsigned l = 0; l < LANES; l++) {
        float t = ((float)samples[l] - black) * factor[l] + (black + 0.5F);
        t = t < 0 ? 0 : t > 65535 ? 65535 : t;
        brought[l] = (uint16_t)(int32_t)t;
    }
}

/* Brings the near samples of all other colours to the place's; returns how many. */
static unsigned bring_colors(struct excess *excess, const struct place *place, unsigned x,
                             unsigned y)
{
    struct work *work = &excess->work;
    unsigned own = place->count[place->color], brought = 0;
    for (unsigned color = 0; color < CFA_COLORS; color++) {
        unsigned count = place->count[color];
        if (color == place->color || place->near[color] == 0)
            continue;
        sort_color(excess, place, color, x, y, work->other);
        compute_factors(work->values[(own - 1) / 2], work->values[own / 2],
                        work->other[(count - 1) / 2], work->other[count / 2],
                        (int32_t)excess->black, work->factor);
        for (unsigned i = 0; i < place->near[color]; i++)
            bring(neighbors_at(excess, x, y, place->directions[color][i]), work->factor,
                  (float)excess->black, work->brought[brought++]);
    }
    return brought;
}

SIMD_CLONES
static void subtract_range(const uint16_t *restrict samples, const uint16_t *restrict lowest,
                           const uint16_t *restrict highest, unsigned count, unsigned step,
                           int32_t *restrict d)
{
    int32_t beyond[LANES];
    for (unsigned l = 0; l < LANES; l++) {
        int32_t above = samples[l] - 2 * highest[l] + lowest[l];
        int32_t below = 2 * lowest[l] - highest[l] - samples[l];
        beyond[l] = (above > 0 ? above : 0) - (below > 0 ? below : 0);
    }
    for (unsigned l = 0; l < count; l++)
        d[(size_t)l * step] = beyond[l];
}

/* d of the COUNT samples, at most LANES, from X on, that have this place. */
static void compute_lanes(struct excess *excess, const struct place *place, unsigned x, unsigned y,
                          unsigned count, int32_t *d)
{
    struct work *work = &excess->work;
    unsigned own = place->count[place->color];
    if (own == 0) { /* in a frame of few samples */
        for (unsigned l = 0; l < count; l++)
            d[(size_t)l * excess->cfa.width] = 0;
        return;
    }
    sort_color(excess, place, place->color, x, y, work->values);
    unsigned brought = bring_colors(excess, place, x, y);
    lanes_sort(work->brought, brought);
    unsigned third = own + brought < 6 ? 1 : (own + brought) / 3;
    lanes_span(work->values, own, work->brought, brought,
               excess->rank < third ? excess->rank : third, work->lowest, work->highest);
    subtract_range(samples_at(excess, x, y), work->lowest, work->highest, count, excess->cfa.width,
                   d);
}

bool excess_pull(struct excess *excess, int32_t *d, unsigned *row)
{
    unsigned y = excess->pulled, period = excess->cfa.width;
    if (y == excess->height ||
        (excess->pushed < excess->height && excess->pushed <= y + EXCESS_REACH))
        return false;
    const struct place *place = excess->places + place_of_row(excess, y) * excess->column_count;
    for (unsigned i = 0; i < excess->column_count; i++, place++) {
        const struct columns *columns = &excess->columns[i];
        for (unsigned done = 0; done < columns->count; done += LANES) {
            unsigned left = columns->count - done, x = columns->first + done * period;
            compute_lanes(excess, place, x, y, left < LANES ? left : LANES, d + x);
        }
    }
    *row = excess->pulled++;
    return true;
}
