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

/* The rows that a window reaches over are at most CFA_PERIOD_MAX, see excess_border(). */
enum { WINDOW = 2 * EXCESS_REACH + 1, RING = CFA_PERIOD_MAX, WEAKEST = 4 };

/* Where the neighbours of the samples of a place lie: rows below theirs, and where in that row, as
   it is kept, the first one is. */
struct neighbor {
    int down;
    size_t at;
};

/* A place: its colour, where its first sample is in a row as it is kept, and its neighbours in the
   5x5 window by colour, those of 3x3 first. */
struct place {
    unsigned color;
    size_t at;
    unsigned count[CFA_COLORS], near[CFA_COLORS];
    struct neighbor neighbors[CFA_COLORS][LANES_VALUES_MAX];
};

/* The columns that have their place in common: FIRST and those a period of the pattern apart. */
struct columns {
    unsigned first, count;
};

/* What is computed for LANES samples at once. */
struct work {
    lanes_row own[LANES_VALUES_MAX], other[LANES_VALUES_MAX], brought[LANES_VALUES_MAX];
    lanes_row lowest, highest;
    float own_level[LANES], factor[LANES];
};

struct excess {
    struct cfa cfa;
    unsigned width, height, black, rank;
    struct columns *columns;
    unsigned column_count;
    struct place *places;    /* by row of places and by columns */
    uint16_t *ring;          /* the last RING rows */
    size_t row_room;         /* samples of a row in it */
    unsigned pushed, pulled; /* the next row of each */
    struct work work;
};

/* Samples of a column of the pattern in a row. */
static size_t column_samples(const struct cfa *cfa, unsigned width)
{
    return (width + cfa->width - 1) / cfa->width;
}

size_t excess_row(const struct cfa *cfa, unsigned width)
{
    return column_samples(cfa, width) * cfa->width;
}

size_t excess_at(const struct cfa *cfa, unsigned width, unsigned x)
{
    return x % cfa->width * column_samples(cfa, width) + x / cfa->width;
}

/* How far windows are moved into the frame: by whole periods, and by a window at least. */
static unsigned shift_of(unsigned period)
{
    return (WINDOW + period - 1) / period * period;
}

unsigned excess_border(const struct cfa *cfa)
{
    return shift_of(cfa->height);
}

/* What stands for I on an axis of SIZE samples; -1: nothing. */
static int inside(int i, unsigned size, unsigned period)
{
    int shift = (int)shift_of(period), at = i < 0 ? i + shift : i >= (int)size ? i - shift : i;
    return at < (int)size ? at : -1;
}

/* Adds the neighbours in the window that lie within one row and column, or those that do not. */
static void add_neighbors(const struct excess *excess, struct place *place, unsigned x, unsigned y,
                          bool near)
{
    const struct cfa *cfa = &excess->cfa;
    for (int j = -EXCESS_REACH; j <= EXCESS_REACH; j++)
        for (int i = -EXCESS_REACH; i <= EXCESS_REACH; i++) {
            if ((abs(i) <= 1 && abs(j) <= 1) != near || (i == 0 && j == 0))
                continue;
            int column = inside((int)x + i, excess->width, cfa->width);
            int row = inside((int)y + j, excess->height, cfa->height);
            if (column < 0 || row < 0)
                continue;
            unsigned color = cfa_color(cfa, (unsigned)column, (unsigned)row);
            place->near[color] += near;
            place->neighbors[color][place->count[color]++] =
                (struct neighbor){row - (int)y, excess_at(cfa, excess->width, (unsigned)column)};
        }
}

/* Near a border, and where that is all there is, rows are places of their own; the others are
   those of the pattern. */
static unsigned place_of_row(const struct excess *excess, unsigned row)
{
    unsigned height = excess->height;
    if (height < WINDOW || row < EXCESS_REACH)
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
        if (width < WINDOW || x < EXCESS_REACH || x >= width - EXCESS_REACH)
            columns[count++] = (struct columns){x, 1};
    unsigned end = width < WINDOW ? 0 : width - EXCESS_REACH;
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
            row[i] = (struct place){.color = cfa_color(&excess->cfa, x, y),
                                    .at = excess_at(&excess->cfa, excess->width, x)};
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
    excess->row_room = excess_row(cfa, width) + LANES; /* the last lanes may be of nothing */
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
    unsigned border = excess_border(&excess->cfa);
    unsigned last = excess->height > border ? excess->height - border : 0;
    if (excess->pushed > last)
        excess->pushed = last;
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
                    row + excess_at(&excess->cfa, excess->width, x));
}

/* The samples of row Y, as they are kept. */
static const uint16_t *kept_row(const struct excess *excess, unsigned y)
{
    return excess->ring + y % RING * excess->row_room;
}

/* The neighbours of COLOR, as rows of lanes; those of the first sample of the place in row Y when
   LANE is 0. */
static void neighbors(const struct excess *excess, const struct place *place, unsigned color,
                      unsigned y, unsigned lane, const uint16_t *rows[])
{
    const struct neighbor *neighbors = place->neighbors[color];
    for (unsigned i = 0; i < place->count[color]; i++)
        rows[i] = kept_row(excess, (unsigned)((int)y + neighbors[i].down)) + neighbors[i].at + lane;
}

/* Twice a median, less twice the black level, at least 2 WEAKEST; of sorted values the middle two
   are A and B. */
