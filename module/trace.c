// SPDX-License-Identifier: GPL-2.0
/* The tracepoints themselves. */
#include "mbox.h"

#define CREATE_TRACE_POINTS
#include "trace.h"
