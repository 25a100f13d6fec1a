// SPDX-License-Identifier: MIT
#include "core/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/memory.h"

#define KALLSYMS     "/proc/kallsyms"
#define KERNEL_START 0xffff800000000000ull

/* Its end is where the next one begins, or where its table says. */
struct entry {
	uint64_t address, end;
	char *name;
	const char *where;
	bool global;
};

struct symbols {
	struct entry *entries;
	size_t count, room;
	char **places; /* what entries' `where` points to */
	size_t place_count;
};

static const char *add_place(struct symbols *s, const char *name)
{
	for (size_t i = s->place_count; i-- > 0;) {
		if (strcmp(s->places[i], name) == 0)
			return s->places[i];
	}
	s->places = memory_append(s->places, s->place_count, sizeof(*s->places));
	return s->places[s->place_count++] = memory_string(name);
}

/* @nbytes 0: up to the next one. */
static void add(struct symbols *s, uint64_t address, uint64_t nbytes, const char *name,
		const char *where, bool global)
{
	struct entry *entry;
	char *dot;

	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 1 << 16;
		s->entries = realloc(s->entries, s->room * sizeof(*s->entries));
		if (!s->entries)
			memory_exhausted();
	}
	entry = &s->entries[s->count++];
	*entry = (struct entry){.address = address, .where = where, .global = global};
	if (nbytes && __builtin_add_overflow(address, nbytes, &entry->end))
		entry->end = UINT64_MAX;
	entry->name = memory_string(name);
	/* A part that the compiler split off is the function still. */
	dot = strchr(entry->name + (entry->name[0] != '\0'), '.');
	if (dot)
		*dot = '\0';
}

/* "ffffffff81000000 T _text" or "ffffffffc0000000 t init	[xfs]" */
static void add_kernel_line(struct symbols *s, const char *kernel, const char *line)
{
	char type, name[512], module[128] = "";
	uint64_t address;
	int n = sscanf(line, "%" SCNx64 " %c %511s [%127[^]]]", &address, &type, name, module);

	if (n < 3 || address < KERNEL_START || !strchr("tTwW", type))
		return;
	add(s, address, 0, name, n == 4 ? add_place(s, module) : kernel, type == 'T');
}

static int by_address(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	/* Of several names for one function the one that others use comes first. */
	if (x->global != y->global)
		return x->global ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* The first of those at one address stays. */
static void sort(struct symbols *s)
{
	size_t kept = 0;

	if (s->count)
		qsort(s->entries, s->count, sizeof(*s->entries), by_address);
	for (size_t i = 0; i < s->count; i++) {
		if (kept && s->entries[kept - 1].address == s->entries[i].address)
			free(s->entries[i].name);
		else
			s->entries[kept++] = s->entries[i];
	}
	s->count = kept;
	for (size_t i = 0; i < s->count; i++) {
		if (!s->entries[i].end)
			s->entries[i].end =
				i + 1 < s->count ? s->entries[i + 1].address : UINT64_MAX;
	}
}

struct symbols *symbols_of_kernel(const char *kallsyms)
{
	struct symbols *s = memory_zeroed(1, sizeof(*s));
	const char *kernel = add_place(s, "kernel");
	char line[700];

	while (*kallsyms) {
		const size_t n = strcspn(kallsyms, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)(n < 699 ? n : 699), kallsyms);
		add_kernel_line(s, kernel, line);
		kallsyms += n + (kallsyms[n] == '\n');
	}
	sort(s);
	return s;
}

static int add_kernel(struct symbols *s, struct error *e)
{
	FILE *file = fopen(KALLSYMS, "r");
	const char *kernel = add_place(s, "kernel");
	const size_t before = s->count;
	char line[700];

	if (!file)
		return error_set(e, -errno,
				 "can't read " KALLSYMS ": %s; it needs a kernel with it",
				 strerror(errno));
	while (fgets(line, sizeof(line), file))
		add_kernel_line(s, kernel, line);
	fclose(file);
	if (s->count == before)
		return error_set(e, -EPERM,
				 "the kernel hides the addresses of its functions in " KALLSYMS
				 "; run as root, with sysctl kernel.kptr_restrict=1 or less");
	return 0;
}

/* From an address in the file's own numbering to where it is mapped. */
struct mapped {
	uint64_t start, end; /* in memory */
	uint64_t offset;     /* of start, in the file */
};

