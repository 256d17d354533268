// SPDX-License-Identifier: GPL-2.0
/* load, unload: the kernel module, through libkmod. */
#include <errno.h>
#include <libkmod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "mboxctl.h"

#define DEFAULT_MODULE	"mbox"

static struct kmod_ctx *new_context(void)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);

	if (!ctx) {
		complain(NULL, "libkmod: cannot read the configuration");
		exit(STATUS_ERROR);
	}
	/* libkmod would write lines of its own; one of ours says it all. */
	kmod_set_log_priority(ctx, LOG_EMERG);
	return ctx;
}

static int fail_module(const char *module, int err, const char *words)
{
	complain(module, "%s", words ?: strerror(-err));
	return status_of(err);
}

static int fail_insert(const char *module, int err)
{
	switch (-err) {
	case EEXIST:
		return fail_module(module, err, "is loaded already");
	case EPERM:
	case EACCES:
		return fail_module(module, err,
				   "permission denied: not allowed to load modules");
	case ENOEXEC:
		complain(module, "is no module for this kernel, see dmesg");
		return STATUS_ERROR;
	case ENOENT:
		complain(module, "needs symbols that are not there, see dmesg");
		return STATUS_ERROR;
	case EINVAL:
		complain(module,
			 "refused: a bad file or value of a parameter, see dmesg");
		return STATUS_ERROR;
	default:
		complain(module, "%s, see dmesg", strerror(-err));
		return STATUS_ERROR;
	}
}

/* PARAM=VALUE... as one string; the caller frees it. */
static char *join(int argc, char **argv)
{
	char *params = NULL;
	size_t size;
	FILE *out = open_memstream(&params, &size);
	int i;

	if (!out)
		return NULL;
	for (i = 0; i < argc; i++)
		fprintf(out, "%s%s", i ? " " : "", argv[i]);
	return fclose(out) ? NULL : params;
}

static int load_file(struct kmod_ctx *ctx, const char *path,
		     const char *params)
{
	struct kmod_module *module;
	int ret;

	if (access(path, R_OK))
		return fail_module(path, -errno, NULL);
	ret = kmod_module_new_from_path(ctx, path, &module);
	if (ret < 0)
		return fail_module(path, ret, NULL);
	ret = kmod_module_insert_module(module, 0, params);
	kmod_module_unref(module);
	return ret < 0 ? fail_insert(path, ret) : STATUS_OK;
}

static int load_name(struct kmod_ctx *ctx, const char *name,
		     const char *params)
{
	struct kmod_list *found = NULL;
	struct kmod_module *module;
	int ret;

	ret = kmod_module_new_from_lookup(ctx, name, &found);
	if (ret < 0 || !found)
		return fail_module(name, -ENOENT,
				   "no such module is installed for this kernel");
	module = kmod_module_get_module(found);
	ret = kmod_module_probe_insert_module(module, KMOD_PROBE_FAIL_ON_LOADED,
					      params, NULL, NULL, NULL);
	kmod_module_unref(module);
	kmod_module_unref_list(found);
	return ret < 0 ? fail_insert(name, ret) : STATUS_OK;
}

static bool is_file(const char *arg)
{
	size_t len = strlen(arg);

	return strchr(arg, '/') || (len > 3 && !strcmp(arg + len - 3, ".ko"));
}

int cmd_load(int argc, char **argv)
{
	const struct opt opts[] = { { } };
	const char *what = DEFAULT_MODULE;
	unsigned int flags = 0;
	struct kmod_ctx *ctx;
	char *params;
	int i, first, status;

	first = parse_options(argc, argv, opts, &flags, 0, -1);
	if (first < argc && !strchr(argv[first], '='))
		what = argv[first++];
	for (i = first; i < argc; i++)
		if (strchr(argv[i], '=') <= argv[i])
			usage_error("'%s' is not PARAM=VALUE",
				    printable(argv[i]));
	params = join(argc - first, argv + first);
	if (!params)
		return fail(what, -ENOMEM);
	ctx = new_context();
	status = is_file(what) ? load_file(ctx, what, params) :
				 load_name(ctx, what, params);
	kmod_unref(ctx);
	free(params);
	return status;
}

/* How many objects can be seen; the descriptor for it closes at exit. */
static unsigned int count_objects(void)
{
	struct mbox_stat st = { };
	unsigned int count = 0;
	int dev = mbox_device();

	if (dev < 0)
		return 0;
	while (mbox_list(dev, &st) >= 0)
		count++;
	close(dev);
	return count;
}

/* Who uses it is not to be had from the kernel; how many, and objects, are. */
static int fail_in_use(const char *name, int uses, bool ours)
{
	unsigned int objects = ours ? count_objects() : 0;

	if (objects)
		complain(name,
			 "in use (%d): mailboxes or regions exist, %u of them here (see mboxctl ls), or descriptors are open",
			 uses, objects);
	else
		complain(name,
			 "in use (%d): descriptors are open, or mailboxes or regions exist in other network namespaces",
			 uses);
	return STATUS_ERROR;
}

static int unload_module(const char *name, struct kmod_module *module)
{
	int uses, ret = kmod_module_remove_module(module, 0);

	switch (-ret) {
	case 0:
		return STATUS_OK;
	case ENOENT:
		return fail_module(name, ret, "is not loaded");
	case EPERM:
		return fail_module(name, ret,
				   "permission denied: not allowed to unload modules");
	case EAGAIN:
	case EBUSY:
		/* before a look at its objects uses it, too */
		uses = kmod_module_get_refcnt(module);
		return fail_in_use(name, uses,
				   !strcmp(name, DEFAULT_MODULE));
	default:
		return fail_module(name, ret, NULL);
	}
}

int cmd_unload(int argc, char **argv)
{
	const struct opt opts[] = { { } };
	const char *name = DEFAULT_MODULE;
	struct kmod_module *module;
	unsigned int flags = 0;
	struct kmod_ctx *ctx;
	int first, ret;

	first = parse_options(argc, argv, opts, &flags, 0, 1);
	if (first < argc)
		name = argv[first];
	ctx = new_context();
	ret = kmod_module_new_from_name(ctx, name, &module);
	if (ret < 0) {
		ret = fail_module(name, ret, NULL);
	} else {
		ret = unload_module(name, module);
		kmod_module_unref(module);
	}
	kmod_unref(ctx);
	return ret;
}
