/* SPDX-License-Identifier: MIT */

#ifndef THREADS_H
#define THREADS_H

/*
 * Loops that run on all cores, by OpenMP: as many threads as OMP_NUM_THREADS says, else as the
 * process may use cores; one where the program was built without OpenMP. What a row comes to never
 * depends on how many there are. In a loop, an "omp parallel for" with a dynamic schedule,
 *
 *     for (unsigned band = 0; band < bands; band++)
 *         work(&room[threads_number()], bands_first(rows, bands, band),
 *              bands_first(rows, bands, band + 1));
 *
 * each thread has room of its own, and a band, which may have to begin some rows earlier, writes
 * only its own rows.
 */

/*
 * To be called first in main(), with its ARGV: has threads sleep while they wait, unless the user
 * said how they shall, by OMP_WAIT_POLICY. By default they would go on for some milliseconds, and
 * take that time from the other programs of a pipe: one of small frames takes a quarter longer
 * then. As OpenMP looks at that only before main(), this starts the program once more.
 */
void threads_sleep_waiting(char **argv);

/* To be called before the first such loop: starts the threads. Signals go to the caller's thread
   alone, as ending.h needs it. */
void threads_start(void);

/* The most threads that such a loop has, and the number, from 0, of the one that calls. */
unsigned threads_most(void);
unsigned threads_number(void);

/* How many bands to make of ROWS rows: some for each thread, so that none waits long for the
   others, as long as each has LEAST rows. */
unsigned bands_count(unsigned rows, unsigned least);

/* The first row of band BAND of BANDS. */
unsigned bands_first(unsigned rows, unsigned bands, unsigned band);

#endif
