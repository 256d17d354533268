/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mboxctl: mailboxes and shared regions from the shell.
 *
 * main.c	the commands
 * options.c	options of a command: one table parses and describes them
 * report.c	what went wrong, in words and as an exit status
 * object.c	NAME, id:N and pid:N on the command line, and opening them
 * policy.c	how a mailbox delivers, in words
 * clock.c	time, and how much of it is left
 * text.c	bytes and numbers made fit to print
 * table.c	tables and JSON on standard output
 * manage.c	create, set, purge, rm
 * list.c	ls, stat
 * watch.c	watch
 * screen.c	a text that stays in its place on the terminal
 * usage.c	usage
 * input.c	standard input as messages
 * send.c	send
 * recv.c	recv
 * call.c	call
 * serve.c	serve
 * run.c	the command that serves a request
 * message.c	a received message as text
 * module.c	load, unload
 */
#ifndef MBOXCTL_H
#define MBOXCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>
#include <sys/types.h>
#include <time.h>
#include <mbox.h>

/* Numbers are __u32 and __u64 where they go into structs of the interface. */

#define PRINTF_LIKE(format, first) \
	__attribute__((__format__(__printf__, \
				  format, first)))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* main.c */

/**
 * struct command - what "mboxctl NAME" does
 * @name: the word on the command line
 * @operands: what follows the options, for the usage line
 * @summary: one line, for the help
 * @run: does it; argv[0] is a prefix for messages. Returns an exit status.
 */
struct command {
	const char *name;
	const char *operands;
	const char *summary;
	int (*run)(int argc, char **argv);
};

/* The one that runs; NULL until it is known. */
extern const struct command *command;

/* Exits once all output is known to be written, or says that it is not. */
noreturn void finish(int status);

