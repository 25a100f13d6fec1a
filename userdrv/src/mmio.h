/* SPDX-License-Identifier: MIT */
/*
 * Everything that passes between the driver and the device passes through here, so that the order
 * of it can be seen, and checked: with UD_RECORD defined each access calls ud_record, which the
 * program under test provides. Without it they are a load, a store, or nothing but a word to the
 * compiler.
 */
#ifndef UD_MMIO_H
#define UD_MMIO_H

#include <stddef.h>
#include <stdint.h>

#ifdef UD_RECORD
enum ud_record_kind {
	UD_RECORD_DMA_STORE, /* value: bytes stored at address */
	UD_RECORD_DMA_LOAD,  /* value: bytes loaded from address */
	UD_RECORD_DMA_WMB,
	UD_RECORD_DMA_RMB,
	UD_RECORD_FULL_MB,
	UD_RECORD_MMIO_WRITE,
	UD_RECORD_MMIO_READ,
};
void ud_record(enum ud_record_kind kind, const volatile void *address, uint64_t value);
#define UD_RECORDED(kind, address, value) ud_record(UD_RECORD_##kind, address, value)
#else
#define UD_RECORDED(kind, address, value) ((void)0)
#endif

/*
 * Stores to DMA memory before it are seen by the device before stores after it. Without it the
 * doorbell could overtake the command, and the device would fetch what was there before. x86 keeps
 * stores in order, so it only stops the compiler; Arm needs the barrier of the outer domain.
 */
static inline void dma_wmb(void)
{
	UD_RECORDED(DMA_WMB, NULL, 0);
#if defined(__aarch64__)
	__asm__ volatile("dmb oshst" ::: "memory");
#elif defined(__x86_64__)
	__asm__ volatile("" ::: "memory");
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/*
 * Loads from DMA memory before it are done before loads after it. Without it the rest of a
 * completion could be read before the phase bit that says that it is there.
 */
static inline void dma_rmb(void)
{
	UD_RECORDED(DMA_RMB, NULL, 0);
#if defined(__aarch64__)
	__asm__ volatile("dmb oshld" ::: "memory");
#elif defined(__x86_64__)
	__asm__ volatile("" ::: "memory");
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/*
 * A store before it is seen by the device before a load after it is done: the one order that x86
 * doesn't keep by itself. Only shadow doorbells need it.
 */
static inline void dma_mb(void)
{
	UD_RECORDED(FULL_MB, NULL, 0);
#if defined(__aarch64__)
	__asm__ volatile("dmb osh" ::: "memory");
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* Tell the recorder what the driver stored to, or loaded from, DMA memory. */
static inline void dma_stored(const volatile void *address, size_t nbytes)
{
	UD_RECORDED(DMA_STORE, address, nbytes);
	(void)address;
	(void)nbytes;
}

static inline void dma_loaded(const volatile void *address, size_t nbytes)
{
	UD_RECORDED(DMA_LOAD, address, nbytes);
	(void)address;
	(void)nbytes;
}

static inline void mmio_write32(volatile uint32_t *reg, uint32_t value)
{
	UD_RECORDED(MMIO_WRITE, reg, value);
	*reg = value;
}

static inline uint32_t mmio_read32(const volatile uint32_t *reg)
{
	uint32_t value = *reg;

	UD_RECORDED(MMIO_READ, reg, value);
	return value;
}

/* 64-bit registers in two halves, low one first, which every controller must accept [3.1]. */
static inline void mmio_write64(volatile uint32_t *reg, uint64_t value)
{
	mmio_write32(reg, (uint32_t)value);
	mmio_write32(reg + 1, (uint32_t)(value >> 32));
}

static inline uint64_t mmio_read64(const volatile uint32_t *reg)
{
	uint64_t low = mmio_read32(reg);

	return low | (uint64_t)mmio_read32(reg + 1) << 32;
}

#endif
