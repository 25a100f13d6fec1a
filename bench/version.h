/* SPDX-License-Identifier: MIT */
#ifndef BYPASS_VERSION_H
#define BYPASS_VERSION_H

#define BYPASS_VERSION "0.1.0"

/* What `bypass --version` says: the commit too, where the build knew it (mk/install.mk). */
#ifdef BYPASS_COMMIT
#define BYPASS_VERSION_FULL BYPASS_VERSION " (" BYPASS_COMMIT ")"
#else
#define BYPASS_VERSION_FULL BYPASS_VERSION
#endif

#endif
