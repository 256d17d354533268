// SPDX-License-Identifier: GPL-2.0
/* create, set, purge, rm: objects themselves, not what is in them. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "mboxctl.h"

static int fail_dead_letter(const char *name, int err, int dead_letter)
{
	struct mbox_stat st = { };

	if (mbox_stat(dead_letter, &st) >= 0 &&
	    st.state & MBOX_STATE_RENDEZVOUS)
		complain(name, "the dead-letter mailbox is a rendezvous");
	else if (st.receivers == MBOX_RECEIVERS_BROADCAST)
		complain(name, "the dead-letter mailbox is a broadcast");
	else
		complain(name, "the dead-letter mailbox has one itself");
	return status_of(err);
}

static int fail_create(const char *name, int err,
		       const struct mbox_create *attr)
{
	struct mbox_stat st = { };
	int fd;

	if (err == -EINVAL && attr->flags & MBOX_CREATE_DEAD_LETTER)
		return fail_dead_letter(name, err, attr->dead_letter);
	if (err != -EEXIST)
		return fail_refused(name, err, &attr->refusal);
	/* Taken by an object of the other kind? */
	fd = mbox_open(device(), name, 0);
	if (fd >= 0 && mbox_stat(fd, &st) >= 0 && st.kind != attr->kind)
		complain(name, "there is a %s of this name",
			 st.kind == MBOX_KIND_REGION ? "region" : "mailbox");
	else
		complain(name, "exists already");
	return status_of(err);
}

/* Of what a mailbox has, a region has nothing. */
static void check_region(const struct mbox_create *attr, unsigned int flags)
{
	if (attr->max_msgs || attr->max_bytes || attr->msg_size ||
	    attr->max_deliveries || attr->when_full || attr->turns ||
	    attr->receivers ||
	    flags & (MBOX_CREATE_FIXED | MBOX_CREATE_DEAD_LETTER |
		     MBOX_CREATE_RENDEZVOUS | MBOX_CREATE_UNBOUNDED))
		usage_error("a region has no capacity, message size, deliveries or policy");
}

/* Without a capacity, nothing that goes by one. */
static void check_capacity(const struct mbox_create *attr, unsigned int flags)
{
	bool rendezvous = flags & MBOX_CREATE_RENDEZVOUS;
	__u32 other = rendezvous ? MBOX_FULL_FAIL : MBOX_FULL_CONFLATE;

	if (!(flags & (MBOX_CREATE_RENDEZVOUS | MBOX_CREATE_UNBOUNDED)))
		return;
	if (rendezvous && flags & MBOX_CREATE_UNBOUNDED)
		usage_error("--capacity rendezvous excludes --capacity unbounded");
	if (attr->max_msgs || attr->max_bytes)
		usage_error("--capacity %s excludes --max-msgs and --max-bytes",
			    rendezvous ? "rendezvous" : "unbounded");
	if (attr->when_full != MBOX_FULL_BLOCK && attr->when_full != other)
		usage_error("--capacity %s excludes --when-full %s",
			    rendezvous ? "rendezvous" : "unbounded",
			    when_full_word(attr->when_full));
}

static void check_broadcast(const struct mbox_create *attr, unsigned int flags)
{
	if (flags & MBOX_CREATE_RENDEZVOUS)
		usage_error("--policy broadcast excludes --capacity rendezvous");
	if (attr->when_full == MBOX_FULL_CONFLATE)
		usage_error("--policy broadcast excludes --when-full conflate");
	if (attr->turns)
		usage_error("--policy broadcast excludes turns: a message is for all");
	if (flags & MBOX_CREATE_DEAD_LETTER)
		usage_error("--policy broadcast excludes --dead-letter");
	if (attr->max_deliveries)
		usage_error("--policy broadcast excludes --max-deliveries");
}

static void check_attributes(const struct mbox_create *attr,
			     unsigned int flags)
{
	__u64 msg_size = attr->msg_size ?: MBOX_DEFAULT_MSG_SIZE;

	if (attr->region_size)
		check_region(attr, flags);
	check_capacity(attr, flags);
	if (attr->receivers == MBOX_RECEIVERS_BROADCAST)
		check_broadcast(attr, flags);
	if (flags & MBOX_CREATE_DEAD_LETTER && !attr->max_deliveries)
		usage_error("--dead-letter needs --max-deliveries");
	if (msg_size > MBOX_MSG_SIZE_MAX)
		usage_error("--msg-size is at most %u bytes",
			    MBOX_MSG_SIZE_MAX);
	if (attr->max_bytes && attr->max_bytes < msg_size)
		usage_error("--max-bytes is below the message size of %llu",
			    msg_size);
	if (flags & MBOX_CREATE_FIXED && !attr->msg_size)
		usage_error("--fixed needs --msg-size");
}

