// SPDX-License-Identifier: Apache-2.0
// Swift cannot name <cblas.h> in a module map: its folder differs between distributions and comes from pkg-config.
#ifndef JIDOKA_COPENBLAS_H
#define JIDOKA_COPENBLAS_H
#include <cblas.h>
#endif
