// SPDX-License-Identifier: GPL-2.0
/* What went wrong, in words and as an exit status. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mboxctl.h"

static void complain_va(const char *object, const char *fmt, va_list args)
{
	/* What was said before on standard output comes before. */
	fflush(stdout);
	/* A line is one, whoever else has something to complain about. */
	flockfile(stderr);
	fputs("mboxctl: ", stderr);
	if (command)
		fputs(command->name, stderr);
	if (command && object)
		fprintf(stderr, " %s", printable(object));
	if (command)
		fputs(": ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	funlockfile(stderr);
}

int own_status(int status)
{
	/* Which has the statuses below for those of servers. */
	if (command && command->run == cmd_call)
		return STATUS_CALL + status;
	return status;
}

void complain(const char *object, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	complain_va(object, fmt, args);
	va_end(args);
}

void usage_error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	complain_va(NULL, fmt, args);
	va_end(args);
	exit(own_status(STATUS_USAGE));
}

void no_memory(void)
{
	complain(NULL, "out of memory");
	exit(own_status(STATUS_ERROR));
}

int status_of(int err)
{
	switch (-err) {
	case 0:
		return STATUS_OK;
	case ENOENT:
	case ESRCH:
		return STATUS_NO_ENTRY;
	case EACCES:
	case EPERM:
		return STATUS_DENIED;
	case EAGAIN:
	case EBUSY:
	case ETIMEDOUT:
		return STATUS_NOT_NOW;
	case EPIPE:
		return STATUS_GONE;
	case ECONNRESET:
		return STATUS_UNKNOWN;
	case EDQUOT:
	case ENOSPC:
		return STATUS_LIMIT;
	default:
		return STATUS_ERROR;
	}
}

static const char *words(int err)
{
	switch (-err) {
	case ENOENT:
		return "no such mailbox or region";
	case EACCES:
	case EPERM:
		return "permission denied";
	case EEXIST:
		return "the name is taken";
	case EPIPE:
		return "gone: it has ended, or nobody can come to its other side";
	case ECONNRESET:
		return "the server ended without a reply: it may have been done or not";
	case ECANCELED:
		return "cancelled";
	case EBUSY:
		return "busy: it is exclusive, and another receives";
	case ENAMETOOLONG:
		return "the name is too long";
	default:
		return strerror(-err);
	}
}

int fail(const char *object, int err)
{
	complain(object, "%s", words(err));
	return status_of(err);
}

/* Who has the largest part of the total; says no more than is known. */
static void put_share(FILE *out, const struct mbox_refusal *refusal)
{
	if (!refusal->used)
		return;
	fprintf(out, ", %s (%llu) from user %s",
		refusal->used > refusal->total / 2 ? "most of them" :
						     "the largest part",
		refusal->used, user_name(refusal->uid));
}

static void put_full(FILE *out, const struct mbox_refusal *refusal,
		     const char *unit)
{
	fprintf(out, "full: %llu of %llu %s", refusal->total, refusal->max,
		unit);
	put_share(out, refusal);
}

/* There is room, but for others. */
static void put_full_share(FILE *out, const struct mbox_refusal *refusal,
			   const char *unit)
{
	fprintf(out, "your share is full: %llu of %llu %s (%llu in all)",
		refusal->used, refusal->max, unit, refusal->total);
}

static void put_refusal(FILE *out, const struct mbox_refusal *refusal)
{
	switch (refusal->limit) {
	case MBOX_LIMIT_MSGS:
		put_full(out, refusal, "messages");
		break;
	case MBOX_LIMIT_BYTES:
		put_full(out, refusal, "bytes");
		break;
	case MBOX_LIMIT_SHARE_MSGS:
		put_full_share(out, refusal, "messages");
		break;
	case MBOX_LIMIT_SHARE_BYTES:
		put_full_share(out, refusal, "bytes");
		break;
	case MBOX_LIMIT_NS_OBJECTS:
		fprintf(out, "limit reached: %llu of %llu objects in the namespace",
			refusal->total, refusal->max);
		put_share(out, refusal);
		break;
	default:
		fprintf(out, "limit reached: %s: %llu of %llu used by user %s",
			mbox_limit_name(refusal->limit), refusal->used,
			refusal->max, user_name(refusal->uid));
	}
}

int fail_refused(const char *object, int err,
		 const struct mbox_refusal *refusal)
{
	char *text = NULL;
	size_t size;
	FILE *out;

	if (refusal->limit == MBOX_LIMIT_NONE)
		return fail(object, err);
	out = open_memstream(&text, &size);
	if (!out)
		return fail(object, err);
	put_refusal(out, refusal);
	fclose(out);
	complain(object, "%s%s", err == -ETIMEDOUT ? "timed out: " : "", text);
	free(text);
	return status_of(err);
}

int fail_room(const char *object, int err, const struct mbox_stat *attr,
	      const struct mbox_refusal *refusal)
{
	bool waits = err == -EAGAIN || err == -ETIMEDOUT;

	if (!waits || refusal->limit != MBOX_LIMIT_NONE ||
	    !(attr->state & MBOX_STATE_RENDEZVOUS))
		return fail_refused(object, err, refusal);
	complain(object, "%sno receiver waits",
		 err == -ETIMEDOUT ? "timed out: " : "");
	return status_of(err);
}
