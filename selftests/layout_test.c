// SPDX-License-Identifier: GPL-2.0
/*
 * Where each field lies and which number each command has. Programs are
 * compiled against these numbers: they never change, and are the same for 64-
 * and 32-bit programs, so this is built as both.
 */
#include <stddef.h>

#include "mbox_test_util.h"

#define SIZE(n, type) EXPECT_EQ((size_t)(n), sizeof(struct type))
#define AT(n, type, field) EXPECT_EQ((size_t)(n), offsetof(struct type, field))

TEST(objects)
{
	SIZE(32, mbox_refusal);
	AT(0, mbox_refusal, limit);
	AT(4, mbox_refusal, uid);
	AT(8, mbox_refusal, used);
	AT(16, mbox_refusal, total);
	AT(24, mbox_refusal, max);

	SIZE(120, mbox_create);
	AT(0, mbox_create, size);
	AT(4, mbox_create, flags);
	AT(8, mbox_create, kind);
	AT(12, mbox_create, lifetime);
	AT(16, mbox_create, name);
	AT(24, mbox_create, name_len);
	AT(28, mbox_create, mode);
	AT(32, mbox_create, owner);
	AT(36, mbox_create, reserved);
	AT(40, mbox_create, max_msgs);
	AT(44, mbox_create, msg_size);
	AT(48, mbox_create, max_bytes);
	AT(56, mbox_create, region_size);
	AT(64, mbox_create, refusal);
	AT(96, mbox_create, max_deliveries);
	AT(100, mbox_create, dead_letter);
	AT(104, mbox_create, when_full);
	AT(108, mbox_create, turns);
	AT(112, mbox_create, receivers);
	AT(116, mbox_create, reserved2);

	SIZE(48, mbox_target);
	AT(0, mbox_target, by);
	AT(4, mbox_target, kind);
	AT(8, mbox_target, flags);
	AT(12, mbox_target, owner);
	AT(16, mbox_target, name);
	AT(24, mbox_target, name_len);
	AT(28, mbox_target, fd);
	AT(32, mbox_target, id);
	AT(40, mbox_target, pid);
	AT(44, mbox_target, reserved);

	SIZE(56, mbox_open);
	AT(4, mbox_open, flags);
	AT(8, mbox_open, target);
	SIZE(56, mbox_unlink);
	AT(4, mbox_unlink, flags);
	AT(8, mbox_unlink, target);
}

TEST(attributes)
{
	SIZE(448, mbox_stat);
	AT(8, mbox_stat, id);
	AT(16, mbox_stat, kind);
	AT(20, mbox_stat, lifetime);
	AT(24, mbox_stat, state);
	AT(28, mbox_stat, mode);
	AT(32, mbox_stat, uid);
	AT(36, mbox_stat, gid);
	AT(40, mbox_stat, owner_pid);
	AT(44, mbox_stat, name_len);
	AT(48, mbox_stat, endpoints);
	AT(52, mbox_stat, readers);
	AT(56, mbox_stat, writers);
	AT(60, mbox_stat, msg_size);
	AT(64, mbox_stat, max_msgs);
	AT(68, mbox_stat, msgs);
	AT(72, mbox_stat, max_bytes);
	AT(80, mbox_stat, bytes);
	AT(88, mbox_stat, held);
	AT(92, mbox_stat, waiting_receivers);
	AT(96, mbox_stat, waiting_senders);
	AT(104, mbox_stat, sent);
	AT(112, mbox_stat, received);
	AT(120, mbox_stat, purged);
	AT(128, mbox_stat, dead);
	AT(136, mbox_stat, dropped);
	AT(144, mbox_stat, region_size);
	AT(152, mbox_stat, lost);
	AT(160, mbox_stat, replaced);
	AT(168, mbox_stat, expired);
	AT(176, mbox_stat, when_full);
	AT(180, mbox_stat, turns);
	AT(184, mbox_stat, receivers);
	AT(188, mbox_stat, reserved2);
	AT(192, mbox_stat, name);

	SIZE(32, mbox_set);
	AT(4, mbox_set, flags);
	AT(8, mbox_set, uid);
	AT(12, mbox_set, gid);
	AT(16, mbox_set, mode);
	AT(20, mbox_set, max_msgs);
	AT(24, mbox_set, max_bytes);

	SIZE(16, mbox_counter);
	SIZE(112, mbox_usage);
	AT(8, mbox_usage, uid);
	AT(16, mbox_usage, bytes);
	AT(32, mbox_usage, mailboxes);
	AT(48, mbox_usage, regions);
	AT(64, mbox_usage, region_bytes);
	AT(80, mbox_usage, ns_objects);
	AT(96, mbox_usage, fds);
}

