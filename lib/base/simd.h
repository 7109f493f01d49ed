/* SPDX-License-Identifier: MIT */

#ifndef SIMD_H
#define SIMD_H

/*
 * SIMD_CLONES before a function's definition compiles it once per instruction set; the loader
 * picks the best that the machine has, so that one portable binary is fast. For small functions
 * whose hot loop the compiler vectorises. The C language's arithmetic is kept (no -ffast-math, no
 * contraction), so that every clone gives the same result. Compile with -DSIMD_PORTABLE for the
 * base instruction set alone.
 *
 * clang requires such functions to be static, and gives their resolvers global names: so the names
 * must be unique in the library.
 */
#include "sanitized.h"

#ifdef SANITIZED /* the resolvers run before the sanitizer does */
#define SIMD_PORTABLE 1
#endif

#if defined(__x86_64__) && defined(__GNUC__) && defined(__ELF__) && !defined(SIMD_PORTABLE)
#define SIMD_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define SIMD_CLONES
#endif

#endif
