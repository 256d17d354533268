// SPDX-License-Identifier: GPL-2.0
/*
 * The way of a message, from user memory into a mailbox and back, as one unit of
 * compilation.
 *
 * Each of these files is complete, and could be compiled by itself. But on its way
 * a message comes through all of them, in steps that are small: to call one costs
 * as much as half of what it does. Here the compiler sees them all, and puts those
 * that say __always_inline where they are called from; to all others they are
 * functions like any.
 */
#include "message.c"
#include "wait.c"
#include "line.c"
#include "hold.c"
#include "transfer.c"
#include "send.c"
#include "receive.c"
#include "deliver.c"
#include "call.c"
#include "ioctl_message.c"
#include "batch.c"
#include "rw.c"
