/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libmbox: the commands of /dev/mbox as functions.
 *
 * <linux/mbox.h> is the reference of the structs, flags and errors; mbox(7)
 * explains the concepts. What is said here holds for all functions:
 *
 * - The result is the return value: 0 or more on success, a negative error
 *   number (-EAGAIN) on failure. errno carries no result; it may have changed.
 * - Descriptors are plain file descriptors. The caller owns each one returned
 *   and closes it with close(2). They are close-on-exec unless MBOX_O_INHERIT
 *   says otherwise, can be polled, inherited, duplicated and passed over a Unix
 *   socket.
 * - The library keeps no state and starts no threads. Every function may be
 *   called from any thread, and all but mbox_serve() from a signal handler.
 * - Memory stays the caller's, and nothing is kept of it after the return.
 * - Structs are to be zeroed by the caller before what is wanted is set. The
 *   library fills in @size and what the other arguments say. What the kernel
 *   writes is left in them, on failure too.
 * - Sizes are in bytes, times in nanoseconds.
 * - Only mbox_send(), mbox_sendmsg(), mbox_send_many(), mbox_send_batch(),
 *   mbox_recv(), mbox_recvmsg(), mbox_peek(), mbox_recv_many(),
 *   mbox_recv_batch(), mbox_call(), mbox_callmsg() and mbox_serve() wait. A
 *   signal ends the wait with -EINTR, unless its handler was installed with
 *   SA_RESTART; then they go on waiting, to the same deadline. mbox_call() goes
 *   on in both cases.
 * - Beside the errors that are named, any function that takes a descriptor
 *   fails with -EBADF where it is none and with -ENOTTY where it is not of the
 *   device or object that the function is for; with -EINVAL and -EOPNOTSUPP for
 *   fields and flags that are wrong or unknown to the kernel; with -EFAULT for
 *   a bad pointer; with -ENOMEM where the kernel is out of memory.
 */
#ifndef MBOX_H
#define MBOX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/mbox.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * mbox_device() - open /dev/mbox
 *
 * The descriptor makes, opens, lists and unlinks objects in the network
 * namespace in which it was opened. Objects do not need it: it may be closed
 * as soon as they are open.
 *
 * Return: a descriptor, close-on-exec, which the caller closes. -ENOENT or
 * -ENODEV where the module is not loaded, otherwise as open(2).
 *
 * Since: 0.1
 */
int mbox_device(void);

/**
 * mbox_create() - create a mailbox, or open the one of that name
 * @dev: descriptor of /dev/mbox
 * @name: name, 1 to MBOX_NAME_MAX bytes, no '/'; NULL for none
 * @flags: MBOX_O_* for the access wanted, MBOX_CREATE_* for what must hold
 * @attr: attributes, all defaults where NULL. @size, @flags, @kind, @name and
 *	@name_len are filled in; @refusal tells the limit after -EDQUOT, -ENOSPC.
 *	With MBOX_CREATE_DEAD_LETTER, @dead_letter is a mailbox open for writing.
 *	@when_full, @turns and @receivers say how the mailbox delivers.
 *
 * Without MBOX_CREATE_EXCL an existing mailbox is opened as it is (POSIX:
 * mq_open() with O_CREAT). @mode has its effect with MBOX_CREATE_MODE, and no
 * umask (System V: msgget()). A named mailbox stays until it is unlinked
 * unless @lifetime says otherwise (ours). MBOX_CREATE_RENDEZVOUS gives it no
 * capacity, MBOX_CREATE_UNBOUNDED no other than the limits of its users.
 *
 * Return: a descriptor of the mailbox, which the caller closes. -EEXIST where
 * the name is taken: with MBOX_CREATE_EXCL, or by a region. -EACCES where it
 * exists and its mode or MBOX_CREATE_OWNER forbids. -EPIPE where it exists and
 * has ended, -EBUSY where it is a link that has both its ends. -EINVAL, or
 * -EOPNOTSUPP where it may come to be served, for policies that do not go
 * together. -ENAMETOOLONG, -EMFILE, -ENFILE; -EDQUOT and
 * -ENOSPC at a limit.
 *
 * Since: 0.1
 */
