// SPDX-License-Identifier: GPL-2.0
/* The map of a file in memory: an array of runs, ordered by file block, neighbours merged. */
#include <linux/slab.h>
#include "pathfs.h"

static u32 run_end(const struct pathfs_run *run)
{
	return run->file_block + run->length;
}

/*
 * Room for `more` runs. It waits for memory rather than fail: who takes blocks away or marks them
 * as written has done what can't be undone.
 */
static void runs_reserve(struct pathfs_runs *runs, u32 more)
{
	u32 room = max(runs->room, 4U);
	struct pathfs_run *run;

	if (runs->count + more <= runs->room)
		return;
	while (room < runs->count + more)
		room *= 2;
	/* NOFS: reclaim may want to write this very inode. */
	run = kvmalloc_array(room, sizeof(*run), GFP_NOFS | __GFP_NOFAIL);
	if (runs->count)
		memcpy(run, runs->run, runs->count * sizeof(*run));
	kvfree(runs->run);
	runs->run = run;
	runs->room = room;
}

void pathfs_runs_append(struct pathfs_runs *runs, const struct pathfs_run *run)
{
	runs_reserve(runs, 1);
	runs->run[runs->count++] = *run;
}

/* Forgets the array; gives its blocks back, too, if asked. */
void pathfs_runs_free(struct pathfs_sb_info *sbi, struct pathfs_runs *runs, bool blocks_too)
{
	for (u32 i = 0; blocks_too && i < runs->count; i++)
		pathfs_free_blocks(sbi, runs->run[i].block, runs->run[i].length);
	kvfree(runs->run);
	*runs = (struct pathfs_runs){};
}

static void open_gap(struct pathfs_runs *runs, u32 index)
{
	memmove(&runs->run[index + 1], &runs->run[index],
		(runs->count - index) * sizeof(runs->run[0]));
	runs->count++;
}

static void close_gap(struct pathfs_runs *runs, u32 index, u32 end)
{
	memmove(&runs->run[index], &runs->run[end], (runs->count - end) * sizeof(runs->run[0]));
	runs->count -= end - index;
}

/* Makes `file_block` the start of a run if a run holds it. Index of the first run from there on. */
static u32 split_at(struct pathfs_runs *runs, u32 file_block)
{
	u32 index = pathfs_find_run(runs, file_block);
	struct pathfs_run *run;
	u32 left;

	if (index == runs->count || runs->run[index].file_block >= file_block)
		return index;
	open_gap(runs, index);
	run = &runs->run[index];
	left = file_block - run->file_block;
	run[0].length = left;
	run[1].file_block += left;
	run[1].block += left;
	run[1].length -= left;
	return index + 1;
}

/* Merges what touches, in the file and on the medium, among the runs from `from` to `to`. */
static void merge(struct pathfs_runs *runs, u32 from, u32 to)
{
	u32 last = from;

	if (!runs->count)
		return;
	to = min(to, runs->count - 1);
	for (u32 i = from + 1; i <= to; i++) {
		struct pathfs_run *left = &runs->run[last];
		const struct pathfs_run *right = &runs->run[i];

		if (run_end(left) == right->file_block &&
		    left->block + left->length == right->block && left->flags == right->flags)
			left->length += right->length;
		else
			runs->run[++last] = *right;
	}
	if (last < to)
		close_gap(runs, last + 1, to + 1);
}

/* Adds a run where the file has a hole. */
void pathfs_map_insert(struct pathfs_inode_info *pi, const struct pathfs_run *run)
{
	u32 index = pathfs_find_run(&pi->map, run->file_block);

	runs_reserve(&pi->map, 1);
	open_gap(&pi->map, index);
	pi->map.run[index] = *run;
	merge(&pi->map, index ? index - 1 : 0, index + 1);
	inode_add_bytes(&pi->vfs_inode, (loff_t)run->length << PATHFS_BLOCK_BITS);
	pi->map_version++;
}

/* Takes the blocks from `first` to before `end` away. They are free when the inode is durable. */
void pathfs_map_remove(struct pathfs_inode_info *pi, u32 first, u32 end)
{
	u32 from, to;

	runs_reserve(&pi->map, 2);
	from = split_at(&pi->map, first);
	to = split_at(&pi->map, end);
	if (from == to)
		return;
	for (u32 i = from; i < to; i++) {
		pathfs_runs_append(&pi->unmapped, &pi->map.run[i]);
		inode_sub_bytes(&pi->vfs_inode, (loff_t)pi->map.run[i].length << PATHFS_BLOCK_BITS);
	}
	close_gap(&pi->map, from, to);
	pi->map_version++;
}

/* What is there of the blocks from `first` to before `end` has its data now. */
void pathfs_map_mark_written(struct pathfs_inode_info *pi, u32 first, u32 end)
{
	u32 from, to;

	runs_reserve(&pi->map, 2);
	from = split_at(&pi->map, first);
	to = split_at(&pi->map, end);
	for (u32 i = from; i < to; i++)
		pi->map.run[i].flags &= ~PATHFS_EXTENT_UNWRITTEN;
	merge(&pi->map, from ? from - 1 : 0, to);
	pi->map_version++;
}
