// SPDX-License-Identifier: MIT
#include "vm/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The emulated processor, feature by feature, so that every QEMU makes the same one and a count of
 * instructions means the same. Left out on purpose: erms and fsrm, with which a copy is one `rep
 * movsb` in some kernel paths and a loop of stores in others, each counted differently.
 */
#define CPU_TCG                                                                                    \
	"qemu64-v1,vendor=AuthenticAMD,family=15,model=107,stepping=1,svm=off,erms=off,fsrm=off,"  \
	"+ss,+pclmulqdq,+monitor,+ssse3,+fma,+sse4.1,+sse4.2,+movbe,+popcnt,+aes,+xsave,"          \
	"+avx,+f16c,+rdrand,+fsgsbase,+bmi1,+avx2,+bmi2,+smep,+adx,+smap,+clflushopt,+clwb,"       \
	"+umip,+pku,+xsaveopt,+xgetbv1,+syscall,+mmxext,+pdpe1gb,+rdtscp,+abm,"                    \
	"+sse4a,+arat"

/* Numbers of the PCI buses of a machine with several nodes: a root bus, and one for each port. */
#define PXB_BUS_FIRST 32
#define PXB_BUSES     16

const char *vm_machine_cpu(bool kvm)
{
	return kvm ? "host" : CPU_TCG;
}

static void add_accelerator(const struct vm_machine *machine, struct vm_vector *arguments)
{
	vm_vector_add(arguments, "-accel");
	/*
	 * One thread runs all emulated processors. With one for each, QEMU before 8.1 can translate
	 * an instruction that another processor is just changing, and keep what it was: when the
	 * kernel switched a tracepoint in the scheduler, both processors executed the breakpoint
	 * that stands there for a moment, for ever.
	 */
	vm_vector_add(arguments, machine->kvm ? "kvm,kernel-irqchip=split" : "tcg,thread=single");
	if (machine->options->clock == VM_CLOCK_INSTRUCTIONS) {
		vm_vector_add(arguments, "-icount");
		/* With sleep=off virtual time would leap while a disk works. */
		vm_vector_add(arguments, "shift=0,sleep=on");
		/* The processor's random numbers are the same in every boot. */
		vm_vector_add(arguments, "-seed");
		vm_vector_add(arguments, "1");
	}
	vm_vector_add(arguments, "-cpu");
	vm_vector_add(arguments, "%s", vm_machine_cpu(machine->kvm));
	if (machine->options->plugin) {
		vm_vector_add(arguments, "-plugin");
		vm_vector_add(arguments, "%s", machine->options->plugin);
	}
}

static void add_numa(const struct vm_options *options, struct vm_vector *arguments)
{
	const unsigned int nodes = options->numa;
	/* In steps of 2 MiB; the first node takes what division leaves over. */
	const uint64_t share = options->memory_bytes / nodes & ~((2ull << 20) - 1);

	for (unsigned int node = 0; node < nodes; node++) {
		const uint64_t nbytes = node ? share : options->memory_bytes - share * (nodes - 1);

		vm_vector_add(arguments, "-object");
		vm_vector_add(arguments, "memory-backend-ram,id=ram%u,size=%" PRIu64, node, nbytes);
		vm_vector_add(arguments, "-numa");
		vm_vector_add(arguments, "node,nodeid=%u,memdev=ram%u", node, node);
	}
	for (unsigned int cpu = 0; cpu < options->cpus; cpu++) {
		vm_vector_add(arguments, "-numa");
		vm_vector_add(arguments, "cpu,node-id=%u,socket-id=%u,core-id=0,thread-id=0",
			      cpu * nodes / options->cpus, cpu);
	}
}

static void add_memory(const struct vm_options *options, struct vm_vector *arguments)
{
	uint64_t most = options->memory_bytes;

	/* QEMU puts each NVDIMM at a multiple of 1 GiB and wants room for that. */
	for (unsigned int i = 0; i < options->pmem.count; i++)
		most += options->pmem.nbytes[i] + (2ull << 30);
	vm_vector_add(arguments, "-m");
	if (options->pmem.count)
		vm_vector_add(arguments, "%" PRIu64 "M,slots=%u,maxmem=%" PRIu64 "M",
			      options->memory_bytes >> 20, options->pmem.count, most >> 20);
	else
		vm_vector_add(arguments, "%" PRIu64 "M", options->memory_bytes >> 20);
	/* A processor that shared a socket with one of another node would be a strange machine. */
	vm_vector_add(arguments, "-smp");
	vm_vector_add(arguments, "cpus=%u,sockets=%u,cores=%u,threads=1", options->cpus,
		      options->numa > 1 ? options->cpus : 1, options->numa > 1 ? 1 : options->cpus);
	if (options->numa > 1)
		add_numa(options, arguments);
}