int mbox_create(int dev, const char *name, unsigned int flags,
		struct mbox_create *attr);

/**
 * mbox_inbox() - create the inbox of the calling process
 * @dev: descriptor of /dev/mbox
 * @flags: as for mbox_create(), MBOX_O_READ to receive; MBOX_CREATE_INBOX is
 *	added
 * @attr: as for mbox_create(); a @mode that lets others send, 0622 for all of
 *	them, takes MBOX_CREATE_MODE
 *
 * A mailbox without a name, which others open by the process id, with
 * mbox_open_pid(). It ends with the process, or with the last descriptor that
 * the process has of it (ours).
 *
 * Return: a descriptor, which the caller closes. -EEXIST where the process has
 * an inbox already. Otherwise as mbox_create().
 *
 * Since: 0.1
 */
int mbox_inbox(int dev, unsigned int flags, struct mbox_create *attr);

/**
 * mbox_region_create() - create a region, or open the one of that name
 * @dev: descriptor of /dev/mbox
 * @name: name as for mbox_create(), of which a region may not share one
 * @flags: MBOX_O_*, MBOX_CREATE_*
 * @size: size in bytes, not 0, rounded up to whole pages. An existing region
 *	keeps its own: ask mbox_region_map() or mbox_stat().
 * @attr: attributes, all defaults where NULL. As for mbox_create(); also
 *	@region_size is filled in.
 *
 * The memory is zeroed and never changes its size, so that no access
 * within it ends in SIGBUS (ours; shm_open() with ftruncate() can).
 *
 * Return: a descriptor of the region, to be mapped with mbox_region_map() or
 * mmap(2), which the caller closes; a mapping outlives it. Errors as
 * mbox_create(), -EEXIST also where the name is a mailbox's.
 *
 * Since: 0.1
 */
int mbox_region_create(int dev, const char *name, unsigned int flags,
		       size_t size, struct mbox_create *attr);

/**
 * mbox_open() - open a mailbox or a region by its name
 * @dev: descriptor of /dev/mbox
 * @name: the name
 * @flags: MBOX_O_*; with neither MBOX_O_READ nor MBOX_O_WRITE the descriptor
 *	is for mbox_stat() and mbox_set(): the owner gets it whatever the mode,
 *	others if they have any permission
 *
 * Return: a descriptor, which the caller closes. -ENOENT, -EACCES,
 * -ENAMETOOLONG, -EMFILE, -ENFILE; -EPIPE where the object has ended, -EBUSY
 * where it is a link that has both its ends.
 *
 * Since: 0.1
 */
int mbox_open(int dev, const char *name, unsigned int flags);

/**
 * mbox_open_id() - open a mailbox or a region by its id
 * @dev: descriptor of /dev/mbox
 * @id: the id, as from mbox_stat() or mbox_list()
 * @flags: as for mbox_open()
 *
 * An id is not used again as long as the module is loaded (ours; System V
 * reuses them).
 *
 * Return: as mbox_open().
 *
 * Since: 0.1
 */
int mbox_open_id(int dev, uint64_t id, unsigned int flags);

/**
 * mbox_open_fd() - open an object once more, by a descriptor of it
 * @dev: descriptor of /dev/mbox
 * @fd: descriptor of the object; stays open, and stays the caller's
 * @flags: as for mbox_open(), with no more access than @fd has
 *
 * The new descriptor is an endpoint of its own, with its own direction and
 * O_NONBLOCK, which dup(2) would share. So an anonymous mailbox gets an end
 * that can only send (ours).
 *
 * Return: a descriptor, which the caller closes. -EACCES for more access than
 * @fd has, -EBADF where @fd is not of an object, -EPIPE and -EBUSY as
 * mbox_open(), -EMFILE, -ENFILE.
 *
 * Since: 0.1
 */
int mbox_open_fd(int dev, int fd, unsigned int flags);

