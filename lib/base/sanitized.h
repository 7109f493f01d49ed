/* SPDX-License-Identifier: MIT */

#ifndef SANITIZED_H
#define SANITIZED_H

/* Defined where gcc or clang builds with the address sanitizer. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#endif
