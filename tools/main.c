// SPDX-License-Identifier: GPL-2.0
/* The commands, and how one is found and run. */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mboxctl.h"

static const struct command commands[] = {
	{ "create", "NAME",
	  "Create a mailbox, or with --region a shared region.", cmd_create },
	{ "ls", "", "List the mailboxes and regions.", cmd_ls },
	{ "stat", "NAME...", "Show all that is known of objects.", cmd_stat },
	{ "set", "NAME...",
	  "Change mode, owner or capacity of objects.", cmd_set },
	{ "watch", "[NAME...]",
	  "Show mailboxes as they change, all or some.", cmd_watch },
	{ "send", "NAME [MESSAGE...]",
	  "Send each MESSAGE, or else standard input.", cmd_send },
	{ "recv", "NAME",
	  "Receive messages and write them to standard output.", cmd_recv },
	{ "call", "NAME [REQUEST]",
	  "Send REQUEST, or else standard input, and write the reply.",
	  cmd_call },
	{ "serve", "NAME -- COMMAND [ARG...]",
	  "Run COMMAND for each request; what it writes is the reply.",
	  cmd_serve },
	{ "purge", "NAME",
	  "Drop the queued messages and print how many.", cmd_purge },
	{ "rm", "NAME...", "Take away name and id of objects.", cmd_rm },
	{ "usage", "[USER]",
	  "Show what a user takes of the limits.", cmd_usage },
	{ "load", "[MODULE|FILE.ko] [PARAM=VALUE...]",
	  "Load the kernel module.", cmd_load },
	{ "unload", "[MODULE]", "Unload the kernel module.", cmd_unload },
};

const struct command *command;

void finish(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		complain(NULL, "standard output: %s", strerror(errno));
		status = own_status(STATUS_ERROR);
	}
	exit(status);
}

static void print_help(void)
{
	size_t i;

	printf("Usage: mboxctl COMMAND [OPTION...] [OPERAND...]\n"
	       "Mailboxes and shared regions of " MBOX_DEVICE ".\n\n");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-8s%s\n", commands[i].name, commands[i].summary);
	printf("\nNAME is the name of an object, or id:N, or pid:N for the inbox of process N.\n"
	       "See \"mboxctl COMMAND --help\" and mboxctl(1).\n");
	finish(STATUS_OK);
}

static void global_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ }
	};
	int c;

	while ((c = getopt_long(argc, argv, "+hV", options, NULL)) != -1) {
		switch (c) {
		case 'h':
			print_help();
			break;
		case 'V':
			printf("mboxctl %s\n", MBOXCTL_VERSION);
			finish(STATUS_OK);
			break;
		default:
			exit(STATUS_USAGE);
		}
	}
}

static void find_command(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(commands[i].name, name)) {
			command = &commands[i];
			return;
		}
	}
	usage_error("unknown command '%s', see mboxctl --help",
		    printable(name));
}

int main(int argc, char **argv)
{
	static char prefix[32];
	int first;

	/* The locale says what is printable; numbers stay as they are. */
	setlocale(LC_CTYPE, "");
	/* An output that nobody reads is an error to tell, not a death. */
	signal(SIGPIPE, SIG_IGN);

	argv[0] = "mboxctl";
	global_options(argc, argv);
	first = optind;
	if (first == argc)
		usage_error("a command is missing, see mboxctl --help");
	find_command(argv[first]);

	/* getopt's messages begin with argv[0], and so look like ours. */
	snprintf(prefix, sizeof(prefix), "mboxctl: %s", command->name);
	argv[first] = prefix;
	optind = 0;
	finish(command->run(argc - first, argv + first));
}
