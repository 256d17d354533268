// SPDX-License-Identifier: GPL-2.0
/* Options of a command: one table parses and describes them. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mboxctl.h"

#define OPTIONS_MAX	24
/* What getopt returns for the option at index i, clear of all letters. */
#define OPTION_CODE(i)	(UCHAR_MAX + 1 + (int)(i))

static void print_option(const struct opt *opt)
{
	char left[40];

	snprintf(left, sizeof(left), "--%s%s%s", opt->name,
		 opt->arg ? " " : "", opt->arg ? opt->arg : "");
	if (opt->letter)
		printf("  -%c, %-24s%s\n", opt->letter, left, opt->help);
	else
		printf("      %-24s%s\n", left, opt->help);
}

static void print_help(const struct opt *opts)
{
	static const struct opt help_opt = {
		.letter = 'h', .name = "help", .help = "show this help",
	};

	printf("Usage: mboxctl %s [OPTION...]%s%s\n%s\n\n", command->name,
	       *command->operands ? " " : "", command->operands,
	       command->summary);
	for (; opts->name; opts++)
		print_option(opts);
	print_option(&help_opt);
	finish(STATUS_OK);
}

/* getopt's two forms of the table, to which --help is added. */
struct getopt_tables {
	char letters[2 * OPTIONS_MAX + 4];
	struct option longs[OPTIONS_MAX + 2];
};

static void make_tables(const struct opt *opts, struct getopt_tables *tables)
{
	char *letter = tables->letters;
	size_t i;

	for (i = 0; opts[i].name && i < OPTIONS_MAX; i++) {
		tables->longs[i] = (struct option) {
			.name = opts[i].name,
			.has_arg = opts[i].arg ? required_argument : no_argument,
			.val = OPTION_CODE(i),
		};
		if (!opts[i].letter)
			continue;
		*letter++ = opts[i].letter;
		if (opts[i].arg)
			*letter++ = ':';
	}
	tables->longs[i++] = (struct option) { .name = "help", .val = 'h' };
	tables->longs[i] = (struct option) { };
	strcpy(letter, "h");
}

static const struct opt *find_option(const struct opt *opts, int code)
{
	if (code >= OPTION_CODE(0))
		return &opts[code - OPTION_CODE(0)];
	while (opts->letter != code)
		opts++;
	return opts;
}

int parse_options(int argc, char **argv, const struct opt *opts,
		  unsigned int *given, int min, int max)
{
	struct getopt_tables tables;
	const struct opt *opt;
	const char *wrong;
	int c, operands;

	make_tables(opts, &tables);
	while ((c = getopt_long(argc, argv, tables.letters, tables.longs,
				NULL)) != -1) {
		if (c == 'h')
			print_help(opts);
		if (c == '?')
			exit(own_status(STATUS_USAGE));
		opt = find_option(opts, c);
		wrong = opt->parse ? opt->parse(optarg, opt->value) : NULL;
		if (wrong)
			usage_error("--%s: '%s' %s", opt->name,
				    printable(optarg), wrong);
		*given |= opt->bit;
	}

	operands = argc - optind;
	if (operands < min || (max >= 0 && operands > max))
		usage_error("%s, usage: mboxctl %s [OPTION...] %s",
			    operands < min ? "an operand is missing" :
					     "too many operands",
			    command->name, command->operands);
	return optind;
}

struct unit {
	const char *suffix;
	__u64 factor;
};

static const struct unit no_units[] = { { "", 1 }, { } };
static const struct unit size_units[] = {
	{ "", 1 }, { "K", 1 << 10 }, { "M", 1 << 20 }, { "G", 1 << 30 }, { }
};

static const struct unit time_units[] = {
	{ "", 1000000000 }, { "s", 1000000000 }, { "ms", 1000000 },
	{ "us", 1000 }, { "ns", 1 }, { "m", 60000000000 },
	{ "h", 3600000000000 }, { }
};

