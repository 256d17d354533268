// SPDX-License-Identifier: GPL-2.0
/*
 * What holds for every command alike: the size of its struct, its number, the
 * kind of descriptor it is for, its flags, and a bad pointer to it. Each field
 * alone is in fields_test.c. Built as a 32-bit program too.
 */
#include "mbox_test_command.h"

/* Each test runs once for each command. */
FIXTURE(command) {
	struct rig rig;
};

FIXTURE_VARIANT(command) {
	struct command command;
};

FIXTURE_VARIANT_ADD(command, create) {
	.command = COMMAND(MBOX_IOC_CREATE, mbox_create, ON_DEVICE,
			   fill_create, .opens = true, .flags = 0xff0f),
};

FIXTURE_VARIANT_ADD(command, open) {
	.command = COMMAND(MBOX_IOC_OPEN, mbox_open, ON_DEVICE,
			   fill_open, .opens = true, .flags = 0xf),
};

FIXTURE_VARIANT_ADD(command, unlink) {
	.command = COMMAND(MBOX_IOC_UNLINK, mbox_unlink, ON_DEVICE,
			   fill_unlink),
};

FIXTURE_VARIANT_ADD(command, list) {
	.command = COMMAND(MBOX_IOC_LIST, mbox_stat, ON_DEVICE,
			   fill_nothing, .writes = true),
};

FIXTURE_VARIANT_ADD(command, usage) {
	.command = COMMAND(MBOX_IOC_USAGE, mbox_usage, ON_DEVICE,
			   fill_nothing, .writes = true),
};

FIXTURE_VARIANT_ADD(command, stat) {
	.command = COMMAND(MBOX_IOC_STAT, mbox_stat, ON_OBJECT,
			   fill_nothing, .writes = true),
};

FIXTURE_VARIANT_ADD(command, set) {
	.command = COMMAND(MBOX_IOC_SET, mbox_set, ON_OBJECT,
			   fill_set, .flags = 0x1f),
};

FIXTURE_VARIANT_ADD(command, send) {
	.command = COMMAND(MBOX_IOC_SEND, mbox_send, ON_MAILBOX,
			   fill_send, .flags = 0x2b),
};

FIXTURE_VARIANT_ADD(command, recv) {
	.command = COMMAND(MBOX_IOC_RECV, mbox_recv, ON_MAILBOX,
			   fill_recv, .writes = true, .flags = 0xd7),
};

FIXTURE_VARIANT_ADD(command, purge) {
	.command = COMMAND(MBOX_IOC_PURGE, mbox_purge, ON_MAILBOX,
			   fill_nothing),
};

FIXTURE_VARIANT_ADD(command, ack) {
	.command = COMMAND(MBOX_IOC_ACK, mbox_ack, ON_MAILBOX,
			   fill_ack),
};

FIXTURE_VARIANT_ADD(command, nack) {
	.command = COMMAND(MBOX_IOC_NACK, mbox_nack, ON_MAILBOX,
			   fill_nack),
};

FIXTURE_VARIANT_ADD(command, held) {
	.command = COMMAND(MBOX_IOC_HELD, mbox_held, ON_MAILBOX,
			   fill_held, .writes = true),
};

FIXTURE_VARIANT_ADD(command, call) {
	.command = COMMAND(MBOX_IOC_CALL, mbox_call, ON_MAILBOX,
			   fill_call, .writes = true, .flags = 0x1b),
};

FIXTURE_VARIANT_ADD(command, reply) {
	.command = COMMAND(MBOX_IOC_REPLY, mbox_reply, ON_MAILBOX,
			   fill_reply),
};

FIXTURE_VARIANT_ADD(command, cancel) {
	.command = COMMAND(MBOX_IOC_CANCEL, mbox_cancel, ON_MAILBOX,
			   fill_cancel),
};

