/* SPDX-License-Identifier: MIT */

#include <signal.h>
#include <stdlib.h>

#include <unistd.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "threads.h"

enum { BANDS = 4 /* of a thread, at most */ };

void threads_sleep_waiting(char **argv)
{
    static const char policy[] = "OMP_WAIT_POLICY";
    char path[4096] = "";
    if (threads_most() == 1 || getenv(policy) || setenv(policy, "passive", 0) != 0)
        return;
    /* By the link itself the program's name in ps(1) would be "exe". */
    if (readlink("/proc/self/exe", path, sizeof path - 1) > 0)
        execv(path, argv); /* threads work without it too */
}

void threads_start(void)
{
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
#pragma omp parallel
    {
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
}

unsigned threads_most(void)
{
#ifdef _OPENMP
    int most = omp_get_max_threads();
    return most > 1 ? (unsigned)most : 1;
#else
    return 1;
#endif
}

unsigned threads_number(void)
{
#ifdef _OPENMP
    return (unsigned)omp_get_thread_num();
#else
    return 0;
#endif
}

unsigned bands_count(unsigned rows, unsigned least)
{
    unsigned threads = threads_most(), most = rows / least;
    if (threads == 1 || most < 2)
        return 1;
    if (most < threads)
        return most;
    unsigned each = most / threads;
    return threads * (each < BANDS ? each : BANDS);
}

unsigned bands_first(unsigned rows, unsigned bands, unsigned band)
{
    return (unsigned)((unsigned long long)rows * band / bands);
}