/**
 * mbox_open_pid() - open the inbox of a process
 * @dev: descriptor of /dev/mbox
 * @pid: its process id, in the caller's pid namespace
 * @flags: as for mbox_open()
 *
 * What is sent through the descriptor reaches that process or nobody: once it
 * has ended, sending is -EPIPE, whoever has its process id then. That it was the
 * right process when it was opened, mbox_sender_lives() can tell (ours).
 *
 * Return: as mbox_open(); -ENOENT where there is no such process, or it has no
 * inbox.
 *
 * Since: 0.1
 */
int mbox_open_pid(int dev, pid_t pid, unsigned int flags);

/**
 * mbox_open_target() - open an object, in full
 * @dev: descriptor of /dev/mbox
 * @target: which object, of which kind and owner
 * @flags: as for mbox_open()
 *
 * Return: as mbox_open() and mbox_open_fd(); -EACCES where another than the
 * expected user owns the object, -EINVAL where it is of another kind.
 *
 * Since: 0.1
 */
int mbox_open_target(int dev, const struct mbox_target *target,
		     unsigned int flags);

/**
 * mbox_unlink() - take the name and id of an object away
 * @dev: descriptor of /dev/mbox
 * @name: the name
 *
 * The name is free at once; the object lives on for those who have it open or
 * mapped (POSIX: mq_unlink(), shm_unlink(); System V's IPC_RMID ends a queue
 * under its users).
 *
 * Return: 0. -ENOENT, -ENAMETOOLONG; -EACCES unless the caller owns the object
 * or has CAP_IPC_OWNER.
 *
 * Since: 0.1
 */
int mbox_unlink(int dev, const char *name);

/**
 * mbox_unlink_target() - unlink an object, in full
 * @dev: descriptor of /dev/mbox
 * @target: which object: by name, by id, or by a descriptor of it
 *
 * Return: as mbox_unlink(); -ENOENT also for an object that has neither name
 * nor id.
 *
 * Since: 0.1
 */
int mbox_unlink_target(int dev, const struct mbox_target *target);

/**
 * mbox_list() - tell of the next object of the namespace
 * @dev: descriptor of /dev/mbox
 * @stat: on entry, @id is the last one told, 0 to start; nothing else needs to
 *	be set. On success, the object of the lowest id above it.
 *
 * Objects that come or go during a walk may or may not be told, all others
 * are, once. Needs no permission.
 *
 * Return: 0, or -ENOENT after the last one; @id then is what it was.
 *
 * Since: 0.1
 */
int mbox_list(int dev, struct mbox_stat *stat);

/**
 * mbox_usage() - tell what a user takes of the limits
 * @dev: descriptor of /dev/mbox
 * @uid: the user, in the caller's user namespace
 * @usage: filled in; nothing needs to be set
 *
 * Return: 0. -EACCES for other users, without CAP_IPC_OWNER; -EINVAL for an id
 * that has no mapping.
 *
 * Since: 0.1
 */
int mbox_usage(int dev, uid_t uid, struct mbox_usage *usage);

/**
 * mbox_stat() - tell what an object is and how it is doing
 * @fd: any descriptor of a mailbox or a region
 * @stat: filled in; nothing needs to be set
 *
 * Return: 0.
 *
 * Since: 0.1
 */
int mbox_stat(int fd, struct mbox_stat *stat);

/**
 * mbox_set() - change owner, mode or capacity
 * @fd: any descriptor of a mailbox or a region
 * @set: @flags names what to change, and the fields named have the new values
 *
 * All is changed, or nothing (System V: msgctl() with IPC_SET). Descriptors
 * that are open keep their access.
 *
 * Return: 0. -EACCES unless the caller owns the object or has CAP_IPC_OWNER; to
 * change the owner, or the group to one that the caller is not in, takes
 * CAP_CHOWN as well. -EINVAL for the capacity of a mailbox that has none.
 *
 * Since: 0.1
 */
int mbox_set(int fd, struct mbox_set *set);