FIXTURE_VARIANT_ADD(command, send_batch) {
	.command = COMMAND(MBOX_IOC_SEND_BATCH, mbox_send_batch, ON_MAILBOX,
			   fill_send_batch, .writes = true, .flags = 0x03),
};

FIXTURE_VARIANT_ADD(command, recv_batch) {
	.command = COMMAND(MBOX_IOC_RECV_BATCH, mbox_recv_batch, ON_MAILBOX,
			   fill_recv_batch, .writes = true, .flags = 0x87),
};

FIXTURE_VARIANT_ADD(command, filter) {
	.command = COMMAND(MBOX_IOC_FILTER, mbox_filter, ON_MAILBOX,
			   fill_filter),
};

FIXTURE_VARIANT_ADD(command, notify) {
	.command = COMMAND(MBOX_IOC_NOTIFY, mbox_notify, ON_MAILBOX,
			   fill_notify, .flags = 0x1),
};

FIXTURE_SETUP(command)
{
	struct rig *rig = &self->rig;

	rig->command = &variant->command;
	rig->page = sysconf(_SC_PAGESIZE);
	rig->pages = mmap(NULL, 3 * rig->page, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(rig->pages != MAP_FAILED);
	ASSERT_EQ(0, munmap(rig->pages + 2 * rig->page, rig->page));
	rig->dev = mt_device();
	ASSERT_LE(0, rig->dev);
	rig->box = mt_mailbox(rig->dev, mt_name("box"), MT_RW);
	ASSERT_LE(0, rig->box);
	rig->region = mt_region(rig->dev, NULL, MT_RW, 1);
	ASSERT_LE(0, rig->region);
	rig->victim = mt_mailbox(rig->dev, mt_name("victim"), MT_RW);
	ASSERT_LE(0, rig->victim);
	rig->answers = mt_mailbox(rig->dev, NULL, MT_RW);
	ASSERT_LE(0, rig->answers);
	/* what a user draws for a mailbox at first use is drawn now */
	ASSERT_EQ(0, mt_send(rig->box, "", 1, 0, 0));
	ASSERT_EQ(1, mt_purge(rig->box));
}

FIXTURE_TEARDOWN(command)
{
	struct rig *rig = &self->rig;

	end_caller(rig);
	if (rig->server.fd) {
		mt_send(rig->box, NULL, 0, 0, 0);
		mt_task_end(&rig->server);
	}
	mt_unlink_target(rig->dev, mt_by_fd(rig->box));
	mt_unlink_target(rig->dev, mt_by_fd(rig->victim));
	MT_TEARDOWN(rig->dev);
}

/* Valid data at the start of the pages, or so that it ends with them. */
static void *fill(struct rig *rig, bool at_end)
{
	char *arg = rig->pages;

	if (at_end)
		arg += 2 * rig->page - rig->command->size;
	memset(rig->pages, 0, 2 * rig->page);
	*(__u32 *)arg = rig->command->size;
	rig->command->fill(rig, arg);
	return arg;
}

/* 0 or -errno; what is opened is closed. */
static int run(struct rig *rig, void *arg)
{
	int fd = rig->command->on == ON_DEVICE ? rig->dev : rig->box;
	int ret = mt_ioctl(fd, rig->command->nr, arg);

	if (ret >= 0 && rig->command->opens)
		close(ret);
	return ret < 0 ? ret : 0;
}

/* A failure that leaves no trace: its error, or 1 if something changed. */
static int fails(struct rig *rig, void *arg)
{
	struct mt_state box = mt_state_of(rig->dev, rig->box, 0);
	struct mt_state victim = mt_state_of(rig->dev, rig->victim, 0);
	int ret = run(rig, arg);

	if (!mt_state_is(rig->dev, rig->box, 0, &box) ||
	    !mt_state_is(rig->dev, rig->victim, 0, &victim))
		return 1;
	return ret;
}

TEST_F(command, exact_size)
{
	struct rig *rig = &self->rig;
	__u32 *arg = fill(rig, true);

	EXPECT_EQ(0, run(rig, arg));
	EXPECT_EQ(rig->command->size, arg[0]);
}

TEST_F(command, every_shorter_size_is_invalid)
{
	struct rig *rig = &self->rig;
	__u32 size, *arg;

	for (size = 0; size < rig->command->size; size++) {
		arg = fill(rig, false);
		arg[0] = size;
		EXPECT_EQ(-EINVAL, fails(rig, arg)) {
			TH_LOG("size %u", size);
			break;
		}
	}
}

TEST_F(command, longer_with_zeros_is_served)
{
	struct rig *rig = &self->rig;
	__u32 size[] = { rig->command->size + 1, rig->command->size + 8, rig->page };
	size_t i, j;
	char *arg;

	for (i = 0; i < ARRAY_SIZE(size); i++) {
		arg = fill(rig, false);
		*(__u32 *)arg = size[i];
		EXPECT_EQ(0, run(rig, arg));
		EXPECT_EQ(size[i], *(__u32 *)arg);
		for (j = rig->command->size; j < 2 * rig->page; j++)
			ASSERT_EQ(0, arg[j]);
	}
}

TEST_F(command, longer_with_junk_is_too_big)
{
	struct rig *rig = &self->rig;
	__u32 size = rig->command->size + 64, at;
	char *arg;

	for (at = rig->command->size; at < size; at++) {
		arg = fill(rig, false);
		*(__u32 *)arg = size;
		arg[at] = 1;
		EXPECT_EQ(-E2BIG, fails(rig, arg));
	}
}

/* The kernel does not look through memory without end. */
TEST_F(command, huge_size_is_too_big)
{
	struct rig *rig = &self->rig;
	__u32 size[] = { rig->page + 1, 2 * rig->page, 1U << 31, ~0U };
	__u32 *arg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(size); i++) {
		arg = fill(rig, false);
		arg[0] = size[i];
		EXPECT_EQ(-E2BIG, fails(rig, arg));
	}
}

