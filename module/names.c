// SPDX-License-Identifier: GPL-2.0
/*
 * Names and ids: a registry for each network namespace.
 *
 * The registry outlives its namespace as long as there are objects or open
 * files of /dev/mbox that point to it. When the namespace dies, all its
 * objects lose their names and ids; what is open goes on.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include "mbox.h"

static unsigned int mbox_net_id;

static unsigned int mbox_ns_max_objects = 65536;
module_param_named(ns_max_objects, mbox_ns_max_objects, uint, 0644);
MODULE_PARM_DESC(ns_max_objects, "mailboxes and regions of a network namespace");

struct mbox_net {
	struct mbox_registry *registry;
};

static int mbox_registry_cmp(const struct mbox_object *obj, const char *name,
			     u32 len)
{
	if (obj->name_len != len)
		return obj->name_len < len ? 1 : -1;
	return memcmp(name, obj->name, len);
}

struct mbox_object *mbox_registry_by_name_locked(struct mbox_registry *reg,
						 const char *name, u32 len)
{
	struct rb_node *node = reg->names.rb_node;

	lockdep_assert_held(&reg->lock);

	while (node) {
		struct mbox_object *obj;
		int cmp;

		obj = rb_entry(node, struct mbox_object, by_name);
		cmp = mbox_registry_cmp(obj, name, len);
		if (!cmp)
			return obj;
		node = cmp < 0 ? node->rb_left : node->rb_right;
	}
	return NULL;
}

/* The linked object with the lowest id above @id, or NULL. */
struct mbox_object *mbox_registry_after_locked(struct mbox_registry *reg,
					       u64 id)
{
	struct rb_node *node = reg->ids.rb_node;
	struct mbox_object *best = NULL;

	lockdep_assert_held(&reg->lock);

	while (node) {
		struct mbox_object *obj;

		obj = rb_entry(node, struct mbox_object, by_id);
		if (obj->id > id) {
			best = obj;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

struct mbox_object *mbox_registry_by_id_locked(struct mbox_registry *reg,
					       u64 id)
{
	struct mbox_object *obj;

	lockdep_assert_held(&reg->lock);

	obj = id ? mbox_registry_after_locked(reg, id - 1) : NULL;
	return obj && obj->id == id ? obj : NULL;
}

/* The inbox of @pid, or NULL. */
struct mbox_object *mbox_registry_by_pid_locked(struct mbox_registry *reg,
						const struct pid *pid)
{
	struct rb_node *node = reg->inboxes.rb_node;

	lockdep_assert_held(&reg->lock);

	while (node) {
		struct mbox_object *obj;

		obj = rb_entry(node, struct mbox_object, by_pid);
		if (obj->creator == pid)
			return obj;
		node = pid < obj->creator ? node->rb_left : node->rb_right;
	}
	return NULL;
}

static bool mbox_registry_pid_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct mbox_object, by_pid)->creator <
	       rb_entry(b, struct mbox_object, by_pid)->creator;
}

static void mbox_registry_insert_name(struct mbox_registry *reg,
				      struct mbox_object *obj)
{
	struct rb_node **link = &reg->names.rb_node, *parent = NULL;

	while (*link) {
		struct mbox_object *other;

		parent = *link;
		other = rb_entry(parent, struct mbox_object, by_name);
		if (mbox_registry_cmp(other, obj->name, obj->name_len) < 0)
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}
	rb_link_node(&obj->by_name, parent, link);
	rb_insert_color(&obj->by_name, &reg->names);
}

static void mbox_registry_insert_id(struct mbox_registry *reg,
				    struct mbox_object *obj)
{
	struct rb_node **link = &reg->ids.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		if (obj->id < rb_entry(parent, struct mbox_object, by_id)->id)
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}
	rb_link_node(&obj->by_id, parent, link);
	rb_insert_color(&obj->by_id, &reg->ids);
}

/*
 * Make @obj's id, and name or process, resolve, and take a reference to it.
 * -EEXIST if the name is taken or the process has an inbox, -ENOENT if the
 * namespace is gone.
 */
