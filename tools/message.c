// SPDX-License-Identifier: GPL-2.0
/* A received message as text: what is known of it, and its data in JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mboxctl.h"

static void put_string(FILE *out, const char *data, size_t len)
{
	size_t i;

	putc('"', out);
	for (i = 0; i < len; i++) {
		unsigned char c = data[i];

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			putc(c, out);
	}
	putc('"', out);
}

static void put_base64(FILE *out, const char *data, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = (const unsigned char *)data;
	size_t i, j, bytes;

	putc('"', out);
	for (i = 0; i < len; i += 3) {
		__u32 bits = 0;

		/* Three bytes are four digits; of fewer, the rest is '='. */
		bytes = len - i < 3 ? len - i : 3;
		for (j = 0; j < bytes; j++)
			bits |= in[i + j] << (16 - 8 * j);
		for (j = 0; j < 4; j++)
			putc(j <= bytes ? digits[bits >> (18 - 6 * j) & 63] :
					  '=', out);
	}
	putc('"', out);
}

static bool is_utf8(const char *data, size_t len)
{
	size_t i, step;

	for (i = 0; i < len; i += step) {
		step = utf8_char((const unsigned char *)data + i, len - i);
		if (!step)
			return false;
	}
	return true;
}

static void put_time(FILE *out, __u64 time)
{
	fprintf(out, "%llu.%09llu", time / 1000000000, time % 1000000000);
}

static const char *kind_name(const struct mbox_recv *msg)
{
	if (msg->msg_flags & MBOX_MSG_CALL)
		return "call";
	if (msg->msg_flags & MBOX_MSG_REPLY)
		return "reply";
	return "message";
}

/* Running out of memory shows at the end. */
static char *finish_text(FILE *out, char **text)
{
	bool failed = ferror(out);

	if (!fclose(out) && !failed)
		return *text;
	free(*text);
	return NULL;
}

/* Of a message that was cut, what has come of it. */
size_t message_len(const struct mbox_recv *msg)
{
	return msg->len < msg->buf_size ? msg->len : msg->buf_size;
}

char *message_json(const struct mbox_recv *msg, const char *data)
{
	size_t size, len = message_len(msg);
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "{\"seq\":%llu,\"priority\":%u,\"type\":%lld,\"time\":",
		msg->seq, msg->priority, msg->type);
	put_time(out, msg->time);
	fprintf(out, ",\"pid\":%d,\"tid\":%d,\"uid\":%u,\"gid\":%u,",
		msg->pid, msg->tid, msg->uid, msg->gid);
	fprintf(out, "\"kind\":\"%s\",\"deliveries\":%u,\"missed\":%llu,",
		kind_name(msg), msg->deliveries, msg->missed);
	fprintf(out, "\"truncated\":%zu,\"len\":%zu,", msg->len - len, len);
	if (is_utf8(data, len)) {
		fputs("\"data\":", out);
		put_string(out, data, len);
	} else {
		fputs("\"base64\":", out);
		put_base64(out, data, len);
	}
	putc('}', out);
	return finish_text(out, &text);
}

char *message_info(const struct mbox_recv *msg)
{
	size_t size, len = message_len(msg);
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "seq=%llu priority=%u type=%lld time=", msg->seq,
		msg->priority, msg->type);
	put_time(out, msg->time);
	fprintf(out, " pid=%d tid=%d uid=%u gid=%u user=%s",
		msg->pid, msg->tid, msg->uid, msg->gid, user_name(msg->uid));
	fprintf(out, " kind=%s deliveries=%u missed=%llu truncated=%zu len=%zu\n",
		kind_name(msg), msg->deliveries, msg->missed, msg->len - len,
		len);
	return finish_text(out, &text);
}