static bool load_bias(Elf *elf, const struct mapped *mapped, uint64_t *bias)
{
	size_t count;

	if (elf_getphdrnum(elf, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_LOAD)
			continue;
		if (mapped->offset >= (segment.p_offset & ~4095ull) &&
		    mapped->offset < segment.p_offset + segment.p_filesz) {
			*bias = mapped->start -
				(segment.p_vaddr - segment.p_offset + mapped->offset);
			return true;
		}
	}
	return false;
}

static void add_table(struct symbols *s, Elf_Scn *section, const GElf_Shdr *header, Elf *elf,
		      const struct mapped *mapped, uint64_t bias, const char *where)
{
	Elf_Data *data = elf_getdata(section, NULL);
	const size_t count = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;

	for (size_t i = 0; data && i < count; i++) {
		GElf_Sym symbol;
		const char *name;

		if (!gelf_getsym(data, (int)i, &symbol) ||
		    (GELF_ST_TYPE(symbol.st_info) != STT_FUNC &&
		     GELF_ST_TYPE(symbol.st_info) != STT_GNU_IFUNC) ||
		    symbol.st_shndx == SHN_UNDEF)
			continue;
		name = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (!name || !*name || bias + symbol.st_value < mapped->start ||
		    bias + symbol.st_value >= mapped->end)
			continue;
		add(s, bias + symbol.st_value, symbol.st_size ? symbol.st_size : 1, name, where,
		    GELF_ST_BIND(symbol.st_info) != STB_LOCAL);
	}
}

static void add_file(struct symbols *s, const char *path, const struct mapped *mapped,
		     const char *where)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ_MMAP, NULL);
	Elf_Scn *section = NULL;
	uint64_t bias;

	if (elf && elf_kind(elf) == ELF_K_ELF && load_bias(elf, mapped, &bias)) {
		while ((section = elf_nextscn(elf, section))) {
			GElf_Shdr header;

			if (gelf_getshdr(section, &header) &&
			    (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM))
				add_table(s, section, &header, elf, mapped, bias, where);
		}
	}
	if (elf)
		elf_end(elf);
	if (fd >= 0)
		close(fd);
}

/* What no symbol covers, between @from and @to, belongs to the file at least. */
static void add_gaps(struct symbols *s, size_t first, const struct mapped *mapped,
		     const char *where)
{
	uint64_t reached = mapped->start;
	size_t count;

	if (s->count > first)
		qsort(s->entries + first, s->count - first, sizeof(*s->entries), by_address);
	count = s->count;
	for (size_t i = first; i < count; i++) {
		const uint64_t address = s->entries[i].address, end = s->entries[i].end;

		if (address > reached)
			add(s, reached, address - reached, "?", where, false);
		reached = end > reached ? end : reached;
	}
	if (reached < mapped->end)
		add(s, reached, mapped->end - reached, "?", where, false);
}

static int add_process(struct symbols *s, struct error *e)
{
	FILE *file = fopen("/proc/self/maps", "r");
	char line[4400];

	if (!file)
		return error_set(e, -errno, "can't read /proc/self/maps: %s; mount /proc",
				 strerror(errno));
	elf_version(EV_CURRENT);
	while (fgets(line, sizeof(line), file)) {
		char rights[8], path[4096] = "";
		const size_t first = s->count;
		struct mapped mapped;
		const char *where;
		int n = sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %*s %4095[^\n]",
			       &mapped.start, &mapped.end, rights, &mapped.offset, path);

		if (n < 5 || rights[2] != 'x')
			continue;
		where = add_place(s, strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
		if (path[0] == '/')
			add_file(s, path, &mapped, where);
		add_gaps(s, first, &mapped, where);
	}
	fclose(file);
	return 0;
}

int symbols_load(struct symbols **symbols, struct error *e)
{
	struct symbols *s = memory_zeroed(1, sizeof(*s));
	int ret = add_kernel(s, e);

	if (!ret)
		ret = add_process(s, e);
	if (ret) {
		symbols_free(s);
		return ret;
	}
	sort(s);
	*symbols = s;
	return 0;
}

void symbols_free(struct symbols *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->entries[i].name);
	for (size_t i = 0; i < s->place_count; i++)
		free(s->places[i]);
	free(s->entries);
	free(s->places);
	free(s);
}

struct symbol symbols_find(const struct symbols *s, uint64_t address)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (s->entries[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address >= s->entries[low - 1].end)
		return (struct symbol){"?", "?"};
	return (struct symbol){s->entries[low - 1].name, s->entries[low - 1].where};
}