int mbox_registry_link_locked(struct mbox_registry *reg,
			      struct mbox_object *obj)
{
	lockdep_assert_held(&reg->lock);

	if (reg->dead)
		return -ENOENT;
	if (obj->name_len) {
		if (mbox_registry_by_name_locked(reg, obj->name, obj->name_len))
			return -EEXIST;
		mbox_registry_insert_name(reg, obj);
	} else if (obj->inbox) {
		if (mbox_registry_by_pid_locked(reg, obj->creator))
			return -EEXIST;
		rb_add(&obj->by_pid, &reg->inboxes, mbox_registry_pid_less);
	}
	mbox_registry_insert_id(reg, obj);
	kref_get(&obj->ref);
	spin_lock(&obj->lock);
	obj->linked = true;
	spin_unlock(&obj->lock);
	/* It stays though no descriptor is open: then it pins the module. */
	if (obj->lifetime == MBOX_LIFE_KERNEL)
		__module_get(THIS_MODULE);
	return 0;
}

/*
 * Undo mbox_registry_link_locked(). The caller gets the reference, and must
 * settle the object. Not for the last task in the module: see its callers.
 */
void mbox_registry_unlink_locked(struct mbox_registry *reg,
				 struct mbox_object *obj)
{
	lockdep_assert_held(&reg->lock);

	if (obj->name_len)
		rb_erase(&obj->by_name, &reg->names);
	else if (obj->inbox)
		rb_erase(&obj->by_pid, &reg->inboxes);
	rb_erase(&obj->by_id, &reg->ids);
	spin_lock(&obj->lock);
	obj->linked = false;
	spin_unlock(&obj->lock);
	if (obj->lifetime == MBOX_LIFE_KERNEL)
		module_put(THIS_MODULE);
}

u64 mbox_registry_next_id(struct mbox_registry *reg)
{
	u64 id;

	mutex_lock(&reg->lock);
	id = ++reg->last_id;
	mutex_unlock(&reg->lock);
	return id;
}

bool mbox_registry_has_name(struct mbox_registry *reg, const char *name,
			    u32 len)
{
	bool found;

	mutex_lock(&reg->lock);
	found = mbox_registry_by_name_locked(reg, name, len);
	mutex_unlock(&reg->lock);
	return found;
}

void mbox_registry_usage(struct mbox_registry *reg, struct mbox_counter *out)
{
	out->used = READ_ONCE(reg->objects);
	out->max = READ_ONCE(mbox_ns_max_objects);
}

/* How many objects of a namespace a payer has: to tell who has most of them. */
struct mbox_tenant {
	struct rb_node node;
	struct mbox_payer *payer;
	u32 objects;
};

/* The tenant for @payer, which @spare becomes if there is none. */
static struct mbox_tenant *mbox_tenant_locked(struct mbox_registry *reg,
					      struct mbox_payer *payer,
					      struct mbox_tenant *spare)
{
	struct rb_node **link = &reg->tenants.rb_node, *parent = NULL;

	lockdep_assert_held(&reg->lock);

	while (*link) {
		struct mbox_tenant *tenant;

		parent = *link;
		tenant = rb_entry(parent, struct mbox_tenant, node);
		if (tenant->payer == payer)
			return tenant;
		link = payer < tenant->payer ? &parent->rb_left :
					       &parent->rb_right;
	}
	if (spare) {
		spare->payer = payer;
		rb_link_node(&spare->node, parent, link);
		rb_insert_color(&spare->node, &reg->tenants);
	}
	return spare;
}

static void mbox_registry_explain_locked(struct mbox_registry *reg, u32 max,
					 struct mbox_refused *why)
{
	struct mbox_tenant *tenant, *next;

	lockdep_assert_held(&reg->lock);

	why->limit = MBOX_LIMIT_NS_OBJECTS;
	why->uid = current_euid();
	why->used = 0;
	why->total = reg->objects;
	why->max = max;
	rbtree_postorder_for_each_entry_safe(tenant, next, &reg->tenants, node)
		if (tenant->objects > why->used) {
			why->used = tenant->objects;
			why->uid = tenant->payer->uid;
		}
}

