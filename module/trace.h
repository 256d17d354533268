/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: what happens to mailboxes and messages, for perf, trace-cmd and
 * bpftrace. A message is known by its mailbox's id and its number in it.
 *
 *	mbox_create	an object has come to be
 *	mbox_send	a message has got into a mailbox
 *	mbox_claim	a receiver has got it
 *	mbox_ack	it was received, and is gone
 *	mbox_drop	it is gone otherwise
 *	mbox_refuse	a message has not got in
 *	mbox_block	a task begins to wait in a mailbox
 *	mbox_wake	a task that waits is let go
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM mbox

#if !defined(MBOX_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MBOX_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(mbox_create,
	TP_PROTO(const struct mbox_object *obj),
	TP_ARGS(obj),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, kind)
		__field(u32, lifetime)
	),
	TP_fast_assign(
		__entry->id = obj->id;
		__entry->kind = obj->ops->kind;
		__entry->lifetime = obj->lifetime;
	),
	TP_printk("id=%llu kind=%u lifetime=%u",
		  __entry->id, __entry->kind, __entry->lifetime)
);

DECLARE_EVENT_CLASS(mbox_message,
	TP_PROTO(const struct mbox_mailbox *mb, const struct mbox_msg *msg),
	TP_ARGS(mb, msg),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, seq)
		__field(s64, type)
		__field(u32, priority)
		__field(u32, len)
	),
	TP_fast_assign(
		__entry->id = mb->obj.id;
		__entry->seq = msg->seq;
		__entry->type = msg->type;
		__entry->priority = msg->priority;
		__entry->len = msg->len;
	),
	TP_printk("id=%llu seq=%llu type=%lld priority=%u len=%u",
		  __entry->id, __entry->seq, __entry->type,
		  __entry->priority, __entry->len)
);

DEFINE_EVENT(mbox_message, mbox_send,
	TP_PROTO(const struct mbox_mailbox *mb, const struct mbox_msg *msg),
	TP_ARGS(mb, msg)
);

DEFINE_EVENT(mbox_message, mbox_claim,
	TP_PROTO(const struct mbox_mailbox *mb, const struct mbox_msg *msg),
	TP_ARGS(mb, msg)
);

DEFINE_EVENT(mbox_message, mbox_ack,
	TP_PROTO(const struct mbox_mailbox *mb, const struct mbox_msg *msg),
	TP_ARGS(mb, msg)
);

TRACE_EVENT(mbox_drop,
	TP_PROTO(const struct mbox_mailbox *mb, const struct mbox_msg *msg,
		 const char *why),
	TP_ARGS(mb, msg, why),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, seq)
		__array(char, why, 16)
	),
	TP_fast_assign(
		__entry->id = mb->obj.id;
		__entry->seq = msg->seq;
		strscpy(__entry->why, why, sizeof(__entry->why));
	),
	TP_printk("id=%llu seq=%llu why=%s",
		  __entry->id, __entry->seq, __entry->why)
);

TRACE_EVENT(mbox_refuse,
	TP_PROTO(const struct mbox_mailbox *mb, u32 limit, int ret),
	TP_ARGS(mb, limit, ret),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, limit)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->id = mb->obj.id;
		__entry->limit = limit;
		__entry->ret = ret;
	),
	TP_printk("id=%llu limit=%u ret=%d",
		  __entry->id, __entry->limit, __entry->ret)
);

TRACE_EVENT(mbox_block,
	TP_PROTO(const struct mbox_mailbox *mb, const char *what),
	TP_ARGS(mb, what),
	TP_STRUCT__entry(
		__field(u64, id)
		__array(char, what, 8)
	),
	TP_fast_assign(
		__entry->id = mb->obj.id;
		strscpy(__entry->what, what, sizeof(__entry->what));
	),
	TP_printk("id=%llu what=%s", __entry->id, __entry->what)
);

TRACE_EVENT(mbox_wake,
	TP_PROTO(const struct mbox_waiter *w, int result),
	TP_ARGS(w, result),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(pid_t, tid)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->id = w->ep->obj->id;
		__entry->tid = w->task->pid;
		__entry->result = result;
	),
	TP_printk("id=%llu tid=%d result=%d",
		  __entry->id, __entry->tid, __entry->result)
);

#endif /* MBOX_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
