// SPDX-License-Identifier: GPL-2.0
/*
 * serve: a command for each request.
 *
 * A request is held as long as its command runs. So if serve is killed, it is
 * given back, or, a call, its caller learns that nobody knows. Each job is a
 * thread with an endpoint of its own, which receives, runs the command, and
 * gives its reply with the next receive. An endpoint of its own: so POLLPRI
 * tells that it is this job's call that was cancelled.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mboxctl.h"

enum {
	OPT_COUNT	= 1 << 0,
	OPT_OWNER	= 1 << 1,
};

#define FIRST_BUFFER	4096
/* After a failed command a message is not for anybody before this is over. */
#define RETRY_DELAY	1000000000

/**
 * struct service - what all jobs have in common
 * @name: the mailbox, as on the command line
 * @argv: the command
 * @count: how many more requests may be received
 * @unlimited: any number of them
 */
struct service {
	const char *name;
	char **argv;
	atomic_llong count;
	bool unlimited;
};

/* What a command is told of its request, each as MBOX_NAME=NUMBER. */
#define REQUEST_VARS	10
#define VAR_SIZE	48

/**
 * struct job - a thread that serves
 * @service: what it does
 * @thread: the thread
 * @fd: its endpoint
 * @msg: the request
 * @buf: its data
 * @reply: what the command has written
 * @vars: for the environment of the command
 * @status: the exit status that it ends with
 */
struct job {
	struct service *service;
	pthread_t thread;
	int fd;
	struct mbox_recv msg;
	char *buf;
	char *reply;
	char vars[REQUEST_VARS][VAR_SIZE];
	int status;
};

/* The environment of a command: ours, and what is known of the request. */
static char **make_env(struct job *job)
{
	const struct mbox_recv *msg = &job->msg;
	const struct var {
		const char *name;
		long long value;
	} vars[REQUEST_VARS] = {
		{ "PID", msg->pid }, { "TID", msg->tid },
		{ "UID", msg->uid }, { "GID", msg->gid },
		{ "PRIORITY", msg->priority }, { "TYPE", msg->type },
		{ "SEQ", msg->seq }, { "DELIVERIES", msg->deliveries },
		{ "CALL", !!(msg->msg_flags & MBOX_MSG_CALL) },
		{ "REPLY_MAX", msg->reply_max },
	};
	size_t i, count = 0;
	char **env;

	while (environ[count])
		count++;
	env = calloc(REQUEST_VARS + count + 1, sizeof(*env));
	if (!env)
		return NULL;
	for (count = 0; count < REQUEST_VARS; count++) {
		snprintf(job->vars[count], sizeof(job->vars[count]),
			 "MBOX_%s=%lld", vars[count].name, vars[count].value);
		env[count] = job->vars[count];
	}
	/* A request that is served within another: its variables are not ours. */
	for (i = 0; environ[i]; i++)
		if (strncmp(environ[i], "MBOX_", 5))
			env[count++] = environ[i];
	return env;
}

static int grow_buffer(struct job *job, size_t size)
{
	free(job->buf);
	job->buf = malloc(size);
	job->msg.buf = (uintptr_t)job->buf;
	job->msg.buf_size = job->buf ? size : 0;
	return job->buf ? 0 : -ENOMEM;
}

static bool is_cancelled(void *data)
{
	const struct job *job = data;
	struct mbox_held held = { .token = job->msg.token };

	return !mbox_held(job->fd, &held) &&
	       held.state & MBOX_MSG_CANCELLED;
}

/* Gives the reply that is due, if any, and receives. */
static int next_request(struct job *job)
{
	int ret;

	for (;;) {
		ret = mbox_recvmsg(job->fd, &job->msg);
		/* Where the token is left, it is the reply that failed. */
		if (ret != -EMSGSIZE || job->msg.reply_token)
			break;
		ret = grow_buffer(job, job->msg.len);
		if (ret)
			break;
	}
	free(job->reply);
	job->reply = NULL;
	return ret < 0 ? ret : 0;
}

/* What the command has left is the reply, or is too large to be one. */
static void set_reply(struct job *job, const struct run *run, int status)
{
	struct mbox_recv *msg = &job->msg;

	msg->reply_token = msg->token;
	msg->reply_buf = (uintptr_t)run->output;
	msg->reply_len = run->output_len;
	msg->reply_status = status;
	if (run->output_len <= msg->reply_max)
		return;
	complain(job->service->name,
		 "the reply is larger than the %u bytes that process %d allows",
		 msg->reply_max, msg->pid);
	msg->reply_len = 0;
	msg->reply_status = -EMSGSIZE;
}

/* To be done again, after a while; nothing can go back to a broadcast. */
static int give_back(const struct job *job)
{
	int ret = mbox_nack(job->fd, job->msg.token, RETRY_DELAY);

	return ret == -EOPNOTSUPP ? mbox_ack(job->fd, job->msg.token) : ret;
}

