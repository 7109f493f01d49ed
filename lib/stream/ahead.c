/* SPDX-License-Identifier: MIT */

#include <signal.h>
#include <stddef.h>

#include "ahead.h"
#include "frame.h"
#include "message.h"
#include "threads.h"

static void *read_next(void *data)
{
    struct ahead *ahead = data;
    message_aside();
    ahead->more = input_read(ahead->in, &ahead->next);
    message_about(NULL);
    return NULL;
}

void ahead_begin(struct ahead *ahead, struct frame *done, const char *name)
{
    sigset_t all, before;
    if (threads_most() == 1)
        return;
    if (done && !ahead->next.raster) {
        ahead->next.raster = done->raster;
        done->raster = NULL;
    }
    message_about(name);
    /* Signals go to the main thread, as ending.h needs it. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ahead->reads = pthread_create(&ahead->thread, NULL, read_next, ahead) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

bool ahead_next(struct ahead *ahead, struct frame *frame)
{
    if (!ahead->reads)
        return input_read(ahead->in, frame);
    message_join(ahead->thread);
    message_about(NULL);
    ahead->reads = false;
    if (ahead->more) {
        struct frame worked_on = *frame;
        *frame = ahead->next;
        ahead->next = worked_on;
        message_about(frame->name);
    }
    return ahead->more;
}

void ahead_free(struct ahead *ahead)
{
    frame_free(&ahead->next);
}
