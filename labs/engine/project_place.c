// SPDX-License-Identifier: MIT
#include "engine/project_place.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <strings.h>
#include <sys/statfs.h>
#include <sys/utsname.h>

#ifndef V9FS_MAGIC
#define V9FS_MAGIC 0x01021997
#endif

int place_refuse(const char *root, long fs_type, const char *release, struct error *e)
{
	if (fs_type != V9FS_MAGIC || !strcasestr(release, "microsoft"))
		return 0;
	return error_set(e, -EINVAL,
			 "%s is on a Windows drive, where files have no modes, links or locks and "
			 "git may have changed the ends of lines; clone the project into your home "
			 "folder in Linux",
			 root);
}

int place_check(const char *root, struct error *e)
{
	struct statfs status;
	struct utsname name;

	if (statfs(root, &status) || uname(&name))
		return 0;
	return place_refuse(root, (long)status.f_type, name.release, e);
}
