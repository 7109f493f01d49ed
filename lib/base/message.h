/* SPDX-License-Identifier: MIT */

#ifndef MESSAGE_H
#define MESSAGE_H

#include <pthread.h>

/*
 * The program's messages on standard error, and libnetpbm's: one line each, the program's name
 * first. Control characters, which names of files and frames may hold, and bytes that are not UTF-8
 * are shown as \n, \t, \r or \xHH, so that no name can forge a message or steer a terminal. FORMAT
 * and what follows are those of printf, without a newline at the end.
 */

/* To be called first: starts libnetpbm too. Messages begin with the name PROGRAM. */
void message_start(const char *program);

/* For -quiet: from now on shows only errors, refusals and message_say(). */
void message_silence(void);

/* Ends the program with status 1: something failed. */
_Noreturn void message_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the program with status 2: the work was done, its result is refused. */
_Noreturn void message_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* message_say() tells what the user should know even with -quiet; message_note() warns and
   remarks; message_note_once() does not repeat its last remark, for files that are read again. */
void message_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_note_once(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Shows a COMMAND that the user may give to a shell, even with -quiet: as it is, lines and all,
   without the program's name. Its words must be printable ASCII. */
void message_command(const char *command);

/* Shows the progress of long work: replaces the previous progress, and goes when the next message
   comes or message_progress_end() is called. Only on a terminal, and not with -quiet. */
void message_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_progress_end(void);

/*
 * A thread that works aside calls message_aside() first. Its messages, so also the end of the
 * program by one, then wait for message_join(), in which the main thread does nothing but wait for
 * that thread: it is as if the main thread had done its work then. Progress does not wait; what
 * stands last is shown by message_join().
 */
void message_aside(void);
void message_join(pthread_t thread);

/* Sets what is read or worked on by this thread, NULL for nothing: libnetpbm's messages begin with
   SUBJECT, and messages about memory name it. SUBJECT must stay valid. */
void message_about(const char *subject);
const char *message_subject(void);

#endif
