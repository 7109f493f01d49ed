/* SPDX-License-Identifier: MIT */

/* Reads the metadata of a PNG, its checksums corrected, or a JPEG; a profile must be what it says
   it is. */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "exif.h"
#include "fuzz.h"
#include "jpeg.h"
#include "message.h"
#include "metadata.h"
#include "png_metadata.h"
#include "profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

struct reading {
    const char *path;
    bool png;
    struct metadata metadata;
};

static void read_metadata(void *argument)
{
    struct reading *reading = argument;
    FILE *file = fopen(reading->path, "rb");
    assert(file);
    char *error = reading->png ? png_metadata_read(file, "fuzz", &reading->metadata)
                               : jpeg_metadata(file, "fuzz", &reading->metadata);
    free(error);
    fclose(file);
}

static void check_profile(const struct metadata *metadata)
{
    size_t packed;
    unsigned char *chunk = png_metadata_profile(metadata, &packed);
    assert(packed > strlen((char *)chunk) + 2);
    assert(profile_bytes(metadata->profile, metadata->profile_bytes) <= metadata->profile_bytes);
    profile_fits(metadata->profile, 3);
    free(chunk);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    uint8_t *mended = alloc_array(count + 1, 1);
    if (count > 0)
        memcpy(mended, bytes, count);
    struct reading reading = {.png = count > 0 && bytes[0] == 0x89};
    if (reading.png)
        fuzz_mend_png(mended, count);
    reading.path = fuzz_file(mended, count);
    free(mended);
    message_silence();
    if (!fuzz_run(read_metadata, &reading))
        return 0;
    struct metadata *metadata = &reading.metadata;
    if (metadata->exif)
        exif_patch(metadata->exif, metadata->exif_bytes, 1, 1);
    if (metadata->profile && metadata->profile_bytes >= 132)
        check_profile(metadata);
    free(metadata->exif);
    free(metadata->profile);
    return 0;
}
