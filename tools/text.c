// SPDX-License-Identifier: GPL-2.0
/* Bytes and numbers made fit to print. */
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "mboxctl.h"

const char *user_name(uid_t uid)
{
	static char name[64];
	static uid_t last;
	const struct passwd *user;

	/* A list tells of the same few users again and again. */
	if (*name && uid == last)
		return name;
	last = uid;
	user = getpwuid(uid);
	if (user)
		snprintf(name, sizeof(name), "%s", user->pw_name);
	else
		snprintf(name, sizeof(name), "%u", uid);
	return name;
}

const char *group_name(gid_t gid)
{
	static char name[64];
	static gid_t last;
	const struct group *group;

	if (*name && gid == last)
		return name;
	last = gid;
	group = getgrgid(gid);
	if (group)
		snprintf(name, sizeof(name), "%s", group->gr_name);
	else
		snprintf(name, sizeof(name), "%u", gid);
	return name;
}

const char *printable(const char *name)
{
	/* Each byte may become four, and command lines know longer words. */
	static char text[4 * 1024 + 1];
	char *out = text;
	mbstate_t state = { };
	wchar_t wide;
	size_t len;

	while (*name && out < text + sizeof(text) - MB_LEN_MAX - 4) {
		len = mbrtowc(&wide, name, strlen(name), &state);
		if (len > MB_LEN_MAX || !iswprint(wide)) {
			out += sprintf(out, "\\x%02x", (unsigned char)*name++);
			memset(&state, 0, sizeof(state));
			continue;
		}
		out = mempcpy(out, name, len);
		name += len;
	}
	*out = 0;
	return text;
}

/* How many bytes a UTF-8 character with this first byte has; 0: none has. */
static size_t utf8_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	if (first >= 0xf0 && first < 0xf5)
		return 4;
	return 0;
}

size_t utf8_char(const unsigned char *p, size_t len)
{
	size_t i, need = utf8_length(*p);

	if (!need || need > len)
		return 0;
	for (i = 1; i < need; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* Too long a form, half of a UTF-16 pair, beyond the last character. */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return need;
}

void utf8_copy(char *out, const char *name)
{
	size_t len;

	while (*name) {
		len = utf8_char((const unsigned char *)name, strlen(name));
		if (len) {
			out = mempcpy(out, name, len);
			name += len;
		} else {
			out = stpcpy(out, "\357\277\275"); /* U+FFFD */
			name++;
		}
	}
	*out = 0;
}
