// SPDX-License-Identifier: GPL-2.0
/*
 * A text that stays in its place on the terminal.
 *
 * It is drawn on the terminal's second screen, where the cursor is hidden and
 * what is too long for a line is cut. Signals are only taken in screen_wait():
 * there all of this is undone before a signal has its effect, and the last text
 * is left behind, as if it had been printed.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "mboxctl.h"

/* Second screen, cursor, wrapping of lines: see console_codes(4). */
#define ENTER		"\033[?1049h\033[?25l\033[?7l"
#define LEAVE		"\033[?7h\033[?25h\033[?1049l"
#define HOME		"\033[H"
#define END_OF_LINE	"\033[K\n"
#define END_OF_TEXT	"\033[J"

/**
 * struct screen - the terminal
 * @open: it is ours
 * @signals: what screen_wait() looks for; nothing as long as it was never ours
 * @text: what was drawn last
 */
static struct screen {
	bool open;
	sigset_t signals;
	char *text;
} screen;

/* What ends or stops us, unless we were started so that it does not. */
static void block_signals(void)
{
	static const int signals[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH,
	};
	struct sigaction action;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(signals); i++)
		if (!sigaction(signals[i], NULL, &action) &&
		    action.sa_handler != SIG_IGN)
			sigaddset(&screen.signals, signals[i]);
	sigprocmask(SIG_BLOCK, &screen.signals, NULL);
}

static void enter(void)
{
	screen.open = true;
	fputs(ENTER, stdout);
}

void screen_close(void)
{
	if (!screen.open)
		return;
	screen.open = false;
	fputs(LEAVE, stdout);
	if (screen.text)
		fputs(screen.text, stdout);
	fflush(stdout);
}

bool screen_open(void)
{
	const char *term = getenv("TERM");

	if (!isatty(STDOUT_FILENO) || !term || !strcmp(term, "dumb"))
		return false;
	block_signals();
	atexit(screen_close);
	enter();
	return true;
}

unsigned int screen_lines(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row)
		return 24;
	return size.ws_row;
}

void screen_draw(char *text)
{
	const char *line = text;
	size_t len;

	free(screen.text);
	screen.text = text;
	fputs(HOME, stdout);
	while (*line) {
		len = strcspn(line, "\n");
		fwrite(line, 1, len, stdout);
		fputs(END_OF_LINE, stdout);
		line += len + (line[len] == '\n');
	}
	fputs(END_OF_TEXT, stdout);
}

/* The signal has been taken, and is still to have its effect. */
static noreturn void die(int sig)
{
	sigset_t set;

	screen_close();
	raise(sig);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	exit(STATUS_ERROR);
}

enum screen_event screen_wait(__u64 deadline)
{
	struct timespec left;
	int sig;

	do {
		sig = sigtimedwait(&screen.signals, NULL,
				   time_left(deadline, &left));
	} while (sig < 0 && errno == EINTR);

	switch (sig) {
	case -1:
		return SCREEN_TIME;
	case SIGTSTP:
		screen_close();
		raise(SIGSTOP);
		enter();
		return SCREEN_REDRAW;
	case SIGWINCH:
		return SCREEN_REDRAW;
	default:
		die(sig);
	}
}