/* Runs the command for the request, and says what is to become of that. */
static int serve_request(struct job *job)
{
	struct mbox_recv *msg = &job->msg;
	bool call = msg->msg_flags & MBOX_MSG_CALL;
	struct run run = {
		.argv = job->service->argv,
		.env = make_env(job),
		.input = job->buf,
		.input_len = msg->len,
		.give_up = job->fd,
		.unwanted = call ? is_cancelled : NULL,
		.data = job,
	};
	int status = -ENOMEM;

	/* One byte more than the caller allows tells that it is too much. */
	if (call) {
		run.output_size = (size_t)msg->reply_max + 1;
		run.output = malloc(run.output_size);
		job->reply = run.output;
	}
	if (run.env && (run.output || !call))
		status = run_command(&run);
	free(run.env);

	msg->reply_token = 0;
	msg->reply_buf = 0;
	msg->reply_len = 0;
	msg->reply_status = 0;
	if (status < 0) {
		/* It has not been done: another server may have more luck. */
		give_back(job);
		return status;
	}
	if (call)
		set_reply(job, &run, status);
	else if (status)
		return give_back(job);
	else
		return mbox_ack(job->fd, msg->token);
	return 0;
}

static bool may_receive(struct service *service)
{
	return service->unlimited || atomic_fetch_sub(&service->count, 1) > 0;
}

/* The last reply is not followed by a receive. */
static int last_reply(struct job *job)
{
	const struct mbox_recv *msg = &job->msg;
	int ret;

	if (!msg->reply_token)
		return 0;
	ret = mbox_reply(job->fd, msg->reply_token,
			 (const void *)(uintptr_t)msg->reply_buf,
			 msg->reply_len, msg->reply_status);
	return ret == -ECANCELED ? 0 : ret;
}

static void *work(void *data)
{
	struct job *job = data;
	int ret;

	job->msg.flags = MBOX_LEASE;
	ret = grow_buffer(job, FIRST_BUFFER);
	while (!ret && may_receive(job->service)) {
		ret = next_request(job);
		if (!ret)
			ret = serve_request(job);
	}
	if (!ret)
		ret = last_reply(job);
	/* There will be no more requests: that is how it should end. */
	job->status = ret && ret != -EPIPE ? fail(job->service->name, ret) :
					     STATUS_OK;
	free(job->buf);
	free(job->reply);
	close(job->fd);
	return NULL;
}

/* Opens an endpoint for each job first: nothing is served if one fails. */
static int open_jobs(struct job *jobs, __u32 count, struct service *service,
		     const __u32 *owner)
{
	__u32 i;

	for (i = 0; i < count; i++) {
		jobs[i].service = service;
		jobs[i].fd = open_mailbox(service->name, MBOX_O_READ, owner);
		if (jobs[i].fd < 0)
			return -jobs[i].fd;
	}
	return STATUS_OK;
}

static int run_jobs(struct job *jobs, __u32 count)
{
	int status = STATUS_OK;
	__u32 i, started;
	int ret = 0;

	for (started = 1; started < count && !ret; started++)
		ret = pthread_create(&jobs[started].thread, NULL, work,
				     &jobs[started]);
	if (ret) {
		/* With those that there are. */
		started--;
		status = fail(jobs[0].service->name, -ret);
	}
	work(&jobs[0]);
	for (i = 1; i < started; i++)
		pthread_join(jobs[i].thread, NULL);
	for (i = 0; i < started; i++)
		if (!status)
			status = jobs[i].status;
	return status;
}

int cmd_serve(int argc, char **argv)
{
	struct service service = { .unlimited = true };
	__u32 owner = 0, nr_jobs = 1;
	unsigned int flags = 0;
	__u64 count = 0;
	const struct opt opts[] = {
		VALUE_OPT('c', "count", "N", "serve so many requests (default: all)",
			  OPT_COUNT, opt_count64, &count),
		VALUE_OPT('j', "jobs", "N", "so many at a time (default: 1)",
			  0, opt_count, &nr_jobs),
		VALUE_OPT('e', "expect-owner", "USER", "only if USER owns the mailbox",
			  OPT_OWNER, opt_user, &owner),
		{ }
	};
	int first = parse_options(argc, argv, opts, &flags, 2, -1);
	struct job *jobs;
	int status;

	if (nr_jobs > 1024)
		usage_error("--jobs is at most 1024");
	if (flags & OPT_COUNT) {
		service.unlimited = false;
		atomic_store(&service.count, count < INT64_MAX ? count : INT64_MAX);
	}
	service.name = argv[first];
	service.argv = argv + first + 1;
	jobs = calloc(nr_jobs, sizeof(*jobs));
	if (!jobs)
		return fail(service.name, -ENOMEM);
	status = open_jobs(jobs, nr_jobs, &service,
			   flags & OPT_OWNER ? &owner : NULL);
	if (!status)
		status = run_jobs(jobs, nr_jobs);
	free(jobs);
	return status;
}
