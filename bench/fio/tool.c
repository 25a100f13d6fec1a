// SPDX-License-Identifier: MIT
/* core/tool.h by fio, the one tool that there is. */
#include "core/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fio/job.h"
#include "fio/result.h"
#include "fio/run.h"

/* The job as a file without a name, to be fio's standard input; or a negative errno. */
static int job_file(const struct repetition_context *c, int file)
{
	const struct workload *w = &c->cell->workload;
	char filename[32];
	struct fio_place place = {
		.filename = filename, .prepared = true, .seeded = true, .seed = c->seed};
	int fd = memfd_create("fio-job", MFD_CLOEXEC), ret;
	FILE *out = fd >= 0 ? fdopen(dup(fd), "w") : NULL;

	if (!out) {
		ret = -errno;
		if (fd >= 0)
			close(fd);
		return ret;
	}
	/* The descriptor is handed down: our file has no name, and a file's name may change. */
	snprintf(filename, sizeof(filename), "/proc/self/fd/%d", file);
	fio_job_write(out, "cell", w, fio_engine_of(w->path), &place);
	ret = ferror(out) ? -EIO : 0;
	if (fclose(out) != 0 && !ret)
		ret = -errno;
	if (!ret && lseek(fd, 0, SEEK_SET) != 0)
		ret = -errno;
	if (ret)
		close(fd);
	return ret ? ret : fd;
}

/* Its own words, one line of them: what it complains of stands first. */
static int fio_failed(const struct fio_output *output, struct error *e)
{
	const char *said = output->messages[0] ? output->messages : output->text;

	return error_set(e, -EIO,
			 "fio ended with status %d: %.*s; try the cell with fio alone: "
			 "bypass export --fio",
			 output->status, (int)strcspn(said, "\n"), said);
}

int tool_repetition(const struct repetition_context *c, struct pass_result *result,
		    struct tool_report *report, struct error *e)
{
	static const char *const may_write[] = {"fio", "--output-format=json+", "--eta=never", "-",
						NULL};
	static const char *const reads[] = {
		"fio", "--output-format=json+", "--eta=never", "--readonly", "-", NULL};
	const struct workload *w = &c->cell->workload;
	struct fio_output output = {NULL, NULL, 0, 0, 0};
	int file = fcntl(c->target->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), ret;
	int job = file >= 0 ? job_file(c, file) : -errno;

	if (fio_engine_of(w->path)->mapping)
		result->kind = fio_job_first_touch(w) ? PASS_FIRST_TOUCH : PASS_AGAIN;
	if (job < 0)
		ret = error_set(e, job, "can't hand the job to fio: %s; end other programs",
				strerror(-job));
	else
		ret = fio_run(rw_writes(w->rw) ? may_write : reads, job, file, &output, e);
	if (!ret && output.status != 0)
		ret = fio_failed(&output, e);
	if (!ret)
		ret = fio_result_parse(output.text, result, report, e);
	report->storage_read = output.storage_read;
	report->storage_written = output.storage_written;
	fio_output_free(&output);
	if (job >= 0)
		close(job);
	if (file >= 0)
		close(file);
	return ret;
}
