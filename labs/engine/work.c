// SPDX-License-Identifier: MIT
/* The student's tree: labs/work/NAME/, the lab's files with its regions cut out. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/memory.h"
#include "engine/lab.h"
#include "engine/seal.h"

const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int read_text(const char *path, char **text, struct error *e)
{
	FILE *file = fopen(path, "r");
	size_t length = 0, room = 1 << 16;
	char *bytes;

	if (!file)
		return error_set(e, -errno, "can't read %s: %s; see if it is there", path,
				 strerror(errno));
	bytes = memory_zeroed(room, 1);
	for (;;) {
		size_t n = fread(bytes + length, 1, room - length - 1, file);

		length += n;
		if (!n)
			break;
		if (length + 1 == room) {
			bytes = realloc(bytes, room *= 2);
			if (!bytes)
				memory_exhausted();
		}
	}
	bytes[length] = '\0';
	if (ferror(file) || strlen(bytes) != length) {
		fclose(file);
		free(bytes);
		return error_set(e, -EINVAL, "%s is no text; look at what is in it", path);
	}
	fclose(file);
	*text = bytes;
	return 0;
}

int write_text(const char *path, const char *text, struct error *e)
{
	FILE *file = fopen(path, "w");

	if (file && fputs(text, file) >= 0 && fclose(file) == 0)
		return 0;
	return error_set(e, -errno, "can't write %s: %s; see if there is room", path,
			 strerror(errno));
}

int make_folders(const char *path, struct error *e)
{
	char folder[1200];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	for (slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0777) && errno != EEXIST)
			return error_set(e, -errno, "can't make the folder %s: %s; see who owns it",
					 folder, strerror(errno));
		*slash = '/';
	}
	return 0;
}

bool lab_started(const struct lab *lab)
{
	return access(lab->work, F_OK) == 0;
}

static int write_file(const struct labs *labs, const struct lab *lab, enum variant variant,
		      const char *name, struct error *e)
{
	char to[1200];
	struct marked marked = {.count = 0};
	char *source = NULL, *cut;
	int ret;

	snprintf(to, sizeof(to), "%s/%s", lab->work, file_name(name));
	ret = reference_text(labs, name, &source, e);
	if (ret)
		return ret;
	ret = marked_parse(&marked, name, source, e);
	free(source);
	if (ret)
		return ret;
	cut = variant == VARIANT_SOLVED ? marked_solution(&marked, lab->number)
					: marked_cut(&marked, lab->number);
	ret = make_folders(to, e);
	if (!ret)
		ret = write_text(to, cut, e);
	free(cut);
	marked_free(&marked);
	return ret;
}

int lab_start(const struct labs *labs, const struct lab *lab, enum variant variant, struct error *e)
{
	char folder[700];
	int ret = 0;

	if (lab_started(lab))
		return error_set(e, -EEXIST,
				 "%s is there already: go on with it, or do: bypass lab reset %u",
				 lab->work, lab->number);
	snprintf(folder, sizeof(folder), "%s/", lab->work);
	ret = make_folders(folder, e);
	for (size_t i = 0; i < lab->nfiles && !ret; i++)
		ret = write_file(labs, lab, variant, lab->files[i], e);
	return ret;
}

int lab_reset(const struct labs *labs, const struct lab *lab, char *kept, size_t size,
	      struct error *e)
{
	if (!lab_started(lab))
		return error_set(e, -ENOENT, "lab %u isn't started; do: bypass lab start %u",
				 lab->number, lab->number);
	for (unsigned int n = 1; n < 1000; n++) {
		snprintf(kept, size, "%s.before-%u", lab->work, n);
		if (access(kept, F_OK) == 0)
			continue;
		if (rename(lab->work, kept))
			return error_set(e, -errno, "can't move %s to %s: %s; see who owns it",
					 lab->work, kept, strerror(errno));
		return lab_start(labs, lab, VARIANT_UNSOLVED, e);
	}
	return error_set(e, -EEXIST, "there are 999 old copies of %s; remove some", lab->work);
}
