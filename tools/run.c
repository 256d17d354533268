// SPDX-License-Identifier: GPL-2.0
/* The command that serves a request: its input, its output, and its end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mboxctl.h"

/* As shells tell that a command is not there, or cannot be run. */
#define STATUS_NOT_FOUND	127
#define STATUS_NOT_RUN		126
#define STATUS_SIGNAL		128

/**
 * struct child - a command that runs
 * @run: what it is
 * @pid: its process
 * @in: our end of its standard input; -1 once it has all
 * @out: our end of its standard output; -1 once there is no more
 * @written: how much of its input it has
 */
struct child {
	struct run *run;
	pid_t pid;
	int in;
	int out;
	size_t written;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* SIGPIPE is ignored by us; the command shall have it as usual. */
static int set_attributes(posix_spawnattr_t *attr)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	return posix_spawnattr_init(attr) ?:
	       posix_spawnattr_setsigdefault(attr, &set) ?:
	       posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF);
}

static int spawn(struct child *child, int in, int out)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	char **argv = child->run->argv;
	int ret;

	ret = set_attributes(&attr) ?: posix_spawn_file_actions_init(&actions);
	if (ret)
		return -ret;
	ret = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (!ret && out >= 0)
		ret = posix_spawn_file_actions_adddup2(&actions, out,
						       STDOUT_FILENO);
	if (!ret)
		ret = posix_spawnp(&child->pid, argv[0], &actions, &attr, argv,
				   child->run->env);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return -ret;
}

/* Pipes of which our ends do not block; the other ends are the command's. */
static int start(struct child *child)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	int ret = 0;

	if (pipe2(in, O_CLOEXEC) || fcntl(in[1], F_SETFL, O_NONBLOCK))
		ret = -errno;
	if (!ret && child->run->output &&
	    (pipe2(out, O_CLOEXEC) || fcntl(out[0], F_SETFL, O_NONBLOCK)))
		ret = -errno;
	if (!ret)
		ret = spawn(child, in[0], out[1]);
	close_fd(&in[0]);
	close_fd(&out[1]);
	child->in = in[1];
	child->out = out[0];
	if (ret) {
		close_fd(&child->in);
		close_fd(&child->out);
	}
	return ret;
}

static void write_input(struct child *child)
{
	struct run *run = child->run;
	ssize_t done = 0;

	if (child->written < run->input_len)
		done = write(child->in, run->input + child->written,
			     run->input_len - child->written);
	if (done > 0)
		child->written += done;
	/* A command need not read what it does not want to know. */
	if ((done < 0 && errno != EAGAIN) || child->written == run->input_len)
		close_fd(&child->in);
}

static void read_output(struct child *child)
{
	struct run *run = child->run;
	ssize_t done;

	done = read(child->out, run->output + run->output_len,
		    run->output_size - run->output_len);
	if (done > 0)
		run->output_len += done;
	if (done == 0 || (done < 0 && errno != EAGAIN) ||
	    run->output_len == run->output_size)
		close_fd(&child->out);
}

/* Feeds the command and takes its output, until there is no more of either. */
static void talk(struct child *child)
{
	struct run *run = child->run;
	bool may_end = run->unwanted;

	while (child->in >= 0 || child->out >= 0) {
		struct pollfd fds[] = {
			{ .fd = child->in, .events = POLLOUT },
			{ .fd = child->out, .events = POLLIN },
			{ .fd = may_end ? run->give_up : -1, .events = POLLPRI },
		};

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
			continue;
		if (fds[2].revents & POLLPRI && run->unwanted(run->data)) {
			kill(child->pid, SIGTERM);
			break;
		}
		/* It has ended: that says nothing about this request. */
		if (fds[2].revents && !(fds[2].revents & POLLPRI))
			may_end = false;
		if (fds[0].revents)
			write_input(child);
		if (fds[1].revents)
			read_output(child);
	}
	close_fd(&child->in);
	close_fd(&child->out);
}

static int wait_for_end(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

int run_command(struct run *run)
{
	struct child child = { .run = run };
	int ret = start(&child);

	switch (ret) {
	case 0:
		talk(&child);
		return wait_for_end(child.pid);
	case -EAGAIN:
	case -ENOMEM:
	case -EMFILE:
	case -ENFILE:
		return ret;
	case -ENOENT:
		complain(run->argv[0], "command not found");
		return STATUS_NOT_FOUND;
	default:
		complain(run->argv[0], "%s", strerror(-ret));
		return STATUS_NOT_RUN;
	}
}