int cmd_create(int argc, char **argv)
{
	struct mbox_create attr = { };
	const char *dead_letter = NULL;
	unsigned int flags = 0;
	const struct opt opts[] = {
		VALUE_OPT('r', "region", "SIZE", "a region of this size",
			  0, opt_size, &attr.region_size),
		VALUE_OPT('n', "max-msgs", "N", "capacity in messages (default: 1024)",
			  0, opt_count, &attr.max_msgs),
		VALUE_OPT('c', "capacity", "N|WORD", "the same; rendezvous; or unbounded",
			  0, opt_capacity, &attr),
		VALUE_OPT('b', "max-bytes", "SIZE", "capacity in bytes (default: 1M)",
			  0, opt_size, &attr.max_bytes),
		VALUE_OPT('s', "msg-size", "SIZE", "size of the largest message (64K)",
			  0, opt_size32, &attr.msg_size),
		FLAG_OPT('f', "fixed", "all messages have exactly this size",
			 MBOX_CREATE_FIXED),
		VALUE_OPT('F', "when-full", "WORD",
			  "block (default), fail, drop-oldest, conflate",
			  0, opt_when_full, &attr.when_full),
		VALUE_OPT('P', "policy", "WORD[,WORD]", "who receives, see mboxctl(1)",
			  0, opt_policy, &attr),
		VALUE_OPT('m', "mode", "MODE", "permissions in octal (default: 0600)",
			  MBOX_CREATE_MODE, opt_mode, &attr.mode),
		VALUE_OPT('D', "max-deliveries", "N", "how often one may come back (any)",
			  0, opt_count, &attr.max_deliveries),
		VALUE_OPT('d', "dead-letter", "NAME", "mailbox for what came back as often",
			  MBOX_CREATE_DEAD_LETTER, opt_text, &dead_letter),
		FLAG_OPT('x', "excl", "fail if the name is taken",
			 MBOX_CREATE_EXCL),
		VALUE_OPT('e', "expect-owner", "USER", "fail if it exists and is another's",
			  MBOX_CREATE_OWNER, opt_user, &attr.owner),
		{ }
	};
	const char *name;
	int fd;

	name = argv[parse_options(argc, argv, opts, &flags, 1, 1)];
	check_name(name);
	flags |= attr.flags;
	check_attributes(&attr, flags);

	if (dead_letter) {
		attr.dead_letter = open_mailbox(dead_letter, MBOX_O_WRITE, NULL);
		if (attr.dead_letter < 0)
			return -attr.dead_letter;
	}
	attr.lifetime = MBOX_LIFE_KERNEL;
	if (attr.region_size)
		fd = mbox_region_create(device(), name, flags,
					attr.region_size, &attr);
	else
		fd = mbox_create(device(), name, flags, &attr);
	return fd < 0 ? fail_create(name, fd, &attr) : STATUS_OK;
}

static int fail_set(const char *arg, int err, int fd,
		    const struct mbox_set *set)
{
	struct mbox_stat st = { };

	if (mbox_stat(fd, &st) < 0)
		return fail(arg, err);
	if (err == -EACCES)
		complain(arg, "permission denied: it belongs to user %s",
			 user_name(st.uid));
	else if (err == -EINVAL && st.kind == MBOX_KIND_REGION)
		complain(arg, "a region has no capacity");
	else if (err == -EINVAL &&
		 st.state & (MBOX_STATE_RENDEZVOUS | MBOX_STATE_UNBOUNDED))
		complain(arg, "it has no capacity: it is %s",
			 capacity_word(st.state));
	else if (err == -EINVAL && set->max_bytes &&
		 set->max_bytes < st.msg_size)
		complain(arg, "--max-bytes is below the message size of %u",
			 st.msg_size);
	else
		return fail(arg, err);
	return status_of(err);
}

static int set_one(const char *arg, void *data)
{
	struct mbox_set *set = data;
	int ret, fd = open_object(arg, 0);

	if (fd < 0)
		return -fd;
	ret = mbox_set(fd, set);
	ret = ret < 0 ? fail_set(arg, ret, fd, set) : STATUS_OK;
	close(fd);
	return ret;
}

int cmd_set(int argc, char **argv)
{
	struct mbox_set set = { };
	const struct opt opts[] = {
		VALUE_OPT('m', "mode", "MODE", "permissions in octal",
			  MBOX_SET_MODE, opt_mode, &set.mode),
		VALUE_OPT('o', "owner", "[USER][:GROUP]", "owner, group, or both",
			  0, opt_owner, &set),
		VALUE_OPT('n', "max-msgs", "N", "capacity in messages",
			  MBOX_SET_MAX_MSGS, opt_count, &set.max_msgs),
		VALUE_OPT('b', "max-bytes", "SIZE", "capacity in bytes",
			  MBOX_SET_MAX_BYTES, opt_size, &set.max_bytes),
		{ }
	};
	unsigned int flags = 0;
	int first = parse_options(argc, argv, opts, &flags, 1, -1);

	set.flags |= flags;
	if (!set.flags)
		usage_error("nothing to set, see mboxctl set --help");
	return each_operand(argc - first, argv + first, set_one, &set);
}

int cmd_purge(int argc, char **argv)
{
	const struct opt opts[] = { { } };
	unsigned int flags = 0;
	const char *arg;
	int fd, ret;

	arg = argv[parse_options(argc, argv, opts, &flags, 1, 1)];
	fd = open_mailbox(arg, MBOX_O_READ, NULL);
	if (fd < 0)
		return -fd;
	ret = mbox_purge(fd);
	if (ret < 0)
		return fail(arg, ret);
	printf("%d\n", ret);
	return STATUS_OK;
}

static int unlink_one(const char *arg, void *data)
{
	struct mbox_target target;
	int ret;

	(void)data;
	parse_target(arg, MBOX_KIND_ANY, &target);
	ret = mbox_unlink_target(device(), &target);
	return ret < 0 ? fail_target(arg, &target, ret) : STATUS_OK;
}

int cmd_rm(int argc, char **argv)
{
	const struct opt opts[] = { { } };
	unsigned int flags = 0;
	int first = parse_options(argc, argv, opts, &flags, 1, -1);

	return each_operand(argc - first, argv + first, unlink_one, NULL);
}