/**
 * mbox_send() - send a message
 * @fd: mailbox, open with MBOX_O_WRITE
 * @buf: data, copied before the function returns
 * @len: its length in bytes; 0 is a message too
 * @priority: 0 to MBOX_PRIORITY_MAX; higher ones are received first (POSIX)
 *
 * Waits for ever while the mailbox is full, or while the user has his share of
 * it, unless the descriptor has O_NONBLOCK or the mailbox does otherwise when
 * full (enum mbox_when_full). Limits of users fail at once.
 *
 * Return: 0 once the message is in the mailbox or with a receiver; of a
 * rendezvous, with a receiver. -EAGAIN where it would have to wait, or where the
 * mailbox refuses when full; -EINTR on a signal: nothing was sent. -EMSGSIZE
 * for a length that the mailbox does not take, -EDQUOT at a limit of the user,
 * -EBADF without MBOX_O_WRITE. -EPIPE where nobody can ever receive it; never
 * a SIGPIPE.
 *
 * Since: 0.1
 */
int mbox_send(int fd, const void *buf, size_t len, unsigned int priority);

/**
 * mbox_sendmsg() - send a message, in full
 * @fd: mailbox, open with MBOX_O_WRITE
 * @msg: the message: as mbox_send(), and a type (System V), a deadline, and
 *	whether to wait at all. After -EAGAIN, -ETIMEDOUT and -EDQUOT @refusal
 *	tells what there was no room in, and who takes most of it.
 *
 * @deadline is absolute, on CLOCK_MONOTONIC or, with MBOX_REALTIME (POSIX:
 * mq_timedsend()), on CLOCK_REALTIME; 0 waits for ever. mbox_deadline() makes
 * one. One that is past still sends where there is room.
 *
 * With @iov_nr the data is gathered from the struct mbox_iov that @buf points to
 * (sendmsg(2)). With @ttl the message is dropped unless it is received within
 * that time (ours).
 *
 * @fds sends descriptors along (Unix sockets: SCM_RIGHTS). With MBOX_ASYNC the
 * message is a call whose reply comes as a message to the mailbox @reply_fd,
 * with @cookie to know it by (ours).
 *
 * Return: as mbox_send(); -ETIMEDOUT where the deadline passed; for @fds -EINVAL
 * where one may not be sent, -EBADF where one is none.
 *
 * Since: 0.1
 */
int mbox_sendmsg(int fd, struct mbox_send *msg);

/**
 * mbox_send_many() - send some messages at once
 * @fd: mailbox, open with MBOX_O_WRITE
 * @items: the messages; their data is copied before the function returns
 * @nr: how many, 1 to MBOX_BATCH_MAX
 *
 * One system call for as many sends, in that order, up to the first that fails.
 * Waits for the first message, as mbox_send() does; the others go as far as they
 * go without waiting (ours; much as sendmmsg()).
 *
 * Return: how many were sent: less than @nr where the next one has failed, which
 * to send it again will tell why. Where the first one fails, as mbox_sendmsg();
 * -EINVAL for another @nr.
 *
 * Since: 0.1
 */
int mbox_send_many(int fd, const struct mbox_send_item *items, unsigned int nr);

/**
 * mbox_send_batch() - send some messages at once, in full
 * @fd: mailbox, open with MBOX_O_WRITE
 * @batch: as mbox_send_many(), and a deadline for the first message and whether
 *	to wait at all. Then @error is the error number, not negative, of the one
 *	that was not sent, or 0, and @refusal tells more of it.
 *
 * Return: as mbox_send_many(); -ETIMEDOUT where the deadline passed.
 *
 * Since: 0.1
 */
int mbox_send_batch(int fd, struct mbox_send_batch *batch);

/**
 * mbox_recv() - receive a message
 * @fd: mailbox, open with MBOX_O_READ
 * @buf: where the data goes
 * @size: how many bytes fit there
 * @priority: where its priority goes; may be NULL
 *
 * Receives the message of the highest priority, the oldest of these (POSIX), of
 * those that the endpoint's filter lets through (mbox_filter()). Waits for ever
 * while there is none, unless the descriptor has O_NONBLOCK. A
 * failure loses nothing: the message stays at its place (ours). A call is
 * answered at once, without data and with status 0: use mbox_recvmsg() or
 * mbox_serve() to answer it otherwise.
 *
 * Return: the length of the message, which may be 0. -EAGAIN where it would
 * have to wait, -EINTR on a signal; -EMSGSIZE where the message is larger than
 * @size (any size that holds the message will do, unlike mq_receive();
 * mbox_recvmsg() tells the size needed); -EBADF without MBOX_O_READ; -EBUSY
 * where another receives, of an exclusive mailbox. -EPIPE where no message can
 * ever come.
 *
 * Since: 0.1
 */
