// SPDX-License-Identifier: MIT
#include "paths/path.h"

#include <string.h>

extern const struct path_ops path_null, path_buffered, path_direct, path_dax, path_mmap_shared,
	path_mmap_private, path_mmap_dax;

const struct path_ops *const path_table[] = {
	&path_null,        &path_buffered,     &path_direct,   &path_dax,
	&path_mmap_shared, &path_mmap_private, &path_mmap_dax, NULL,
};

const struct path_ops *path_find(const char *name)
{
	for (unsigned int i = 0; path_table[i]; i++) {
		if (strcmp(path_table[i]->name, name) == 0)
			return path_table[i];
	}
	return NULL;
}