TEST_F(command, tail_without_memory_is_a_fault)
{
	struct rig *rig = &self->rig;
	__u32 *arg = fill(rig, true);

	arg[0] = rig->command->size + 8;
	EXPECT_EQ(-EFAULT, fails(rig, arg));
}

TEST_F(command, bad_pointer_is_a_fault)
{
	struct rig *rig = &self->rig;
	void *end = rig->pages + 2 * rig->page;
	void *half = (void *)(~0UL << (sizeof(long) * 8 - 1));
	void *arg = fill(rig, true);
	size_t i;

	EXPECT_EQ(-EFAULT, fails(rig, NULL));
	EXPECT_EQ(-EFAULT, fails(rig, end));
	EXPECT_EQ(-EFAULT, fails(rig, (void *)~0UL));
	EXPECT_EQ(-EFAULT, fails(rig, half));
	/* straddling into the page without access, at each field or so */
	for (i = 4; i < rig->command->size; i += 4) {
		memmove(end - i, arg, i);
		EXPECT_EQ(-EFAULT, fails(rig, end - i));
		arg = fill(rig, true);
	}
}

/* A const struct will do where there is nothing to tell. */
TEST_F(command, read_only_struct)
{
	struct rig *rig = &self->rig;
	void *arg = fill(rig, true);
	int ret;

	ASSERT_EQ(0, mprotect(rig->pages, 2 * rig->page, PROT_READ));
	ret = rig->command->writes ? fails(rig, arg) : run(rig, arg);
	EXPECT_EQ(rig->command->writes ? -EFAULT : 0, ret);
	ASSERT_EQ(0, mprotect(rig->pages, 2 * rig->page,
			      PROT_READ | PROT_WRITE));
}