static const char *read_number(const char *arg, const struct unit *unit,
			       __u64 min, __u64 max, __u64 *value)
{
	char *end;

	/* strtoull would take a sign and white space. */
	if (!isdigit((unsigned char)*arg))
		return "is not a number";
	errno = 0;
	*value = strtoull(arg, &end, 10);
	if (errno)
		return "is out of range";
	while (unit->suffix && strcasecmp(unit->suffix, end))
		unit++;
	if (!unit->suffix)
		return "is not a number, or has an unknown unit";
	if (*value > max / unit->factor || *value * unit->factor < min)
		return "is out of range";
	*value *= unit->factor;
	return NULL;
}

static const char *read_u32(const char *arg, const struct unit *unit,
			    __u64 min, __u64 max, void *value)
{
	__u64 wide;
	const char *wrong = read_number(arg, unit, min, max, &wide);

	if (!wrong)
		*(__u32 *)value = wide;
	return wrong;
}

const char *opt_count(const char *arg, void *value)
{
	return read_u32(arg, no_units, 1, UINT32_MAX, value);
}

const char *opt_count64(const char *arg, void *value)
{
	return read_number(arg, no_units, 1, UINT64_MAX, value);
}

const char *opt_size(const char *arg, void *value)
{
	return read_number(arg, size_units, 1, UINT64_MAX, value);
}

const char *opt_size32(const char *arg, void *value)
{
	return read_u32(arg, size_units, 1, UINT32_MAX, value);
}

const char *opt_priority(const char *arg, void *value)
{
	return read_u32(arg, no_units, 0, MBOX_PRIORITY_MAX, value);
}

const char *opt_duration(const char *arg, void *value)
{
	return read_number(arg, time_units, 0, INT64_MAX, value);
}

const char *opt_pid(const char *arg, void *value)
{
	return read_u32(arg, no_units, 1, INT32_MAX, value);
}

const char *opt_ttl(const char *arg, void *value)
{
	return read_number(arg, time_units, 1, MBOX_TIME_MAX, value);
}

const char *opt_type(const char *arg, void *value)
{
	char *end;

	errno = 0;
	*(__s64 *)value = strtoll(arg, &end, 10);
	if (end == arg || *end)
		return "is not a number";
	return errno ? "is out of range" : NULL;
}

const char *opt_text(const char *arg, void *value)
{
	*(const char **)value = arg;
	return NULL;
}

const char *opt_mode(const char *arg, void *value)
{
	char *end;
	unsigned long mode = strtoul(arg, &end, 8);

	if (!isdigit((unsigned char)*arg) || *end || mode & ~0666UL)
		return "is not an octal mode of 4 (receive) and 2 (send)";
	*(__u32 *)value = mode;
	return NULL;
}

const char *opt_user(const char *arg, void *value)
{
	const struct passwd *user = getpwnam(arg);

	if (user) {
		*(__u32 *)value = user->pw_uid;
		return NULL;
	}
	return read_u32(arg, no_units, 0, UINT32_MAX - 1, value) ?
		"is not a known user" : NULL;
}

static const char *read_group(const char *arg, __u32 *value)
{
	const struct group *group = getgrnam(arg);

	if (group) {
		*value = group->gr_gid;
		return NULL;
	}
	return read_u32(arg, no_units, 0, UINT32_MAX - 1, value) ?
		"does not name a known group" : NULL;
}

const char *opt_owner(const char *arg, void *value)
{
	struct mbox_set *set = value;
	const char *colon = strchrnul(arg, ':');
	const char *wrong = NULL;
	char *user;

	if (colon != arg) {
		user = strndup(arg, colon - arg);
		if (!user)
			return strerror(errno);
		wrong = opt_user(user, &set->uid) ?
			"does not name a known user" : NULL;
		set->flags |= MBOX_SET_UID;
		free(user);
	}
	if (!wrong && *colon) {
		wrong = read_group(colon + 1, &set->gid);
		set->flags |= MBOX_SET_GID;
	}
	if (!wrong && !set->flags)
		wrong = "is neither a user nor a group";
	return wrong;
}
