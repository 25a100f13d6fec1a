/* SPDX-License-Identifier: MIT */
#ifndef VM_GUEST_PORT_H
#define VM_GUEST_PORT_H

/*
 * port_open() - opens the virtio-serial port of this name, non-blocking; waits up to 10 s for it to
 * appear, since the driver learns the names after it has made the devices. Returns a negative
 * errno.
 */
int port_open(const char *name);

#endif