int cmd_call(int argc, char **argv);
int cmd_create(int argc, char **argv);
int cmd_load(int argc, char **argv);
int cmd_ls(int argc, char **argv);
int cmd_purge(int argc, char **argv);
int cmd_recv(int argc, char **argv);
int cmd_rm(int argc, char **argv);
int cmd_send(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_stat(int argc, char **argv);
int cmd_unload(int argc, char **argv);
int cmd_usage(int argc, char **argv);
int cmd_watch(int argc, char **argv);

/* options.c */

/**
 * struct opt - an option of a command; a table of them ends with no @name
 * @letter: its short form, 0 for none
 * @name: its long form
 * @arg: name of its argument in the help; NULL if it takes none
 * @help: what it does
 * @bit: set in the caller's word when the option is given
 * @parse: reads the argument into @value; returns what is wrong with it, as
 *	the end of a sentence about it, or NULL
 * @value: where the argument goes
 */
struct opt {
	char letter;
	const char *name;
	const char *arg;
	const char *help;
	unsigned int bit;
	const char *(*parse)(const char *arg, void *value);
	void *value;
};

/* An option without and one with an argument. */
#define FLAG_OPT(l, n, h, b) \
	{ .letter = (l), .name = (n), .help = (h), .bit = (b) }
#define VALUE_OPT(l, n, a, h, b, p, v) \
	{ .letter = (l), .name = (n), .arg = (a), .help = (h), .bit = (b), \
	  .parse = (p), .value = (v) }

/*
 * Reads the options, and makes sure that min to max operands follow (a max of
 * -1: any number). Serves --help and usage errors itself, by exiting. Returns
 * the index of the first operand.
 */
int parse_options(int argc, char **argv, const struct opt *opts,
		  unsigned int *given, int min, int max);

const char *opt_count(const char *arg, void *value);	/* u32, 1 or more */
const char *opt_count64(const char *arg, void *value);	/* u64, 1 or more */
const char *opt_size(const char *arg, void *value);	/* u64, 1 or more */
const char *opt_size32(const char *arg, void *value);	/* u32, 1 or more */
const char *opt_pid(const char *arg, void *value);	/* s32, 1 or more */
const char *opt_priority(const char *arg, void *value);	/* u32 */
const char *opt_type(const char *arg, void *value);	/* s64 */
const char *opt_text(const char *arg, void *value);	/* const char * */
const char *opt_mode(const char *arg, void *value);	/* u32 */
const char *opt_duration(const char *arg, void *value);	/* u64, nanoseconds */
const char *opt_ttl(const char *arg, void *value);	/* u64, 1 or more */
const char *opt_user(const char *arg, void *value);	/* u32 */

/* [USER][:GROUP]; flags gets MBOX_SET_UID, MBOX_SET_GID for what is there */
const char *opt_owner(const char *arg, void *value);	/* struct mbox_set */

/* report.c */

/*
 * Exit statuses, as in the manual page. A call ends with the status of its
 * reply; what goes wrong with it before that is STATUS_CALL higher.
 */
enum {
	STATUS_OK	= 0,
	STATUS_ERROR	= 1,
	STATUS_USAGE	= 2,
	STATUS_NO_ENTRY	= 3,
	STATUS_DENIED	= 4,
	STATUS_NOT_NOW	= 5,
	STATUS_GONE	= 6,
	STATUS_LIMIT	= 7,
	STATUS_UNKNOWN	= 8,
	STATUS_CALL	= 100,
};

/* The exit status with which the command that runs ends for a failure. */
int own_status(int status);

/* "mboxctl: COMMAND OBJECT: ..."; the object may be NULL. */
PRINTF_LIKE(2, 3) void complain(const char *object, const char *fmt, ...);

/* Complains about the command line and exits. */
noreturn PRINTF_LIKE(1, 2) void usage_error(const char *fmt, ...);

/* Complains that memory has run out and exits. */
noreturn void no_memory(void);

/* The exit status for a negative errno. */
int status_of(int err);

/* Complains about a negative errno; returns its exit status. */
int fail(const char *object, int err);

/* As fail(); says which limit left no room, and who takes most of it. */
int fail_refused(const char *object, int err,
		 const struct mbox_refusal *refusal);

/* As fail_refused(), of a message for which a mailbox has no room. */
int fail_room(const char *object, int err, const struct mbox_stat *attr,
	      const struct mbox_refusal *refusal);

/* object.c */

/* The descriptor of /dev/mbox, opened once. Exits if there is none. */
int device(void);

/* Refuses, by exiting, what cannot be the name of an object. */
void check_name(const char *name);

/* NAME, id:N or pid:N of an object of this kind. */
void parse_target(const char *arg, __u32 kind, struct mbox_target *target);

/* Opens any kind of object, or complains and returns minus an exit status. */
int open_object(const char *arg, unsigned int flags);

/* The same for a mailbox; with an owner, only if that user owns it. */
int open_mailbox(const char *arg, unsigned int flags, const __u32 *owner);

/* Looks at an object without any permission; returns 0 or -errno. */
int stat_target(const struct mbox_target *target, struct mbox_stat *st);

/* As fail(), with what there is to know of the object. */
int fail_target(const char *arg, const struct mbox_target *target, int err);

/* Calls fn for each operand; returns the status of the first that failed. */
int each_operand(int argc, char **argv,
		 int (*fn)(const char *arg, void *data), void *data);

/* policy.c */

/* What is told of a mailbox in mbox_stat, in words */
const char *when_full_word(__u32 when_full);
const char *turns_word(__u32 turns);
const char *receivers_word(__u32 receivers);
const char *capacity_word(__u32 state);

/* And options that take these words. */
const char *opt_when_full(const char *arg, void *value);	/* u32 */
const char *opt_policy(const char *arg, void *value);	/* mbox_create */
const char *opt_capacity(const char *arg, void *value);	/* mbox_create */

/* clock.c */

/* Nanoseconds on CLOCK_MONOTONIC */
__u64 time_now(void);

/* What is left until the deadline; NULL if that is 0, for none. */
struct timespec *time_left(__u64 deadline, struct timespec *left);

/* input.c */

/*
 * Reads from standard input up to the delimiter, which is dropped, or up to the
 * end. No more than max bytes are read, so that an endless input is found to be
 * too large. Returns the length, or -1 if the end was there at once.
 */
ssize_t read_message(char *buf, size_t max, int delimiter);

/* text.c */

/* Name of a user or group, or its number; good until the next call. */
const char *user_name(uid_t uid);
const char *group_name(gid_t gid);

/* What the terminal can show of a name; good until the next call. */
const char *printable(const char *name);

/* Copies name, with what is not UTF-8 replaced, into a buffer large enough. */
#define UTF8_COPY_MAX(len)	(3 * (len) + 1)
void utf8_copy(char *out, const char *name);

/* Length of the UTF-8 character at p, of which len bytes are there; 0: none */
size_t utf8_char(const unsigned char *p, size_t len);

/* run.c */

/**
 * struct run - a command that is run once
 * @argv: the command and its arguments
 * @env: its environment
 * @input: what it reads from standard input
 * @input_len: length of that
 * @output: where what it writes goes; NULL: to our standard output
 * @output_size: how much fits there; it is not read any further
 * @output_len: out: how much was written
 * @give_up: becomes readable (POLLPRI) when it may be wanted no more
 * @unwanted: tells whether that is so; the command is then terminated
 * @data: for @unwanted
 */
struct run {
	char **argv;
	char **env;
	const char *input;
	size_t input_len;
	char *output;
	size_t output_size;
	size_t output_len;
	int give_up;
	bool (*unwanted)(void *data);
	void *data;
};

/*
 * Runs it to its end. Returns its exit status as a shell tells it: 128 and more
 * if a signal ended it, 126 or 127 if there is no such command; or -errno if
 * it could not be run for now.
 */
int run_command(struct run *run);

/* message.c */

/* How much of its data was received */
size_t message_len(const struct mbox_recv *msg);

/* A line about a message; with its data, in JSON. The caller frees them. */
char *message_info(const struct mbox_recv *msg);
char *message_json(const struct mbox_recv *msg, const char *data);

/* table.c */

/**
 * struct column - a column of a table
 * @name: its heading; in lower case, its key in JSON
 * @number: it holds numbers: right-aligned, and without quotes in JSON
 */
struct column {
	const char *name;
	bool number;
};

/**
 * struct table - rows of cells, printed when all are known
 * @scols: libsmartcols' idea of it
 * @row: the last row
 * @json: it is to be printed as JSON
 */
struct table {
	struct libscols_table *scols;
	struct libscols_line *row;
	bool json;
};

/* All columns come before the first row. Without memory these exit. */
void table_init(struct table *table, const char *name, bool json);
void table_hide_headings(struct table *table);
void table_add_column(struct table *table, const struct column *column);
void table_add_row(struct table *table);
/* A cell of the last row; NULL: nothing to tell */
void table_set(struct table *table, size_t column, const char *text);
/* Prints the table and ends it. */
void table_print(struct table *table);
/* The same as a text, which the caller frees. */
char *table_text(struct table *table);

/* screen.c */

/**
 * enum screen_event - why a wait ended
 * @SCREEN_TIME: the time is over
 * @SCREEN_REDRAW: what was drawn may be gone: the window was resized
 */
enum screen_event {
	SCREEN_TIME,
	SCREEN_REDRAW,
};

/*
 * Takes the terminal over, if standard output is one that can be drawn on: until
 * the end of the process, or a signal that ends or stops it.
 */
bool screen_open(void);
/* How many lines can be drawn. */
unsigned int screen_lines(void);
/* Replaces what was drawn. The text is kept, and freed when it is replaced. */
void screen_draw(char *text);
/* Waits until the deadline, screen or not. */
enum screen_event screen_wait(__u64 deadline);
/* Gives the terminal back, with the last text on it. */
void screen_close(void);

#endif /* MBOXCTL_H */