TEST(messages)
{
	SIZE(16, mbox_fds);
	AT(0, mbox_fds, fds);
	AT(8, mbox_fds, nr);
	AT(12, mbox_fds, lost);

	SIZE(120, mbox_send);
	AT(4, mbox_send, flags);
	AT(8, mbox_send, buf);
	AT(16, mbox_send, len);
	AT(20, mbox_send, priority);
	AT(24, mbox_send, type);
	AT(32, mbox_send, deadline);
	AT(40, mbox_send, refusal);
	AT(72, mbox_send, fds);
	AT(88, mbox_send, reply_fd);
	AT(92, mbox_send, reply_size);
	AT(96, mbox_send, cookie);
	AT(104, mbox_send, ttl);
	AT(112, mbox_send, iov_nr);
	AT(116, mbox_send, reserved);

	SIZE(208, mbox_recv);
	AT(4, mbox_recv, flags);
	AT(8, mbox_recv, buf);
	AT(16, mbox_recv, buf_size);
	AT(20, mbox_recv, len);
	AT(24, mbox_recv, deadline);
	AT(32, mbox_recv, type);
	AT(40, mbox_recv, seq);
	AT(48, mbox_recv, time);
	AT(56, mbox_recv, priority);
	AT(60, mbox_recv, iov_nr);
	AT(64, mbox_recv, pid);
	AT(68, mbox_recv, tid);
	AT(72, mbox_recv, uid);
	AT(76, mbox_recv, gid);
	AT(80, mbox_recv, token);
	AT(88, mbox_recv, msg_flags);
	AT(92, mbox_recv, deliveries);
	AT(96, mbox_recv, reply_max);
	AT(100, mbox_recv, reply_status);
	AT(104, mbox_recv, reply_token);
	AT(112, mbox_recv, reply_buf);
	AT(120, mbox_recv, reply_len);
	AT(124, mbox_recv, reserved);
	AT(128, mbox_recv, reply_fds);
	AT(144, mbox_recv, fds);
	AT(160, mbox_recv, cookie);
	AT(168, mbox_recv, status);
	AT(172, mbox_recv, error);
	AT(176, mbox_recv, missed);
	AT(184, mbox_recv, match);

	SIZE(8, mbox_purge);
	AT(4, mbox_purge, flags);
}

TEST(selection)
{
	SIZE(24, mbox_match);
	AT(0, mbox_match, what);
	AT(4, mbox_match, priority);
	AT(8, mbox_match, type);
	AT(16, mbox_match, pid);
	AT(20, mbox_match, reserved);

	SIZE(32, mbox_filter);
	AT(4, mbox_filter, flags);
	AT(8, mbox_filter, match);
	SIZE(8, mbox_notify);
	AT(4, mbox_notify, flags);

	EXPECT_EQ(1, MBOX_MATCH_TYPE);
	EXPECT_EQ(2, MBOX_MATCH_TYPE_MAX);
	EXPECT_EQ(4, MBOX_MATCH_TYPE_NOT);
	EXPECT_EQ(8, MBOX_MATCH_PID);
	EXPECT_EQ(16, MBOX_MATCH_PRIORITY);
	EXPECT_EQ(1, MBOX_NOTIFY_OFF);
}