ssize_t mbox_recv(int fd, void *buf, size_t size, unsigned int *priority);

/**
 * mbox_recvmsg() - receive a message, in full
 * @fd: mailbox, open with MBOX_O_READ
 * @msg: where the data goes, a deadline and whether to wait at all; then the
 *	message's length, priority, type, number and time, and who sent it: the
 *	ids are the kernel's word, in the receiver's namespaces (ours). After
 *	-EMSGSIZE, @len is the size needed.
 *
 * With MBOX_LEASE, and for every call, the message stays held and has a @token:
 * it is for the caller to end that with mbox_ack(), mbox_nack() or mbox_reply(),
 * or with the @reply_token of a further receive, which replies first. If the
 * process ends before, the message comes back (ours).
 *
 * @match receives by type (System V: msgrcv()), sender or priority, and then the
 * filter of the endpoint is not looked at. MBOX_PEEK leaves the message where it
 * is. MBOX_TRUNCATE cuts one that does not fit (Unix sockets; System V:
 * MSG_NOERROR) rather than -EMSGSIZE. With @iov_nr the data is scattered to the
 * struct mbox_iov that @buf points to (recvmsg(2)). @missed tells how many
 * messages were lost to the endpoint before this one (ours).
 *
 * Return: the length of the message, also in @len; after MBOX_TRUNCATE it may be
 * more than was written. Errors as mbox_recv(); -ETIMEDOUT where the deadline
 * passed, -EDQUOT where the endpoint holds as many messages as it may, -ESRCH
 * where @match names no process, -EOPNOTSUPP for a @match of a broadcast; with
 * @reply_token also those of mbox_reply(), and where @reply_token is not 0 then,
 * the reply was not given.
 *
 * Since: 0.1
 */
ssize_t mbox_recvmsg(int fd, struct mbox_recv *msg);

/**
 * mbox_peek() - look at the next message
 * @fd: mailbox, open with MBOX_O_READ
 * @buf: where the data goes
 * @size: how many bytes fit there
 * @priority: where its priority goes; may be NULL
 *
 * As mbox_recv(), waiting too, but the message stays where it is, a call
 * unanswered, for whoever receives next (Unix sockets: MSG_PEEK). So with several
 * receivers it may be gone when it is asked for.
 *
 * Return: as mbox_recv().
 *
 * Since: 0.1
 */
ssize_t mbox_peek(int fd, void *buf, size_t size, unsigned int *priority);

/**
 * mbox_recv_many() - receive some messages at once
 * @fd: mailbox, open with MBOX_O_READ
 * @items: each with the @buf and @buf_size where a message goes; the rest is
 *	written, of those received
 * @nr: how many, 1 to MBOX_BATCH_MAX
 *
 * One system call for as many receives, up to the first that fails. Waits for
 * the first message, as mbox_recv() does; the others are those that are there
 * (ours; much as recvmmsg() with MSG_WAITFORONE). Descriptors that come along
 * are closed. As with mbox_recv(), nothing stays held: calls are answered at
 * once, without data and with status 0, and no item has a @token. Who answers
 * calls uses mbox_recv_batch().
 *
 * Return: how many were received, 1 or more. Where the first one fails, as
 * mbox_recv(); after -EMSGSIZE, its @len is the size needed. -EINVAL for another
 * @nr.
 *
 * Since: 0.1
 */
int mbox_recv_many(int fd, struct mbox_recv_item *items, unsigned int nr);

/**
 * mbox_recv_batch() - receive some messages at once, in full
 * @fd: mailbox, open with MBOX_O_READ
 * @batch: as mbox_recv_many(), and a deadline for the first message, whether to
 *	wait at all, MBOX_LEASE, MBOX_TRUNCATE and a match. Then @error is the
 *	error number, not negative, of the receive that ended it, EAGAIN where
 *	there were no more, or 0.
 *
 * What is held (with MBOX_LEASE everything, and every call) has a @token in its
 * item, and is for the caller to end, one by one, as after mbox_recvmsg().
 *
 * Return: as mbox_recv_many(); otherwise as mbox_recvmsg().
 *
 * Since: 0.1
 */
