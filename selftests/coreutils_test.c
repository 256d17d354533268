// SPDX-License-Identifier: GPL-2.0
/*
 * A mailbox as standard input or output of programs that know nothing of it:
 * cat, tee, dd, head and the shell.
 */
#include <sys/wait.h>

#include "mbox_test_io.h"

/* The two ends of a mailbox for four messages. */
FIXTURE(coreutils) {
	int dev;
	int in;
	int out;
	int pipe[2];
};

FIXTURE_SETUP(coreutils)
{
	int box;

	self->dev = mt_device();
	ASSERT_LE(0, self->dev);
	box = mt_sized(self->dev, NULL, 4, 4096, 0);
	ASSERT_LE(0, box);
	self->in = mt_open_fd(self->dev, box, MBOX_O_READ);
	self->out = mt_open_fd(self->dev, box, MBOX_O_WRITE);
	ASSERT_LE(0, self->in);
	ASSERT_LE(0, self->out);
	close(box);
	ASSERT_EQ(0, pipe2(self->pipe, O_CLOEXEC));
}

FIXTURE_TEARDOWN(coreutils)
{
	MT_TEARDOWN(self->dev);
}

/* Start a program with its standard input and output as given. */
static pid_t start(int in, int out, char * const argv[])
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
	execvp(argv[0], argv);
	_exit(127);
}

#define START(in, out, ...) \
	start(in, out, (char * const []){ __VA_ARGS__, NULL })

