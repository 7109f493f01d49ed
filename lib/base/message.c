/* SPDX-License-Identifier: MIT */

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>
#include <unistd.h>

#include <netpbm/pm.h>

#include "message.h"
#include "sanitized.h"

#define CLEAR_LINE "\033[K"

/* File-scope state, because libnetpbm's message callbacks get no context. */
static const char *program_name = "stackpbm";
static _Thread_local const char *subject_name;
static const char *main_subject; /* the main thread's, which threads that help it work on, too */
static bool silent, progress_stands;
static char noted_once[512]; /* the start of the last message_note_once() */

/* Whoever holds it may speak, and change what stands above: the main thread, unless it waits. */
static pthread_mutex_t word = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local bool aside;
static char progress_aside[512]; /* what such a thread would have shown */

/* The bytes of the printable character at AT, which is ASCII or UTF-8; 0 if it is none. */
static unsigned printable_bytes(const unsigned char *at)
{
    if (at[0] < 0x80)
        return at[0] >= ' ' && at[0] != 0x7f;
    unsigned count = at[0] >= 0xf5   ? 0
                     : at[0] >= 0xf0 ? 4
                     : at[0] >= 0xe0 ? 3
                     : at[0] >= 0xc2 ? 2
                                     : 0;
    for (unsigned i = 1; i < count; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    bool control = at[0] == 0xc2 && at[1] < 0xa0; /* U+0080 to U+009F */
    return control ? 0 : count;
}

enum { SHOWN_MAX = 4 }; /* bytes of a character as it is shown */

/* Writes the next character of *TEXT to OUT, escaped if need be, and advances *TEXT past it;
   returns how many bytes it wrote. */
static unsigned show_next(const char **text, char out[SHOWN_MAX + 1])
{
    static const char escaped[] = "\n\t\r", letters[] = "ntr";
    unsigned count = printable_bytes((const unsigned char *)*text);
    if (count > 0) {
        memcpy(out, *text, count);
        *text += count;
        return count;
    }
    const char *found = strchr(escaped, **text);
    if (found)
        count = (unsigned)snprintf(out, SHOWN_MAX + 1, "\\%c", letters[found - escaped]);
    else
        count = (unsigned)snprintf(out, SHOWN_MAX + 1, "\\x%02x", (unsigned char)**text);
    (*text)++;
    return count;
}

/* Shows TEXT between BEFORE and AFTER, which are not escaped. Writes all but a very long TEXT in
   one piece, so that the messages of programs in a pipe do not mix. */
static void show(const char *before, const char *text, const char *after)
{
    char line[8192];
    size_t count = (size_t)snprintf(line, sizeof line, "%s%s: ", before, program_name);
    while (*text) {
        if (sizeof line - count <= SHOWN_MAX) {
            fwrite(line, 1, count, stderr);
            count = 0;
        }
        count += show_next(&text, line + count);
    }
    fwrite(line, 1, count, stderr);
    fputs(after, stderr);
}

/* As show(), after formatting; cuts a long message if there is no memory for it. */
static void show_formatted(const char *before, const char *format, va_list args, const char *after)
{
    char little[512];
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(little, sizeof little, format, args);
    char *text = length >= (int)sizeof little ? malloc((size_t)length + 1) : NULL;
    if (text)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    show(before, text ? text : little, after);
    free(text);
}

static void take_word(void)
{
    if (aside)
        pthread_mutex_lock(&word);
}

static void leave_word(void)
{
    if (aside)
        pthread_mutex_unlock(&word);
}

static void show_message(const char *format, va_list args)
{
    take_word();
    show_formatted(progress_stands ? CLEAR_LINE : "", format, args, "\n");
    progress_stands = false;
    leave_word();
}

static void show_libnetpbm(const char *text)
{
    if (subject_name)
        message_say("%s: %s", subject_name, text);
    else
        message_say("%s", text);
}

/* Memory that a function holds when it ends the program is no leak, but may look like one: the
   compiler keeps no pointer to it across a call that does not return. */
#ifdef SANITIZED
static bool given_up;

int __lsan_is_turned_off(void);

int __lsan_is_turned_off(void)
{
    return given_up;
}
#endif

static _Noreturn void give_up(int status)
{
#ifdef SANITIZED
    given_up = true;
#endif
    exit(status);
}

void message_start(const char *program)
{
    program_name = program;
    pthread_mutex_lock(&word);
    pm_init(program, 0);
    pm_setusererrormsgfn(show_libnetpbm);
    pm_setusermessagefn(show_libnetpbm);
    pm_setMessage(1, NULL);
}

void message_silence(void)
{
    silent = true;
    pm_setMessage(0, NULL);
}

void message_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    show_message(format, args);
    va_end(args);
    give_up(EXIT_FAILURE);
}

void message_refuse(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    show_message(format, args);
    va_end(args);
    give_up(2);
}

void message_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    show_message(format, args);
    va_end(args);
}

void message_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!silent)
        show_message(format, args);
    va_end(args);
}

void message_note_once(const char *format, ...)
{
    char text[sizeof noted_once];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (silent || strcmp(text, noted_once) == 0)
        return;
    va_start(args, format);
    show_message(format, args);
    va_end(args);
    strcpy(noted_once, text);
}

void message_command(const char *command)
{
    message_progress_end();
    fputs(command, stderr);
}

void message_progress(const char *format, ...)
{
    if (silent || !isatty(STDERR_FILENO))
        return;
    va_list args;
    va_start(args, format);
    if (aside) {
        vsnprintf(progress_aside, sizeof progress_aside, format, args);
    } else {
        show_formatted("", format, args, CLEAR_LINE "\r");
        progress_stands = true;
    }
    va_end(args);
}

void message_progress_end(void)
{
    if (progress_stands)
        fputs(CLEAR_LINE, stderr);
    progress_stands = false;
}

void message_aside(void)
{
    aside = true;
}

void message_join(pthread_t thread)
{
    pthread_mutex_unlock(&word);
    pthread_join(thread, NULL);
    pthread_mutex_lock(&word);
    if (progress_aside[0] != '\0')
        message_progress("%s", progress_aside);
    progress_aside[0] = '\0';
}

void message_about(const char *subject)
{
    subject_name = subject;
    if (!aside)
        main_subject = subject;
}

const char *message_subject(void)
{
    return subject_name || aside ? subject_name : main_subject;
}