int mbox_recv_batch(int fd, struct mbox_recv_batch *batch);

/**
 * mbox_filter() - have an endpoint see some messages only
 * @fd: mailbox, open with MBOX_O_READ
 * @match: which; NULL, or one that names nothing, for all
 *
 * It holds from now on for all that goes through the endpoint and its
 * duplicates: for receives that have no match of their own, mbox_serve(), read(2),
 * poll(2) and signals. So a thread that waits for one type sleeps through the
 * others, which stay for other endpoints (ours). Of a broadcast, what the filter
 * does not let through is not received through this endpoint any more.
 *
 * Return: 0. -ESRCH where it names a process that is none, and that has no
 * message in the mailbox; -EBADF without MBOX_O_READ.
 *
 * Since: 0.1
 */
int mbox_filter(int fd, const struct mbox_match *match);

/**
 * mbox_notify() - ask for one signal when there is a message
 * @fd: mailbox, open with MBOX_O_READ
 * @signo: the signal; 0 takes it back
 *
 * When a message comes that can be received through @fd, where none could be
 * before, and no receiver waits for it, the signal is sent, once (POSIX:
 * mq_notify(), of which a queue has one; here any number of endpoints may ask).
 * So it is when no more can come. It goes to whom F_SETOWN or F_SETOWN_EX of
 * fcntl(2) has named; if that is nobody, the calling process is, from then on.
 * Its si_fd is the lowest of the descriptors that the process has of the
 * endpoint. Messages that are there already send none: ask first, then receive
 * until -EAGAIN.
 *
 * @signo stays as the F_SETSIG of the endpoint, unless the function fails.
 *
 * Return: 0, also where it was asked for already. -EBUSY where the endpoint has
 * O_ASYNC, -EINVAL for a @signo that is none, -EBADF without MBOX_O_READ.
 *
 * Since: 0.1
 */
int mbox_notify(int fd, int signo);

/**
 * mbox_ack() - a held message is done with
 * @fd: the endpoint that received it, or a duplicate
 * @token: as received
 *
 * The message is gone, and its room is given back. A call gets a reply without
 * data, of status 0.
 *
 * Return: 0. -ESTALE where the endpoint does not hold such a message (any more).
 *
 * Since: 0.1
 */
int mbox_ack(int fd, uint64_t token);

/**
 * mbox_nack() - give a held message back
 * @fd: the endpoint that received it, or a duplicate
 * @token: as received
 * @delay: nanoseconds for which nobody shall receive it; 0 for none
 *
 * It goes back to its place, or, if it has come back too often, to the
 * dead-letter mailbox.
 *
 * Return: 0. -ESTALE as mbox_ack(); -EINVAL where @delay is above MBOX_TIME_MAX;
 * -EOPNOTSUPP of a broadcast.
 *
 * Since: 0.1
 */
int mbox_nack(int fd, uint64_t token, uint64_t delay);

/**
 * mbox_held() - ask after a held message
 * @fd: the endpoint that received it, or a duplicate
 * @held: @token is the message asked after, or 0 for any call that has been
 *	cancelled (what to do on POLLPRI); the rest is written
 *
 * Return: 0. -ESTALE as mbox_ack(); -ENOENT for a @token of 0 where no call that
 * is held has been cancelled.
 *
 * Since: 0.1
 */
int mbox_held(int fd, struct mbox_held *held);

/**
 * mbox_sender_lives() - tell whether a process id still is the sender's
 * @fd: the endpoint that received the message, or a duplicate
 * @token: as received
 *
 * As long as it is, the @pid received stands for the process that sent, and for
 * no other. So what was opened by that id before this was asked, as by
 * pidfd_open(2) or mbox_open_pid(), is the sender's (ours).
 *
 * Return: 1, or 0 where the process has ended and has been waited for. -ESTALE
 * as mbox_ack(), also for a @token of 0.
 *
 * Since: 0.1
 */