static void add_port(struct vm_vector *arguments, const char *name, int fd)
{
	vm_vector_add(arguments, "-chardev");
	vm_vector_add(arguments, "socket,id=%s,fd=%d", name, fd);
	vm_vector_add(arguments, "-device");
	vm_vector_add(arguments, "virtserialport,chardev=%s,name=bypass.%s", name, name);
}

static void add_channels(const struct vm_machine_fds *fds, struct vm_vector *arguments)
{
	vm_vector_add(arguments, "-device");
	vm_vector_add(arguments, "virtio-serial-pci,max_ports=8");
	add_port(arguments, "control", fds->control);
	add_port(arguments, "stdin", fds->in);
	add_port(arguments, "stdout", fds->out);
	add_port(arguments, "stderr", fds->err);
	vm_vector_add(arguments, "-chardev");
	vm_vector_add(arguments, "socket,id=console,fd=%d", fds->console);
	vm_vector_add(arguments, "-serial");
	vm_vector_add(arguments, "chardev:console");
}

/* In QEMU's option lists a comma is written twice. */
static char *escape_commas(const char *path, char *escaped, size_t nbytes)
{
	size_t used = 0;

	for (; *path && used + 2 < nbytes; path++) {
		escaped[used++] = *path;
		if (*path == ',')
			escaped[used++] = ',';
	}
	escaped[used] = 0;
	return escaped;
}

static void add_folders(const struct vm_options *options, struct vm_vector *arguments)
{
	char path[2 * 4096];

	vm_vector_add(arguments, "-fsdev");
	vm_vector_add(arguments,
		      "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap");
	vm_vector_add(arguments, "-device");
	vm_vector_add(arguments, "virtio-9p-pci,fsdev=root,mount_tag=root");
	for (unsigned int i = 0; i < options->share_count; i++) {
		vm_vector_add(arguments, "-fsdev");
		vm_vector_add(arguments,
			      "local,id=share%u,security_model=none,multidevs=remap,path=%s", i,
			      escape_commas(options->shares[i], path, sizeof(path)));
		vm_vector_add(arguments, "-device");
		vm_vector_add(arguments, "virtio-9p-pci,fsdev=share%u,mount_tag=share%u", i, i);
	}
}

/*
 * A PCI bus of its own for each node, since a device is on the node of its root bus and that of the
 * machine itself is on none. Disk i is behind a port of node i % nodes, as NVDIMM i is.
 */
static void add_buses(const struct vm_options *options, struct vm_vector *arguments)
{
	for (unsigned int node = 0; node < options->numa && node < options->nvme.count; node++) {
		vm_vector_add(arguments, "-device");
		vm_vector_add(arguments, "pxb-pcie,id=node%u,bus=pcie.0,bus_nr=%u,numa_node=%u",
			      node, PXB_BUS_FIRST + node * PXB_BUSES, node);
	}
	for (unsigned int i = 0; i < options->nvme.count; i++) {
		vm_vector_add(arguments, "-device");
		vm_vector_add(arguments, "pcie-root-port,id=port%u,bus=node%u,chassis=%u", i,
			      i % options->numa, i + 1);
	}
}

static void add_disk(const struct vm_options *options, unsigned int i, struct vm_vector *arguments)
{
	vm_vector_add(arguments, "-device");
	if (options->numa > 1)
		vm_vector_add(arguments, "nvme,drive=nvme%u,serial=bypass-nvme%u,bus=port%u", i, i,
			      i);
	else
		vm_vector_add(arguments, "nvme,drive=nvme%u,serial=bypass-nvme%u", i, i);
}