TEST_F(command, each_unknown_flag_is_not_supported)
{
	struct rig *rig = &self->rig;
	__u32 bit, *arg;

	for (bit = 0; bit < 32; bit++) {
		if (rig->command->flags & (1U << bit))
			continue;
		arg = fill(rig, false);
		arg[1] |= 1U << bit;
		EXPECT_EQ(-EOPNOTSUPP, fails(rig, arg)) {
			TH_LOG("flag bit %u", bit);
		}
	}
}

TEST_F(command, wrong_kind_of_descriptor)
{
	struct rig *rig = &self->rig;
	int fds[3], n = 0, i, pipes[2];
	void *arg = fill(rig, false);

	ASSERT_EQ(0, pipe(pipes));
	fds[n++] = pipes[0];
	if (rig->command->on == ON_DEVICE)
		fds[n++] = rig->box;
	else
		fds[n++] = rig->dev;
	if (rig->command->on != ON_OBJECT)
		fds[n++] = rig->region;
	for (i = 0; i < n; i++)
		EXPECT_EQ(-ENOTTY, mt_ioctl(fds[i], rig->command->nr, arg));
	close(pipes[0]);
	close(pipes[1]);
}

/* The number is compared whole: direction and size bits are part of it. */
TEST_F(command, number_with_other_bits_is_unknown)
{
	struct rig *rig = &self->rig;
	int fd = rig->command->on == ON_DEVICE ? rig->dev : rig->box;
	unsigned int nr = _IOC_NR(rig->command->nr);
	void *arg = fill(rig, false);

	EXPECT_EQ(-ENOTTY, mt_ioctl(fd, _IOWR(MBOX_IOC_TYPE, nr, int), arg));
	EXPECT_EQ(-ENOTTY, mt_ioctl(fd, _IOR(MBOX_IOC_TYPE, nr, int), arg));
	EXPECT_EQ(-ENOTTY, mt_ioctl(fd, _IO(MBOX_IOC_TYPE - 1, nr), arg));
	EXPECT_EQ(-ENOTTY, mt_ioctl(fd, _IO(MBOX_IOC_TYPE, nr + 0x80), arg));
}

/* Every number that is no command. */
TEST(unknown_commands)
{
	static const char known[256] = {
		[MBOX_CMD_CREATE] = 1, [MBOX_CMD_OPEN] = 1,
		[MBOX_CMD_UNLINK] = 1, [MBOX_CMD_LIST] = 1,
		[MBOX_CMD_USAGE] = 1, [MBOX_CMD_STAT] = 1, [MBOX_CMD_SET] = 1,
		[MBOX_CMD_SEND] = 1, [MBOX_CMD_RECV] = 1, [MBOX_CMD_PURGE] = 1,
		[MBOX_CMD_ACK] = 1, [MBOX_CMD_NACK] = 1, [MBOX_CMD_HELD] = 1,
		[MBOX_CMD_CALL] = 1, [MBOX_CMD_REPLY] = 1,
		[MBOX_CMD_CANCEL] = 1, [MBOX_CMD_SEND_BATCH] = 1,
		[MBOX_CMD_RECV_BATCH] = 1, [MBOX_CMD_FILTER] = 1,
		[MBOX_CMD_NOTIFY] = 1,
	};
	__u32 arg[1024] = { sizeof(arg) };
	int fds[2], i, nr;

	fds[0] = mt_device();
	ASSERT_LE(0, fds[0]);
	fds[1] = mt_mailbox(fds[0], NULL, MT_RW);
	ASSERT_LE(0, fds[1]);
	for (i = 0; i < 2; i++) {
		for (nr = 0; nr < 256; nr++) {
			if (known[nr])
				continue;
			EXPECT_EQ(-ENOTTY,
				  mt_ioctl(fds[i], _IO(MBOX_IOC_TYPE, nr), arg));
		}
	}
	close(fds[1]);
	MT_EXPECT_IDLE(fds[0], 0);
}

TEST_HARNESS_MAIN
