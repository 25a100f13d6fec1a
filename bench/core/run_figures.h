/* SPDX-License-Identifier: MIT */
/*
 * The figures of run_summary.c: each a small function of one repetition's pass.
 */
#ifndef BYPASS_RUN_FIGURES_H
#define BYPASS_RUN_FIGURES_H

#include "core/run.h"

/* What the figures of one pass of one cell are computed from. */
struct scope {
	const struct run *run;
	const struct cell *cell;
	unsigned int pass;
	uint32_t percentile_ppm; /* of figure_latency */
	enum machine_counter counter;
	struct quantity copy; /* known before work is computed */
	bool irq_known;       /* in every repetition: else repetitions would be unlike */
	bool sleeps_counted;  /* by the path */
	bool looks_counted;   /* not every wait is made of looks that the harness sees */
	uint64_t *values;     /* room for one per repetition */
	size_t nvalues;
};

enum sample {
	SAMPLE_VALUE,
	SAMPLE_NONE,    /* nothing of the kind happened in this repetition */
	SAMPLE_UNKNOWN, /* it was not observed, so the figure is not known at all */
};

typedef enum sample (*figure)(const struct scope *scope, const struct pass_result *pass,
			      uint64_t *value);

/* @amount * @mul / @div to the nearest, 2^64 - 1 if that is too small to hold it. */
uint64_t figure_ratio(uint64_t amount, uint64_t mul, uint64_t div);
/* This pass of repetition @i; NULL if it did not happen or did nothing that could be divided by. */
const struct pass_result *figure_pass(const struct scope *scope, size_t i);

enum sample figure_iops(const struct scope *scope, const struct pass_result *pass, uint64_t *value);
enum sample figure_bytes_per_s(const struct scope *scope, const struct pass_result *pass,
			       uint64_t *value);
enum sample figure_latency(const struct scope *scope, const struct pass_result *pass,
			   uint64_t *value);
enum sample figure_cpu(const struct scope *scope, const struct pass_result *pass, uint64_t *value);
enum sample figure_irq(const struct scope *scope, const struct pass_result *pass, uint64_t *value);
enum sample figure_wait(const struct scope *scope, const struct pass_result *pass, uint64_t *value);
enum sample figure_work(const struct scope *scope, const struct pass_result *pass, uint64_t *value);
enum sample figure_rank(const struct scope *scope, const struct pass_result *pass, uint64_t *value);
enum sample figure_fault(const struct scope *scope, const struct pass_result *pass,
			 uint64_t *value);
enum sample figure_faults_minor(const struct scope *scope, const struct pass_result *pass,
				uint64_t *value);
enum sample figure_faults_major(const struct scope *scope, const struct pass_result *pass,
				uint64_t *value);
enum sample figure_switches(const struct scope *scope, const struct pass_result *pass,
			    uint64_t *value);
enum sample figure_interrupts(const struct scope *scope, const struct pass_result *pass,
			      uint64_t *value);
enum sample figure_device_bytes(const struct scope *scope, const struct pass_result *pass,
				uint64_t *value);
enum sample figure_flushes(const struct scope *scope, const struct pass_result *pass,
			   uint64_t *value);
enum sample figure_doorbells(const struct scope *scope, const struct pass_result *pass,
			     uint64_t *value);
enum sample figure_sleeps(const struct scope *scope, const struct pass_result *pass,
			  uint64_t *value);
enum sample figure_empty_looks(const struct scope *scope, const struct pass_result *pass,
			       uint64_t *value);
enum sample figure_machine_counter(const struct scope *scope, const struct pass_result *pass,
				   uint64_t *value);

#endif
