/* SPDX-License-Identifier: MIT */

#include <stdbool.h>
#include <stdlib.h>

#include "ending.h"

static const int fatal_signals[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGPIPE,   SIGALRM,
                                    SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF};
enum { FATAL_SIGNALS = sizeof fatal_signals / sizeof fatal_signals[0], CLEAN_UPS_MAX = 4 };

/* File-scope, because exit and signals call them. */
static void (*clean_ups[CLEAN_UPS_MAX])(void);
static volatile sig_atomic_t clean_up_count;

static void clean_up_all(void)
{
    while (clean_up_count > 0)
        clean_ups[--clean_up_count]();
}

static void clean_up_and_die(int signal_number)
{
    clean_up_all();
    raise(signal_number); /* SA_RESETHAND has put the default action back */
}

static void prepare(void)
{
    atexit(clean_up_all);
    for (int i = 0; i < FATAL_SIGNALS; i++) {
        struct sigaction action;
        sigaction(fatal_signals[i], NULL, &action);
        if (action.sa_handler != SIG_DFL)
            continue;
        action.sa_handler = clean_up_and_die;
        action.sa_flags = (int)SA_RESETHAND;
        sigaction(fatal_signals[i], &action, NULL);
    }
}

void ending_add(void (*clean_up)(void))
{
    static bool prepared;
    if (!prepared)
        prepare();
    prepared = true;
    if (clean_up_count == CLEAN_UPS_MAX)
        abort();
    clean_ups[clean_up_count] = clean_up;
    clean_up_count++;
}

void ending_block(sigset_t *before)
{
    sigset_t fatal;
    sigemptyset(&fatal);
    for (int i = 0; i < FATAL_SIGNALS; i++)
        sigaddset(&fatal, fatal_signals[i]);
    sigprocmask(SIG_BLOCK, &fatal, before);
}

void ending_allow(const sigset_t *before)
{
    sigprocmask(SIG_SETMASK, before, NULL);
}