TEST(pieces_and_batches)
{
	SIZE(16, mbox_iov);
	AT(0, mbox_iov, base);
	AT(8, mbox_iov, len);

	SIZE(40, mbox_send_item);
	AT(0, mbox_send_item, buf);
	AT(8, mbox_send_item, len);
	AT(12, mbox_send_item, priority);
	AT(16, mbox_send_item, type);
	AT(24, mbox_send_item, ttl);
	AT(32, mbox_send_item, reserved);
	SIZE(64, mbox_send_batch);
	AT(4, mbox_send_batch, flags);
	AT(8, mbox_send_batch, items);
	AT(16, mbox_send_batch, nr);
	AT(20, mbox_send_batch, error);
	AT(24, mbox_send_batch, deadline);
	AT(32, mbox_send_batch, refusal);

	SIZE(112, mbox_recv_item);
	AT(0, mbox_recv_item, buf);
	AT(8, mbox_recv_item, buf_size);
	AT(12, mbox_recv_item, len);
	AT(16, mbox_recv_item, type);
	AT(24, mbox_recv_item, seq);
	AT(32, mbox_recv_item, time);
	AT(40, mbox_recv_item, token);
	AT(48, mbox_recv_item, missed);
	AT(56, mbox_recv_item, cookie);
	AT(64, mbox_recv_item, priority);
	AT(68, mbox_recv_item, deliveries);
	AT(72, mbox_recv_item, pid);
	AT(76, mbox_recv_item, tid);
	AT(80, mbox_recv_item, uid);
	AT(84, mbox_recv_item, gid);
	AT(88, mbox_recv_item, msg_flags);
	AT(92, mbox_recv_item, reply_max);
	AT(96, mbox_recv_item, status);
	AT(100, mbox_recv_item, error);
	AT(104, mbox_recv_item, fds_lost);
	AT(108, mbox_recv_item, reserved);
	SIZE(56, mbox_recv_batch);
	AT(4, mbox_recv_batch, flags);
	AT(8, mbox_recv_batch, items);
	AT(16, mbox_recv_batch, nr);
	AT(20, mbox_recv_batch, error);
	AT(24, mbox_recv_batch, deadline);
	AT(32, mbox_recv_batch, match);
}

/* Flags, and values of attributes, that programs are compiled with, too. */
TEST(values)
{
	EXPECT_EQ(0x2000, MBOX_CREATE_RENDEZVOUS);
	EXPECT_EQ(0x4000, MBOX_CREATE_UNBOUNDED);
	EXPECT_EQ(0x8000, MBOX_CREATE_INBOX);
	EXPECT_EQ(0x08, MBOX_STATE_RENDEZVOUS);
	EXPECT_EQ(0x10, MBOX_STATE_UNBOUNDED);
	EXPECT_EQ(0x20, MBOX_STATE_INBOX);
	EXPECT_EQ(4, MBOX_BY_PID);
	EXPECT_EQ(9, MBOX_LIMIT_SHARE_MSGS);
	EXPECT_EQ(10, MBOX_LIMIT_SHARE_BYTES);
	EXPECT_EQ(0, MBOX_FULL_BLOCK);
	EXPECT_EQ(1, MBOX_FULL_FAIL);
	EXPECT_EQ(2, MBOX_FULL_DROP_OLDEST);
	EXPECT_EQ(3, MBOX_FULL_CONFLATE);
	EXPECT_EQ(0, MBOX_TURNS_FIRST_COME);
	EXPECT_EQ(1, MBOX_TURNS_ROUND_ROBIN);
	EXPECT_EQ(2, MBOX_TURNS_PRIORITY);
	EXPECT_EQ(0, MBOX_RECEIVERS_ANY);
	EXPECT_EQ(1, MBOX_RECEIVERS_EXCLUSIVE);
	EXPECT_EQ(2, MBOX_RECEIVERS_LINK);
	EXPECT_EQ(3, MBOX_RECEIVERS_BROADCAST);
	EXPECT_EQ(0x40, MBOX_PEEK);
	EXPECT_EQ(0x80, MBOX_TRUNCATE);
	EXPECT_EQ(0x08, MBOX_MSG_TRUNCATED);
	EXPECT_EQ(0x10, MBOX_MSG_SENDER_LIVES);
	EXPECT_EQ(1024, MBOX_IOV_MAX);
	EXPECT_EQ(64, MBOX_BATCH_MAX);
	EXPECT_EQ(1ULL << 62, MBOX_TIME_MAX);
}

