// SPDX-License-Identifier: GPL-2.0
/*
 * Makes one of the mistakes that the debug kernel is there to report, so that a test can see that
 * it does: insmod faulty.ko mistake=use-after-free. It never stays loaded.
 */
#include <linux/list.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

static char *mistake = "none";
module_param(mistake, charp, 0444);
MODULE_PARM_DESC(mistake, "use-after-free, lock-order, sleep, leak or list");

/* Kept from the compiler, which would see through the mistakes and warn or leave them out. */
static noinline void store(volatile char *at)
{
	*at = 1;
}

static void use_after_free(void)
{
	char *memory = kmalloc(64, GFP_KERNEL);

	if (!memory)
		return;
	OPTIMIZER_HIDE_VAR(memory);
	kfree(memory);
	store(memory + 8);
}

/* Never a deadlock here, where one thread does both; one at another time. */
static void lock_order(void)
{
	static DEFINE_MUTEX(first);
	static DEFINE_MUTEX(second);

	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void sleep_under_spinlock(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
}

/* Several, since a stale copy of the last address may still lie on a stack. */
static void leak(void)
{
	for (int i = 0; i < 16; i++) {
		char *memory = kmalloc(128, GFP_KERNEL);

		if (memory)
			store(memory);
	}
}

static void list_add_twice(void)
{
	static LIST_HEAD(list);
	static struct list_head entry;

	list_add(&entry, &list);
	list_add(&entry, &list);
}

static const struct {
	const char *name;
	void (*make)(void);
} mistakes[] = {
	{"use-after-free", use_after_free}, {"lock-order", lock_order},
	{"sleep", sleep_under_spinlock},    {"leak", leak},
	{"list", list_add_twice},
};

static int __init faulty_init(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		if (!strcmp(mistakes[i].name, mistake)) {
			mistakes[i].make();
			return -ECANCELED;
		}
	}
	return -EINVAL;
}
module_init(faulty_init);

MODULE_DESCRIPTION("mistakes that the testbed's debug kernel must report");
MODULE_LICENSE("GPL");
