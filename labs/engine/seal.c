// SPDX-License-Identifier: MIT
#include "engine/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/memory.h"

/* Lines "SEED", then for each file "NAME LENGTH" and its bytes, mixed with numbers of the seed's.
 */
#define SEALED "labs/reference.sealed"

static void mix(char *bytes, size_t length, unsigned int seed)
{
	uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (size_t i = 0; i < length; i++) {
		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		bytes[i] = (char)((unsigned char)bytes[i] ^ (unsigned char)(state >> 56));
	}
}

static FILE *open_sealed(const struct labs *labs, unsigned int *seed)
{
	char path[700];
	FILE *file;

	snprintf(path, sizeof(path), "%s/" SEALED, labs->root);
	file = fopen(path, "r");
	if (file && fscanf(file, "%u", seed) != 1) {
		fclose(file);
		file = NULL;
	}
	return file;
}

bool sealed(const struct labs *labs)
{
	return sealed_seed(labs) != 0;
}

unsigned int sealed_seed(const struct labs *labs)
{
	unsigned int seed = 0;
	FILE *file = open_sealed(labs, &seed);

	if (file)
		fclose(file);
	return file ? seed : 0;
}

static char *find(FILE *file, const char *name, unsigned int seed)
{
	char found[300];
	size_t length;

	while (fscanf(file, " %299s %zu", found, &length) == 2 && length < 1 << 24) {
		char *bytes = memory_zeroed(length + 1, 1);

		if (fgetc(file) != '\n' || fread(bytes, 1, length, file) != length) {
			free(bytes);
			return NULL;
		}
		if (strcmp(found, name) == 0) {
			mix(bytes, length, seed);
			return bytes;
		}
		free(bytes);
	}
	return NULL;
}

int reference_text(const struct labs *labs, const char *name, char **text, struct error *e)
{
	char path[1300];
	unsigned int seed;
	FILE *file = open_sealed(labs, &seed);

	*text = NULL;
	if (file) {
		*text = find(file, name, seed);
		fclose(file);
	}
	if (*text)
		return 0;
	snprintf(path, sizeof(path), "%s/%s", labs->root, name);
	return read_text(path, text, e);
}

/* make goes by the time of the last change, and would build the stubs. */
static void keep_time(const char *from, const char *to)
{
	struct stat status;

	if (!stat(from, &status))
		utimensat(AT_FDCWD, to, (struct timespec[2]){status.st_atim, status.st_mtim}, 0);
}

static int seal_one(const struct labs *labs, const char *name, const char *stage, FILE *file,
		    unsigned int seed, struct error *e)
{
	struct marked marked = {.count = 0};
	char from[1300], to[1300];
	char *text, *stubs;
	int ret;

	snprintf(from, sizeof(from), "%s/%s", labs->root, name);
	snprintf(to, sizeof(to), "%s/%s", stage, name);
	ret = read_text(from, &text, e);
	if (ret)
		return ret;
	ret = marked_parse(&marked, name, text, e);
	if (!ret) {
		stubs = marked_stubs(&marked);
		unlink(to);
		ret = write_text(to, stubs, e);
		keep_time(from, to);
		free(stubs);
		fprintf(file, "%s %zu\n", name, strlen(text));
		mix(text, strlen(marked.source), seed);
		fwrite(text, 1, strlen(marked.source), file);
		marked_free(&marked);
	}
	free(text);
	return ret;
}

static bool was_before(const struct labs *labs, size_t lab, size_t file)
{
	for (size_t i = 0; i <= lab; i++) {
		for (size_t j = 0; j < (i == lab ? file : labs->list[i].nfiles); j++) {
			if (strcmp(labs->list[i].files[j], labs->list[lab].files[file]) == 0)
				return true;
		}
	}
	return false;
}

int seal_all(const struct labs *labs, const char *stage, unsigned int seed, struct error *e)
{
	char path[700];
	int ret = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/" SEALED, stage);
	file = fopen(path, "w");
	if (!file)
		return error_set(e, -errno, "can't write %s: %s; see if there is room", path,
				 strerror(errno));
	fprintf(file, "%u\n", seed);
	for (size_t i = 0; i < labs->count && !ret; i++) {
		for (size_t j = 0; j < labs->list[i].nfiles && !ret; j++) {
			if (!was_before(labs, i, j))
				ret = seal_one(labs, labs->list[i].files[j], stage, file, seed, e);
		}
	}
	if (fclose(file) && !ret)
		ret = error_set(e, -EIO, "can't write %s; see if there is room", path);
	return ret;
}
