// SPDX-License-Identifier: GPL-2.0
/*
 * Which messages one wants: a rule, of a single receive or of an endpoint.
 */
#include <linux/bitops.h>
#include <linux/pid.h>
#include "mbox.h"

#define MBOX_MATCH_TYPES	(MBOX_MATCH_TYPE | MBOX_MATCH_TYPE_MAX | \
				 MBOX_MATCH_TYPE_NOT)
#define MBOX_MATCH_ALL		(MBOX_MATCH_TYPES | MBOX_MATCH_PID | \
				 MBOX_MATCH_PRIORITY)

static int mbox_rule_check(const struct mbox_match *m)
{
	if (m->what & ~MBOX_MATCH_ALL)
		return -EOPNOTSUPP;
	if (hweight32(m->what & MBOX_MATCH_TYPES) > 1 || m->reserved)
		return -EINVAL;
	if (!(m->what & MBOX_MATCH_TYPES) && m->type)
		return -EINVAL;
	if (m->what & MBOX_MATCH_PRIORITY ? m->priority > MBOX_PRIORITY_MAX :
					    m->priority)
		return -EINVAL;
	if (!(m->what & MBOX_MATCH_PID) && m->pid)
		return -EINVAL;
	return 0;
}

/*
 * The process @nr, to the current task, with a reference, or NULL: the one that
 * there is, or was, of those that have sent.
 */
static struct pid *mbox_rule_process(struct mbox_mailbox *mb, pid_t nr)
{
	struct pid *pid;
	bool process;

	/* 0 is what those are told as that cannot be seen from here. */
	if (nr <= 0)
		return NULL;
	pid = find_get_pid(nr);
	rcu_read_lock();
	process = pid && pid_task(pid, PIDTYPE_TGID);
	rcu_read_unlock();
	if (process)
		return pid;
	put_pid(pid);

	spin_lock(&mb->obj.lock);
	pid = get_pid(mbox_share_process_locked(mb, nr));
	spin_unlock(&mb->obj.lock);
	return pid;
}

/* See mbox_rule_get(). */
int mbox_rule_make(struct mbox_rule *rule, const struct mbox_match *match,
		   struct mbox_mailbox *mb)
{
	int ret = mbox_rule_check(match);

	if (ret)
		return ret;
	rule->what = match->what;
	rule->priority = match->priority;
	rule->type = match->type;
	if (!(match->what & MBOX_MATCH_PID))
		return 0;
	rule->pid = mbox_rule_process(mb, match->pid);
	return rule->pid ? 0 : -ESRCH;
}

/* Another one like @from, to be put as well. */
void mbox_rule_copy(struct mbox_rule *to, const struct mbox_rule *from)
{
	*to = *from;
	get_pid(to->pid);
}

/* See mbox_rule_put(): it may hold a process. */
void mbox_rule_clear(struct mbox_rule *rule)
{
	put_pid(rule->pid);
	rule->pid = NULL;
	rule->what = 0;
}

/* May it take a walk through the queue to find what @rule admits? */
bool mbox_rule_walks(const struct mbox_rule *rule)
{
	u32 what = rule->what & ~MBOX_MATCH_PRIORITY;

	return what & MBOX_MATCH_TYPE_NOT || hweight32(what) > 1 ||
	       rule->what == (MBOX_MATCH_TYPE_MAX | MBOX_MATCH_PRIORITY);
}

bool mbox_rule_admits(const struct mbox_rule *rule, const struct mbox_msg *msg)
{
	u32 what = rule->what;

	if (what & MBOX_MATCH_TYPE && msg->type != rule->type)
		return false;
	if (what & MBOX_MATCH_TYPE_MAX && msg->type > rule->type)
		return false;
	if (what & MBOX_MATCH_TYPE_NOT && msg->type == rule->type)
		return false;
	if (what & MBOX_MATCH_PRIORITY && msg->priority < rule->priority)
		return false;
	return !(what & MBOX_MATCH_PID) || mbox_msg_process(msg) == rule->pid;
}
