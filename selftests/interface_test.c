// SPDX-License-Identifier: GPL-2.0
/*
 * What holds for every command alike: the size of its struct, its number, the
 * kind of descriptor it is for, its flags, and a bad pointer to it. Each field
 * alone is in fields_test.c. Built as a 32-bit program too.
 */
#include "mbox_test_util.h"

enum on { ON_DEVICE, ON_OBJECT, ON_MAILBOX };

struct rig;

struct command {
	unsigned long nr;
	__u32 size;
	enum on on;
	__u32 flags;
	bool opens;
	bool writes;
	/* makes valid data, and a state in which the command succeeds */
	void (*fill)(struct rig *rig, void *arg);
};

/* The struct of the command lies in two pages; the next has no access. */
struct rig {
	const struct command *command;
	int dev;
	int box;
	int region;
	int victim;
	char *pages;
	size_t page;
};

/* Each test runs once for each command. */
FIXTURE(command) {
	struct rig rig;
};

FIXTURE_VARIANT(command) {
	struct command command;
};

static void fill_create(struct rig *rig, void *arg)
{
	struct mbox_create *create = arg;

	(void)rig;
	create->flags = MT_RW;
	create->kind = MBOX_KIND_MAILBOX;
}

static void fill_open(struct rig *rig, void *arg)
{
	struct mbox_open *open = arg;

	open->flags = MBOX_O_READ;
	open->target = mt_by_fd(rig->box);
}

static void fill_unlink(struct rig *rig, void *arg)
{
	struct mbox_unlink *unlink = arg;

	if (!(mt_stat_of(rig->victim).state & MBOX_STATE_LINKED)) {
		close(rig->victim);
		rig->victim = mt_mailbox(rig->dev, mt_name("victim"), MT_RW);
	}
	unlink->target = mt_by_id(mt_stat_of(rig->victim).id);
}

static void fill_nothing(struct rig *rig, void *arg)
{
	(void)rig;
	(void)arg;
}

static void fill_set(struct rig *rig, void *arg)
{
	struct mbox_set *set = arg;

	(void)rig;
	set->flags = MBOX_SET_MODE;
	set->mode = 0640;
}

static void fill_send(struct rig *rig, void *arg)
{
	struct mbox_send *send = arg;

	mt_purge(rig->box);
	send->flags = MBOX_DONTWAIT;
	send->buf = (uintptr_t)rig->pages;
	send->len = 1;
}

static void fill_recv(struct rig *rig, void *arg)
{
	static char data[16];
	struct mbox_recv *recv = arg;

	if (!mt_stat_of(rig->box).msgs)
		mt_send(rig->box, "hello", 5, 0, MBOX_DONTWAIT);
	recv->flags = MBOX_DONTWAIT;
	recv->buf = (uintptr_t)data;
	recv->buf_size = sizeof(data);
}

FIXTURE_VARIANT_ADD(command, create) {
	.command = {
		.nr = MBOX_IOC_CREATE,
		.size = sizeof(struct mbox_create),
		.on = ON_DEVICE,
		.fill = fill_create,
		.opens = true,
		.flags = 0xf0f,
	},
};

FIXTURE_VARIANT_ADD(command, open) {
	.command = {
		.nr = MBOX_IOC_OPEN,
		.size = sizeof(struct mbox_open),
		.on = ON_DEVICE,
		.fill = fill_open,
		.opens = true,
		.flags = 0xf,
	},
};

FIXTURE_VARIANT_ADD(command, unlink) {
	.command = {
		.nr = MBOX_IOC_UNLINK,
		.size = sizeof(struct mbox_unlink),
		.on = ON_DEVICE,
		.fill = fill_unlink,
	},
};

FIXTURE_VARIANT_ADD(command, list) {
	.command = {
		.nr = MBOX_IOC_LIST,
		.size = sizeof(struct mbox_stat),
		.on = ON_DEVICE,
		.fill = fill_nothing,
		.writes = true,
	},
};

FIXTURE_VARIANT_ADD(command, usage) {
	.command = {
		.nr = MBOX_IOC_USAGE,
		.size = sizeof(struct mbox_usage),
		.on = ON_DEVICE,
		.fill = fill_nothing,
		.writes = true,
	},
};

FIXTURE_VARIANT_ADD(command, stat) {
	.command = {
		.nr = MBOX_IOC_STAT,
		.size = sizeof(struct mbox_stat),
		.on = ON_OBJECT,
		.fill = fill_nothing,
		.writes = true,
	},
};

FIXTURE_VARIANT_ADD(command, set) {
	.command = {
		.nr = MBOX_IOC_SET,
		.size = sizeof(struct mbox_set),
		.on = ON_OBJECT,
		.fill = fill_set,
		.flags = 0x1f,
	},
};

FIXTURE_VARIANT_ADD(command, send) {
	.command = {
		.nr = MBOX_IOC_SEND,
		.size = sizeof(struct mbox_send),
		.on = ON_MAILBOX,
		.fill = fill_send,
		.flags = 0x3,
	},
};

FIXTURE_VARIANT_ADD(command, recv) {
	.command = {
		.nr = MBOX_IOC_RECV,
		.size = sizeof(struct mbox_recv),
		.on = ON_MAILBOX,
		.fill = fill_recv,
		.flags = 0x3,
		.writes = true,
	},
};

FIXTURE_VARIANT_ADD(command, purge) {
	.command = {
		.nr = MBOX_IOC_PURGE,
		.size = sizeof(struct mbox_purge),
		.on = ON_MAILBOX,
		.fill = fill_nothing,
	},
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
	/* what a user draws for a mailbox at first use is drawn now */
	ASSERT_EQ(0, mt_send(rig->box, "", 1, 0, 0));
	ASSERT_EQ(1, mt_purge(rig->box));
}

FIXTURE_TEARDOWN(command)
{
	struct rig *rig = &self->rig;

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
