/* SPDX-License-Identifier: MIT */
#ifndef BYPASS_VERSION_H
#define BYPASS_VERSION_H

#define BYPASS_VERSION "0.1.0"

#endif