int mbox_sender_lives(int fd, uint64_t token);

/**
 * mbox_call() - send a request and wait for its reply
 * @fd: mailbox, open with MBOX_O_WRITE
 * @req: the request
 * @len: its length in bytes
 * @reply: where the reply goes
 * @size: how many bytes fit there, which is what the server may reply. Room for
 *	them is charged to the caller meanwhile.
 *
 * Waits for ever, with O_NONBLOCK too once there was room for the request. A
 * signal does not end the wait: the request is sent once, and its reply waited
 * for again (ours). mbox_callmsg() has a deadline, returns on signals, and tells
 * the status of the reply.
 *
 * Return: the length of the reply; or the status that the server has given, if
 * that is negative; or -EMSGSIZE where the request is not of a length that the
 * mailbox takes, or @size above MBOX_MSG_SIZE_MAX; -EPIPE where nobody took it
 * and nobody can, -ECONNRESET where who took it ended without a reply, so that
 * it may have been done or not; -ECANCELED where it was purged; -EOPNOTSUPP of a
 * broadcast. Otherwise as mbox_send().
 *
 * Since: 0.1
 */
ssize_t mbox_call(int fd, const void *req, size_t len, void *reply, size_t size);

/**
 * mbox_callmsg() - send a request and wait for its reply, in full
 * @fd: mailbox, open with MBOX_O_WRITE
 * @call: as mbox_call(), and a priority, a type, a deadline for all of it,
 *	descriptors; then the reply's length and the @status that came with it.
 *
 * After -EINTR, call it again with the same struct to go on waiting, or
 * mbox_cancel() with its @id. A struct for a new call has an @id of 0.
 *
 * Return: the length of the reply, also in @reply_len, whatever its status.
 * Errors as mbox_call(); -ETIMEDOUT where the deadline passed, and -ECANCELED
 * after mbox_cancel(): a server that had it may have done it, or do it still.
 * -ESTALE where @id is no call of this endpoint, -EBUSY where another thread
 * waits for it. After -EINTR, and after -EFAULT and -EMSGSIZE if @id is not 0,
 * the call is not over.
 *
 * Since: 0.1
 */
ssize_t mbox_callmsg(int fd, struct mbox_call *call);

/**
 * mbox_cancel() - give a call up
 * @fd: the endpoint that called, or a duplicate
 * @id: of the call, as mbox_callmsg() leaves it in the struct
 *
 * If nobody has taken it, it vanishes. Who serves it can find out by mbox_held()
 * and POLLPRI. A thread that waits for it gets -ECANCELED.
 *
 * Return: 0. -ESTALE where @id is no call of this endpoint, or is over.
 *
 * Since: 0.1
 */
int mbox_cancel(int fd, uint64_t id);

/**
 * mbox_reply() - answer a call
 * @fd: the endpoint that received it, or a duplicate
 * @token: as received
 * @buf: the reply
 * @len: its length in bytes
 * @status: a number for the caller; that of success is 0, by convention
 *
 * Never waits: the caller has set the room aside.
 *
 * Return: 0. -EMSGSIZE where the caller does not allow for that much (@reply_max
 * as received), after which the call is still to be answered. -ECANCELED where
 * nobody waits for it any more; -ESTALE as mbox_ack(); -EINVAL where it is not a
 * call.
 *
 * Since: 0.1
 */
int mbox_reply(int fd, uint64_t token, const void *buf, size_t len, int status);

/**
 * mbox_replymsg() - answer a call, in full
 * @fd: the endpoint that received it, or a duplicate
 * @reply: as mbox_reply(), and descriptors
 *
 * Return: as mbox_reply(); for @fds also as mbox_sendmsg().
 *
 * Since: 0.1
 */
int mbox_replymsg(int fd, struct mbox_reply *reply);

