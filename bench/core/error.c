// SPDX-License-Identifier: MIT
#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>

int error_set(struct error *e, int result, const char *format, ...)
{
	va_list args;

	if (!e)
		return result;
	va_start(args, format);
	vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	return result;
}
