/* SPDX-License-Identifier: MIT */

#ifndef MESSAGE_H
#define MESSAGE_H

/*
 * What the program says on standard error, libnetpbm's messages included: one line each, the
 * program's name first. Control characters, which names of files and frames may hold, and bytes
 * that are no UTF-8 are shown as \n, \t, \r or \xHH, so that no name can forge a message or steer a
 * terminal. FORMAT and what follows are those of printf, without a newline at the end.
 */

/* Before any other: starts libnetpbm, too; messages begin with the name PROGRAM. */
void message_start(const char *program);

/* From now on only errors, refusals and message_say(): what -quiet asks for. */
void message_silence(void);

/* Ends the program with status 1: something failed. */
_Noreturn void message_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the program with status 2: the work was done, its result is refused. */
_Noreturn void message_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What the user should know, also with -quiet; and warnings and remarks. */
void message_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How far long work is: takes the place of what it said before, and goes when the next message
   comes or message_progress_end() is called. Only on a terminal, and not with -quiet. */
void message_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_progress_end(void);

/* What is being read, NULL for nothing: libnetpbm's messages begin with SUBJECT, which must stay
   valid, and messages about memory name it. */
void message_about(const char *subject);
const char *message_subject(void);

#endif