/*
 * Count one more object of @payer's, who must be held as long as it is there.
 * -ENOSPC and @why if the namespace has its fill.
 */
int mbox_registry_charge(struct mbox_registry *reg, struct mbox_payer *payer,
			 struct mbox_refused *why)
{
	struct mbox_tenant *spare, *tenant;
	u32 max = READ_ONCE(mbox_ns_max_objects);
	int ret = 0;

	spare = kzalloc(sizeof(*spare), GFP_KERNEL_ACCOUNT);
	if (!spare)
		return -ENOMEM;

	mutex_lock(&reg->lock);
	if (reg->objects >= max && !capable(CAP_SYS_RESOURCE)) {
		mbox_registry_explain_locked(reg, max, why);
		ret = -ENOSPC;
	} else {
		tenant = mbox_tenant_locked(reg, payer, spare);
		if (tenant == spare)
			spare = NULL;
		tenant->objects++;
		WRITE_ONCE(reg->objects, reg->objects + 1);
	}
	mutex_unlock(&reg->lock);
	kfree(spare);
	return ret;
}

void mbox_registry_uncharge(struct mbox_registry *reg, struct mbox_payer *payer)
{
	struct mbox_tenant *tenant;

	mutex_lock(&reg->lock);
	WRITE_ONCE(reg->objects, reg->objects - 1);
	tenant = mbox_tenant_locked(reg, payer, NULL);
	if (--tenant->objects)
		tenant = NULL;
	else
		rb_erase(&tenant->node, &reg->tenants);
	mutex_unlock(&reg->lock);
	kfree(tenant);
}

static void mbox_registry_free(struct kref *ref)
{
	struct mbox_registry *reg = container_of(ref, struct mbox_registry, ref);

	WARN_ON_ONCE(reg->objects || !RB_EMPTY_ROOT(&reg->tenants));
	put_user_ns(reg->user_ns);
	mutex_destroy(&reg->lock);
	kfree(reg);
}

void mbox_registry_get(struct mbox_registry *reg)
{
	kref_get(&reg->ref);
}

void mbox_registry_put(struct mbox_registry *reg)
{
	kref_put(&reg->ref, mbox_registry_free);
}

struct mbox_registry *mbox_registry_get_current(void)
{
	struct mbox_net *mn = net_generic(current->nsproxy->net_ns, mbox_net_id);

	kref_get(&mn->registry->ref);
	return mn->registry;
}

static int __net_init mbox_net_init(struct net *net)
{
	struct mbox_net *mn = net_generic(net, mbox_net_id);
	struct mbox_registry *reg;

	reg = kzalloc(sizeof(*reg), GFP_KERNEL_ACCOUNT);
	if (!reg)
		return -ENOMEM;
	kref_init(&reg->ref);
	mutex_init(&reg->lock);
	reg->user_ns = get_user_ns(net->user_ns);
	reg->tenants = RB_ROOT;
	reg->names = RB_ROOT;
	reg->ids = RB_ROOT;
	reg->inboxes = RB_ROOT;
	mn->registry = reg;
	return 0;
}

static void __net_exit mbox_net_exit(struct net *net)
{
	struct mbox_net *mn = net_generic(net, mbox_net_id);
	struct mbox_registry *reg = mn->registry;
	struct mbox_object *obj;

	mutex_lock(&reg->lock);
	reg->dead = true;
	mutex_unlock(&reg->lock);

	for (;;) {
		mutex_lock(&reg->lock);
		obj = mbox_registry_after_locked(reg, 0);
		if (obj)
			kref_get(&obj->ref);
		mutex_unlock(&reg->lock);
		if (!obj)
			break;
		mbox_object_unlink(obj, false);
		mbox_object_put(obj);
		cond_resched();
	}
	mbox_registry_put(reg);
}

static struct pernet_operations mbox_net_ops = {
	.init = mbox_net_init,
	.exit = mbox_net_exit,
	.id = &mbox_net_id,
	.size = sizeof(struct mbox_net),
};

int mbox_names_init(void)
{
	return register_pernet_subsys(&mbox_net_ops);
}

void mbox_names_exit(void)
{
	unregister_pernet_subsys(&mbox_net_ops);
}