static void add_media(const struct vm_machine *machine, struct vm_vector *arguments)
{
	const struct vm_options *options = machine->options;

	for (unsigned int i = 0; i < options->pmem.count; i++) {
		vm_vector_add(arguments, "-object");
		vm_vector_add(arguments,
			      "memory-backend-file,id=pmem%u,share=on,mem-path=/proc/self/fd/%d,"
			      "size=%" PRIu64,
			      i, machine->fds.pmem[i], options->pmem.nbytes[i]);
		vm_vector_add(arguments, "-device");
		vm_vector_add(arguments, "nvdimm,id=nvdimm%u,memdev=pmem%u,node=%u", i, i,
			      i % options->numa);
	}
	if (options->numa > 1)
		add_buses(options, arguments);
	for (unsigned int i = 0; i < options->nvme.count; i++) {
		vm_vector_add(arguments, "-drive");
		vm_vector_add(arguments,
			      "if=none,id=nvme%u,format=raw,cache=unsafe,discard=unmap,"
			      "file=/proc/self/fd/%d",
			      i, machine->fds.nvme[i]);
		add_disk(options, i, arguments);
	}
}

static void add_kernel(const struct vm_machine *machine, struct vm_vector *arguments)
{
	/* An oops ends the machine: nothing that runs after it would be worth a figure. */
	static const char always[] =
		"rdinit=/init console=ttyS0 quiet loglevel=4 panic=-1 oops=panic "
		"nowatchdog rcupdate.rcu_cpu_stall_suppress=1 random.trust_cpu=on audit=0 "
		"intel_iommu=on iommu=pt nvme.poll_queues=1";
	/*
	 * The time-stamp counter is the count of instructions, 1 per nanosecond exactly: told, not
	 * measured, and with neither HPET nor ACPI timer there is nothing to refine it by, which
	 * ended one part per million away in some boots. The local APIC's timer would need them to
	 * be calibrated (without, a loop of 11 s): the PIT, as a one-shot timer, ticks instead.
	 * Addresses and random numbers are the same in every boot.
	 */
	static const char counted[] = "nokaslr norandmaps tsc=reliable tsc_early_khz=1000000 "
				      "hpet=disable pmtmr=0 nolapic_timer";
	/*
	 * The kernel would wait for a few ticks of the timer, and panic when an emulated processor
	 * on a busy computer gets none in that time.
	 */
	static const char timed[] = "no_timer_check";
	/*
	 * The debug kernel is so slow that the TSC looks unstable; reading the HPET instead would
	 * make it slower still. And where a page was ever marked as bad, it trips over itself when
	 * memory is removed: it overwrites the struct pages with a pattern, then looks at their
	 * flags. Without the pattern it doesn't.
	 */
	static const char checked[] = " tsc=reliable vm_debug=-";

	vm_vector_add(arguments, "-kernel");
	vm_vector_add(arguments, "%s", machine->kernel);
	vm_vector_add(arguments, "-initrd");
	vm_vector_add(arguments, "%s", machine->initramfs);
	vm_vector_add(arguments, "-append");
	vm_vector_add(arguments, "%s %s%s", always,
		      machine->options->clock == VM_CLOCK_INSTRUCTIONS ? counted : timed,
		      strcmp(machine->options->kernel, "debug") ? "" : checked);
}

void vm_machine_arguments(const struct vm_machine *machine, struct vm_vector *arguments)
{
	vm_vector_add(arguments, VM_QEMU);
	vm_vector_add(arguments, "-no-user-config");
	vm_vector_add(arguments, "-nodefaults");
	vm_vector_add(arguments, "-display");
	vm_vector_add(arguments, "none");
	/* A panic resets the machine (panic=-1), and a reset ends QEMU. */
	vm_vector_add(arguments, "-no-reboot");
	vm_vector_add(arguments, "-machine");
	vm_vector_add(arguments, "q35,nvdimm=%s,vmport=off",
		      machine->options->pmem.count ? "on" : "off");
	add_accelerator(machine, arguments);
	add_memory(machine->options, arguments);
	/* Before every device that it is to translate for. */
	vm_vector_add(arguments, "-device");
	vm_vector_add(arguments, "intel-iommu,intremap=on,caching-mode=on");
	add_channels(&machine->fds, arguments);
	add_folders(machine->options, arguments);
	add_media(machine, arguments);
	add_kernel(machine, arguments);
}
