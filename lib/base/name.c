/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "alloc.h"
#include "name.h"

static const char escaped[] = "\t\n\\";
static const char letters[] = "tn\\";

char *name_from_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = alloc_string(slash ? slash + 1 : path);
    char *dot = strrchr(name, '.');
    if (dot && dot > name)
        *dot = '\0';
    return name;
}

char *name_escape(const char *name)
{
    char *text = alloc_array(2 * strlen(name) + 1, 1);
    char *end = text;
    for (; *name; name++) {
        const char *found = strchr(escaped, *name);
        if (found) {
            *end++ = '\\';
            *end++ = letters[found - escaped];
        } else {
            *end++ = *name;
        }
    }
    *end = '\0';
    return text;
}

char *name_unescape(const char *text)
{
    char *name = alloc_array(strlen(text) + 1, 1);
    char *end = name;
    for (; *text; text++) {
        const char *found = *text == '\\' && text[1] ? strchr(letters, text[1]) : NULL;
        if (found) {
            *end++ = escaped[found - letters];
            text++;
        } else {
            *end++ = *text;
        }
    }
    *end = '\0';
    return name;
}