/* Wait for its end: its exit status. */
static int status_of(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* Is this all that there is to be read, up to the end of the file? */
static bool all_is(int fd, const char *text)
{
	char data[256] = "";
	size_t len = 0;
	int ret;

	do {
		ret = mt_read(fd, data + len, sizeof(data) - len);
		len += ret;
	} while (ret > 0 && len < sizeof(data));
	return !ret && len == strlen(text) && !memcmp(data, text, len);
}

static bool fill(int out)
{
	return mt_write_text(out, "one\n") == 4 &&
	       mt_write_text(out, "two\n") == 4 &&
	       mt_write_text(out, "three\n") == 6;
}

TEST_F(coreutils, cat_reads_up_to_the_end)
{
	pid_t pid;

	ASSERT_TRUE(fill(self->out));
	pid = START(self->in, self->pipe[1], "cat");
	close(self->pipe[1]);
	close(self->out);
	EXPECT_TRUE(all_is(self->pipe[0], "one\ntwo\nthree\n"));
	EXPECT_EQ(0, status_of(pid));
	EXPECT_EQ(3, mt_stat_of(self->in).received);
}

TEST_F(coreutils, cat_waits_for_messages)
{
	pid_t pid = START(self->in, self->pipe[1], "cat");

	close(self->pipe[1]);
	ASSERT_TRUE(MT_UNTIL(mt_stat_of(self->in).waiting_receivers));
	ASSERT_EQ(4, mt_write(self->out, "one\n", 4));
	EXPECT_TRUE(mt_reads(self->pipe[0], "one\n"));
	ASSERT_TRUE(MT_UNTIL(mt_stat_of(self->in).waiting_receivers));
	ASSERT_EQ(0, mt_send(self->out, "two\n", 4, 9, 0));
	EXPECT_TRUE(mt_reads(self->pipe[0], "two\n"));
	close(self->out);
	EXPECT_TRUE(all_is(self->pipe[0], ""));
	EXPECT_EQ(0, status_of(pid));
}

TEST_F(coreutils, cat_sends_what_it_reads)
{
	pid_t pid = START(self->pipe[0], self->out, "cat");

	ASSERT_EQ(6, mt_write(self->pipe[1], "hello\n", 6));
	EXPECT_TRUE(mt_reads(self->in, "hello\n"));
	ASSERT_EQ(4, mt_write(self->pipe[1], "you\n", 4));
	close(self->pipe[1]);
	EXPECT_TRUE(mt_reads(self->in, "you\n"));
	EXPECT_EQ(0, status_of(pid));
	EXPECT_EQ(2, mt_stat_of(self->in).sent);
}

/* From one mailbox to another, messages stay apart. */
TEST_F(coreutils, cat_between_mailboxes)
{
	int to = mt_mailbox(self->dev, NULL, MT_RW);

	ASSERT_TRUE(fill(self->out));
	close(self->out);
	EXPECT_EQ(0, status_of(START(self->in, to, "cat")));
	EXPECT_TRUE(mt_reads(to, "one\n"));
	EXPECT_TRUE(mt_reads(to, "two\n"));
	EXPECT_TRUE(mt_reads(to, "three\n"));
	EXPECT_EQ(3, mt_stat_of(to).sent);
}

TEST_F(coreutils, tee_copies)
{
	char file[] = "/tmp/mbox-tee-XXXXXX";
	int fd = mkostemp(file, O_CLOEXEC);
	int to = mt_mailbox(self->dev, NULL, MT_RW);
	int from = mt_open_fd(self->dev, to, MBOX_O_READ);
	pid_t pid;

	ASSERT_LE(0, fd);
	ASSERT_TRUE(fill(self->out));
	close(self->out);
	pid = START(self->in, to, "tee", file);
	close(to);
	EXPECT_TRUE(all_is(from, "one\ntwo\nthree\n"));
	EXPECT_EQ(0, status_of(pid));
	EXPECT_TRUE(all_is(fd, "one\ntwo\nthree\n"));
	unlink(file);
}

TEST_F(coreutils, dd_takes_so_many_messages)
{
	ASSERT_TRUE(fill(self->out));
	EXPECT_EQ(0, status_of(START(self->in, self->pipe[1], "dd", "bs=64",
				     "count=2")));
	EXPECT_TRUE(mt_reads(self->pipe[0], "one\ntwo\n"));
	EXPECT_TRUE(mt_reads(self->in, "three\n"));
}

TEST_F(coreutils, dd_sends_block_by_block)
{
	ASSERT_EQ(10, mt_write(self->pipe[1], "0123456789", 10));
	close(self->pipe[1]);
	EXPECT_EQ(0, status_of(START(self->pipe[0], self->out, "dd", "bs=4")));
	EXPECT_TRUE(mt_reads(self->in, "0123"));
	EXPECT_TRUE(mt_reads(self->in, "4567"));
	EXPECT_TRUE(mt_reads(self->in, "89"));
	EXPECT_EQ(3, mt_stat_of(self->in).sent);
}

/* Its blocks are too small for the message, and it says so. */
TEST_F(coreutils, dd_of_small_blocks_loses_nothing)
{
	ASSERT_EQ(10, mt_write(self->out, "0123456789", 10));
	EXPECT_EQ(1, status_of(START(self->in, self->pipe[1], "dd", "bs=4")));
	EXPECT_EQ(0, mt_stat_of(self->in).received);
	EXPECT_TRUE(mt_reads(self->in, "0123456789"));
}

/* More than fits: it goes on as there is room. */
TEST_F(coreutils, dd_waits_for_room)
{
	char data[128];
	pid_t pid;
	int i;

	pid = START(STDIN_FILENO, self->out, "dd", "if=/dev/zero", "bs=100",
		    "count=50");
	close(self->out);
	ASSERT_TRUE(MT_UNTIL(mt_stat_of(self->in).waiting_senders));
	for (i = 0; i < 50; i++)
		ASSERT_EQ(100, mt_read(self->in, data, sizeof(data)));
	EXPECT_EQ(0, mt_read(self->in, data, sizeof(data)));
	EXPECT_EQ(0, status_of(pid));
}

TEST_F(coreutils, head_of_a_message)
{
	ASSERT_EQ(10, mt_write(self->out, "0123456789", 10));
	EXPECT_EQ(0, status_of(START(self->in, self->pipe[1], "head", "-c",
				     "3")));
	EXPECT_TRUE(mt_reads(self->pipe[0], "012"));
}

TEST_F(coreutils, echo_is_a_message)
{
	EXPECT_EQ(0, status_of(START(STDIN_FILENO, self->out, "sh", "-c",
				     "echo one; echo two; printf three")));
	EXPECT_TRUE(mt_reads(self->in, "one\n"));
	EXPECT_TRUE(mt_reads(self->in, "two\n"));
	EXPECT_TRUE(mt_reads(self->in, "three"));
}

/* A writer learns that nobody reads, by an error and not by a signal. */
TEST_F(coreutils, nobody_reads)
{
	close(self->in);
	ASSERT_EQ(1, mt_write(self->pipe[1], "x", 1));
	close(self->pipe[1]);
	EXPECT_EQ(1, status_of(START(self->pipe[0], self->out, "cat")));
}

TEST_HARNESS_MAIN