TEST(calls)
{
	SIZE(16, mbox_ack);
	AT(4, mbox_ack, flags);
	AT(8, mbox_ack, token);
	SIZE(24, mbox_nack);
	AT(4, mbox_nack, flags);
	AT(8, mbox_nack, token);
	AT(16, mbox_nack, delay);
	SIZE(24, mbox_held);
	AT(4, mbox_held, flags);
	AT(8, mbox_held, token);
	AT(16, mbox_held, state);
	AT(20, mbox_held, deliveries);

	SIZE(136, mbox_call);
	AT(4, mbox_call, flags);
	AT(8, mbox_call, buf);
	AT(16, mbox_call, len);
	AT(20, mbox_call, priority);
	AT(24, mbox_call, type);
	AT(32, mbox_call, deadline);
	AT(40, mbox_call, id);
	AT(48, mbox_call, reply_buf);
	AT(56, mbox_call, reply_size);
	AT(60, mbox_call, reply_len);
	AT(64, mbox_call, status);
	AT(68, mbox_call, reserved);
	AT(72, mbox_call, refusal);
	AT(104, mbox_call, fds);
	AT(120, mbox_call, reply_fds);

	SIZE(48, mbox_reply);
	AT(4, mbox_reply, flags);
	AT(8, mbox_reply, token);
	AT(16, mbox_reply, buf);
	AT(24, mbox_reply, len);
	AT(28, mbox_reply, status);
	AT(32, mbox_reply, fds);
	SIZE(16, mbox_cancel);
	AT(4, mbox_cancel, flags);
	AT(8, mbox_cancel, id);
}

TEST(commands)
{
	EXPECT_EQ(0xbb00U, MBOX_IOC_CREATE);
	EXPECT_EQ(0xbb01U, MBOX_IOC_OPEN);
	EXPECT_EQ(0xbb02U, MBOX_IOC_UNLINK);
	EXPECT_EQ(0xbb03U, MBOX_IOC_LIST);
	EXPECT_EQ(0xbb04U, MBOX_IOC_USAGE);
	EXPECT_EQ(0xbb10U, MBOX_IOC_STAT);
	EXPECT_EQ(0xbb11U, MBOX_IOC_SET);
	EXPECT_EQ(0xbb20U, MBOX_IOC_SEND);
	EXPECT_EQ(0xbb21U, MBOX_IOC_RECV);
	EXPECT_EQ(0xbb22U, MBOX_IOC_PURGE);
	EXPECT_EQ(0xbb23U, MBOX_IOC_ACK);
	EXPECT_EQ(0xbb24U, MBOX_IOC_NACK);
	EXPECT_EQ(0xbb25U, MBOX_IOC_HELD);
	EXPECT_EQ(0xbb26U, MBOX_IOC_CALL);
	EXPECT_EQ(0xbb27U, MBOX_IOC_REPLY);
	EXPECT_EQ(0xbb28U, MBOX_IOC_CANCEL);
	EXPECT_EQ(0xbb29U, MBOX_IOC_SEND_BATCH);
	EXPECT_EQ(0xbb2aU, MBOX_IOC_RECV_BATCH);
	EXPECT_EQ(0xbb2bU, MBOX_IOC_FILTER);
	EXPECT_EQ(0xbb2cU, MBOX_IOC_NOTIFY);
}

TEST_HARNESS_MAIN