static inline float twice_level(uint16_t a, uint16_t b, int32_t black)
{
    int32_t level = a + b - 2 * black;
    return (float)(level > 2 * WEAKEST ? level : 2 * WEAKEST);
}

SIMD_CLONES
static void compute_levels(const uint16_t *restrict a, const uint16_t *restrict b, int32_t black,
                           unsigned steps, float *restrict level)
{
    for (unsigned l = 0; l < steps * LANES_STEP; l++)
        level[l] = twice_level(a[l], b[l], black);
}

SIMD_CLONES
static void compute_factors(const float *restrict own_level, const uint16_t *restrict a,
                            const uint16_t *restrict b, int32_t black, unsigned steps,
                            float *restrict factor)
{
    for (unsigned l = 0; l < steps * LANES_STEP; l++)
        factor[l] = own_level[l] / twice_level(a[l], b[l], black);
}

/* t of another colour's COUNT neighbours. The product is below 2^31. */
SIMD_CLONES
static void bring(const uint16_t *const *from, unsigned count, const float *restrict factor,
                  float black, unsigned steps, lanes_row *restrict brought)
{
    for (unsigned i = 0; i < count; i++) {
        const uint16_t *row = from[i];
        for (unsigned l = 0; l < steps * LANES_STEP; l++) {
            int32_t t = (int32_t)(((float)row[l] - black) * factor[l] + (black + 0.5F));
            t = t < 0 ? 0 : t;
            brought[i][l] = (uint16_t)(t > 65535 ? 65535 : t);
        }
    }
}

/* Brings the near samples of all other colours to the place's; returns how many, sorted in
   work->other. */
static unsigned bring_colors(struct excess *excess, const struct place *place, unsigned y,
                             unsigned lane, unsigned steps)
{
    struct work *work = &excess->work;
    const uint16_t *rows[LANES_VALUES_MAX];
    unsigned own = place->count[place->color], brought = 0;
    compute_levels(work->own[(own - 1) / 2], work->own[own / 2], (int32_t)excess->black, steps,
                   work->own_level);
    for (unsigned color = 0; color < CFA_COLORS; color++) {
        unsigned count = place->count[color], near = place->near[color];
        if (color == place->color || near == 0)
            continue;
        neighbors(excess, place, color, y, lane, rows);
        lanes_sort(rows, count, steps, work->other);
        compute_factors(work->own_level, work->other[(count - 1) / 2], work->other[count / 2],
                        (int32_t)excess->black, steps, work->factor);
        bring(rows, near, work->factor, (float)excess->black, steps, work->brought + brought);
        brought += near;
    }
    for (unsigned i = 0; i < brought; i++)
        rows[i] = work->brought[i];
    lanes_sort(rows, brought, steps, work->other);
    return brought;
}

SIMD_CLONES
static void subtract_range(const uint16_t *restrict samples, const uint16_t *restrict lowest,
                           const uint16_t *restrict highest, unsigned count, int32_t *restrict d)
{
    for (unsigned l = 0; l < count; l++) {
        int32_t above = samples[l] - 2 * highest[l] + lowest[l];
        int32_t below = 2 * lowest[l] - highest[l] - samples[l];
        d[l] = (above > 0 ? above : 0) - (below > 0 ? below : 0);
    }
}

/* d of COUNT samples, at most LANES, that have this place in row Y, from the LANE-th on. */
static void compute_lanes(struct excess *excess, const struct place *place, unsigned y,
                          unsigned lane, unsigned count, int32_t *d)
{
    struct work *work = &excess->work;
    unsigned own = place->count[place->color], steps = (count + LANES_STEP - 1) / LANES_STEP;
    if (own == 0) { /* in a frame of few samples */
        memset(d + place->at + lane, 0, count * sizeof *d);
        return;
    }
    const uint16_t *rows[LANES_VALUES_MAX];
    neighbors(excess, place, place->color, y, lane, rows);
    lanes_sort(rows, own, steps, work->own);
    unsigned brought = bring_colors(excess, place, y, lane, steps);
    unsigned third = own + brought < 6 ? 1 : (own + brought) / 3;
    lanes_span(work->own, own, work->other, brought, excess->rank < third ? excess->rank : third,
               steps, work->lowest, work->highest);
    subtract_range(kept_row(excess, y) + place->at + lane, work->lowest, work->highest, count,
                   d + place->at + lane);
}

/* The last row that the window around one of row Y reaches, in a frame that has it. */
static unsigned last_row(const struct excess *excess, unsigned y)
{
    return y < EXCESS_REACH ? excess_border(&excess->cfa) - 1 : y + EXCESS_REACH;
}

bool excess_pull(struct excess *excess, int32_t *d, unsigned *row)
{
    unsigned y = excess->pulled;
    if (y == excess->height ||
        (excess->pushed < excess->height && excess->pushed <= last_row(excess, y)))
        return false;
    const struct place *place = excess->places + place_of_row(excess, y) * excess->column_count;
    for (unsigned i = 0; i < excess->column_count; i++, place++) {
        const struct columns *columns = &excess->columns[i];
        for (unsigned lane = 0; lane < columns->count; lane += LANES) {
            unsigned left = columns->count - lane;
            compute_lanes(excess, place, y, lane, left < LANES ? left : LANES, d);
        }
    }
    *row = excess->pulled++;
    return true;
}