/**
 * typedef mbox_handler - what mbox_serve() calls for each request
 * @request: the request as received, held under @token. The handler may set its
 *	@reply_status, which is 0, and its @reply_fds; and @token to 0 to take the
 *	request over: then it, or another thread, ends it with mbox_reply(),
 *	mbox_ack() or mbox_nack().
 * @buf: its data, @request->len bytes
 * @reply: where the reply goes
 * @size: how many bytes fit there, and the caller allows; 0 for a message that
 *	is not a call
 * @data: as given to mbox_serve()
 *
 * Both buffers are the library's, and good until the handler returns.
 *
 * Return: the length of the reply; or a negative number, which becomes the
 * status of a reply without data. More than @size becomes -EMSGSIZE in the same
 * way. A message that is not a call is acked, or given back where the result is
 * negative, to be received again at once; of a broadcast it is acked.
 */
typedef ssize_t (*mbox_handler)(struct mbox_recv *request, const void *buf,
				void *reply, size_t size, void *data);

/**
 * mbox_serve() - receive requests and answer them, until the mailbox ends
 * @fd: mailbox, open with MBOX_O_READ
 * @size: size of the largest reply that @fn gives
 * @fn: called for each request, on the thread that called this
 * @data: for @fn
 *
 * A reply and the receive of the next request are one system call. Any number
 * of threads and processes may serve one endpoint or mailbox. Memory for
 * requests grows with them, and is freed at the end.
 *
 * Whatever ends the loop, the last request has had its reply, and it may be
 * called again. A reply that cannot be given (@reply_fds that are wrong, a token
 * that is used up) ends it with that error, and the caller gets the error as
 * the status.
 *
 * Return: 0 when the mailbox has ended and is empty, or nobody can send to it any
 * more. -EINTR on a signal that came while it waited, unless the signal's
 * handler restarts calls; -EAGAIN where there is no request, with O_NONBLOCK;
 * -ENOMEM where there is no memory for a request, which then stays queued.
 * Otherwise as mbox_recvmsg().
 *
 * Since: 0.1
 */
int mbox_serve(int fd, size_t size, mbox_handler fn, void *data);

/**
 * mbox_purge() - throw away the messages that are queued
 * @fd: mailbox, open with MBOX_O_READ
 *
 * Messages that are being received or held are not touched; senders that wait
 * for room get it. Calls end with -ECANCELED. Of a broadcast, the messages are
 * thrown away that this endpoint has not received, and only for it.
 *
 * Return: how many messages were dropped. -EBADF without MBOX_O_READ.
 *
 * Since: 0.1
 */
int mbox_purge(int fd);

/**
 * mbox_region_map() - map a whole region
 * @fd: region, open with MBOX_O_READ; with PROT_WRITE, MBOX_O_WRITE as well
 * @prot: PROT_READ, PROT_WRITE, or both
 * @addr: where the address goes; untouched on failure
 * @size: where the size of the region goes; may be NULL
 *
 * The mapping is shared, and keeps the region when @fd is closed. fork(2)
 * inherits it, exec(2) drops it. The caller unmaps it with munmap(2).
 *
 * Return: 0. -EINVAL where @fd is a mailbox, -EACCES where it is not open for
 * @prot, -ENOMEM where the address space has no room, otherwise as mmap(2).
 *
 * Since: 0.1
 */
int mbox_region_map(int fd, int prot, void **addr, size_t *size);

/**
 * mbox_deadline() - a deadline that is some time from now
 * @ns: how far, in nanoseconds; 0 is a deadline that has come
 *
 * A deadline is absolute, so a call that is made again after -EINTR still ends
 * when the first one would have.
 *
 * Return: the time on CLOCK_MONOTONIC, for @deadline without MBOX_REALTIME;
 * never 0, which waits for ever, and at most 2^63 - 1, the latest there is.
 *
 * Since: 0.1
 */
uint64_t mbox_deadline(uint64_t ns);

/**
 * mbox_limit_name() - what a limit is called, for an error message
 * @limit: enum mbox_limit, as in struct mbox_refusal
 *
 * Return: a constant string, also for a value that the library does not know.
 * It is not to be freed.
 *
 * Since: 0.1
 */
const char *mbox_limit_name(uint32_t limit);

#ifdef __cplusplus
}
#endif

#endif /* MBOX_H */
