// SPDX-License-Identifier: GPL-2.0
/*
 * Whose a process-owned mailbox is where a process and a descriptor table are
 * not the same: over exec, with threads, and with tables in common.
 */
#include <sys/wait.h>

#include "mbox_test_owner.h"

FIXTURE(table) {
	int dev;
	int box;
	char *name;
	struct mt_child owner;
};

FIXTURE_SETUP(table)
{
	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	self->name = mt_name("table");
}

FIXTURE_TEARDOWN(table)
{
	MT_TEARDOWN(self->dev);
}

/* ---- exec ----------------------------------------------------------------- */

/* Be a program that waits for its input, the socket, to be closed. */
static void exec_cat(int sock, int box)
{
	dup2(sock, 0);
	execlp("cat", "cat", NULL);
}

static void exec_with_descriptor(int sock, int box)
{
	fcntl(box, F_SETFD, 0);
	exec_cat(sock, box);
}

static void *exec_from_thread(void *arg)
{
	exec_cat(*(int *)arg, -1);
	return NULL;
}

static void exec_by_thread(int sock, int box)
{
	pthread_t thread;

	fcntl(box, F_SETFD, 0);
	pthread_create(&thread, NULL, exec_from_thread, &sock);
	pthread_join(thread, NULL);
}

/* The first line of a file about a process; empty if it cannot be read. */
static const char *proc_line(pid_t pid, const char *what)
{
	static char line[512];
	char path[64];
	FILE *file;

	line[0] = 0;
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	file = fopen(path, "r");
	if (file && !fgets(line, sizeof(line), file))
		line[0] = 0;
	if (file)
		fclose(file);
	return line;
}

/* Is it that program now, and does it wait? */
static bool is_cat(pid_t pid)
{
	return !strcmp(proc_line(pid, "comm"), "cat\n") &&
	       mt_is_blocked(pid, __NR_read);
}

TEST_F(table, stays_over_exec)
{
	OWNER(exec_with_descriptor);
	EXPECT_TRUE(MT_UNTIL(is_cat(self->owner.pid)));
	EXPECT_FALSE(ended(self->box));
	mt_child_end(&self->owner);
	EXPECT_TRUE(ended(self->box));
}

TEST_F(table, stays_over_exec_by_a_thread)
{
	OWNER(exec_by_thread);
	EXPECT_TRUE(MT_UNTIL(is_cat(self->owner.pid)));
	EXPECT_FALSE(ended(self->box));
	mt_child_end(&self->owner);
	EXPECT_TRUE(ended(self->box));
}

TEST_F(table, ends_by_exec)
{
	OWNER(exec_cat);
	EXPECT_TRUE(MT_UNTIL(is_cat(self->owner.pid)));
	EXPECT_TRUE(ended(self->box));
	mt_child_end(&self->owner);
}

/* ---- threads, and tables in common --------------------------------------- */

struct creation {
	int dev;
	const char *name;
	int box;
};

static void *create_in_thread(void *arg)
{
	struct creation *c = arg;

	c->box = create(c->dev, c->name);
	return NULL;
}

/* The process is what counts, not the thread that created it. */
TEST_F(table, stays_without_its_thread)
{
	struct creation c = { .dev = self->dev, .name = self->name };
	pthread_t thread;

	pthread_create(&thread, NULL, create_in_thread, &c);
	pthread_join(thread, NULL);
	self->box = mt_open(self->dev, self->name, MT_RW);
	ASSERT_LE(0, self->box);
	EXPECT_FALSE(ended(self->box));
	EXPECT_EQ(getpid(), mt_stat_of(self->box).owner_pid);
	close(c.box);
	EXPECT_FALSE(ended(self->box));
	close(self->box);
	EXPECT_EQ(-ENOENT, mt_open(self->dev, self->name, MT_RW));
}

static void *outlive_leader(void *arg)
{
	mt_hear(*(int *)arg);
	_exit(0);
}

static void exit_leader(int sock, int box)
{
	pthread_t thread;

	pthread_create(&thread, NULL, outlive_leader, &sock);
	syscall(__NR_exit, 0);
}

TEST_F(table, stays_with_its_last_thread)
{
	OWNER(exit_leader);
	EXPECT_TRUE(MT_UNTIL(strstr(proc_line(self->owner.pid, "stat"),
				    ") Z ")));
	EXPECT_FALSE(ended(self->box));
	EXPECT_EQ(self->owner.pid, mt_stat_of(self->box).owner_pid);
	mt_child_end(&self->owner);
	EXPECT_TRUE(ended(self->box));
}

/* Another process, which has the same descriptors. */
static void share_table(int sock, int box)
{
	if (syscall(__NR_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0))
		return;
	mt_hear(sock);
}

/* Nobody knows whose descriptor it is: the end comes with the table's. */
TEST_F(table, stays_with_its_table)
{
	OWNER(share_table);
	ASSERT_EQ(self->owner.pid, waitpid(self->owner.pid, NULL, 0));
	EXPECT_FALSE(ended(self->box));
	ASSERT_EQ(0, put(self->box, 7));
	close(self->owner.sock);
	EXPECT_TRUE(MT_UNTIL(ended(self->box)));
	EXPECT_EQ(7, take(self->box));
	EXPECT_EQ(-EPIPE, take(self->box));
}

/* Nor does a thread that has a table of its own keep it, or end it. */
static void *have_own_table(void *arg)
{
	int *pair = arg;

	unshare(CLONE_FILES);
	mt_tell(pair[1], 1);
	mt_hear(pair[1]);
	return NULL;
}

TEST_F(table, is_not_of_another_thread)
{
	struct mbox_stat stat;
	pthread_t thread;
	int pair[2], box, i;

	for (i = 0; i < 2; i++) {
		box = create(self->dev, self->name);
		ASSERT_LE(0, box);
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
		pthread_create(&thread, NULL, have_own_table, pair);
		ASSERT_EQ(1, mt_hear(pair[0]));
		self->box = mt_open(self->dev, self->name, MBOX_O_WRITE);
		ASSERT_LE(0, self->box);
		if (i) {
			/* the thread has it still */
			close(self->box);
			close(box);
			EXPECT_EQ(-ENOENT, mt_open(self->dev, self->name, 0));
			mt_tell(pair[0], 1);
			pthread_join(thread, NULL);
		} else {
			mt_tell(pair[0], 1);
			pthread_join(thread, NULL);
			stat = mt_stat_of(self->box);
			EXPECT_EQ(MBOX_STATE_LINKED, stat.state);
			EXPECT_EQ(2, stat.endpoints);
			close(box);
			EXPECT_FALSE(ended(self->box));
			close(self->box);
			EXPECT_EQ(-ENOENT, mt_open(self->dev, self->name, 0));
		}
		close(pair[0]);
		close(pair[1]);
	}
}

TEST_HARNESS_MAIN
