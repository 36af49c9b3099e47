// SPDX-License-Identifier: Apache-2.0
//
// What the camera sees: sets of JPEG files, one folder each; as YUYV a ramp that moves.

#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uvcem.h"

enum { most_sets = 16, most_pictures = 64 };

struct picture {
    uint8_t *bytes;
    size_t count;
};

static struct set {
    char name[32];
    struct picture pictures[most_pictures];
    int count;
} sets[most_sets];
static int set_count;
static struct set *shown;
static unsigned long turn;

static struct picture contents(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END)) err(1, "%s", path);
    const long count = ftell(file);
    if (count < 0) err(1, "%s", path);
    rewind(file);
    struct picture picture = {malloc((size_t)count), (size_t)count};
    if (!picture.bytes || fread(picture.bytes, 1, picture.count, file) != picture.count) err(1, "%s", path);
    fclose(file);
    return picture;
}

static void load_set(const char *folder, const char *name) {
    char path[512];
    if (set_count == most_sets) errx(1, "%s: more than %d sets", folder, most_sets);
    struct set *set = &sets[set_count];
    snprintf(set->name, sizeof set->name, "%s", name);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    struct dirent **entries;
    const int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count && set->count < most_pictures; i++) {
        if (entries[i]->d_name[0] == '.') continue;
        char file[800];
        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        set->pictures[set->count++] = contents(file);
    }
    if (set->count) set_count++;
}

void pictures_load(const char *folder) {
    struct dirent **entries;
    const int count = scandir(folder, &entries, NULL, alphasort);
    if (count < 0) err(1, "%s", folder);
    for (int i = 0; i < count; i++)
        if (entries[i]->d_name[0] != '.') load_set(folder, entries[i]->d_name);
    if (!pictures_show("good")) errx(1, "%s: no set 'good'", folder);
}

bool pictures_show(const char *name) {
    for (int i = 0; i < set_count; i++) {
        if (strcmp(sets[i].name, name) != 0) continue;
        shown = &sets[i];
        turn = 0;
        return true;
    }
    return false;
}

const uint8_t *pictures_next(enum format format, bool shorten, size_t *bytes) {
    const unsigned long now = turn++;
    if (format == format_yuyv) {
        static uint8_t raw[width * height * 2];
        for (size_t i = 0; i < width * height; i++) {
            raw[2 * i] = (uint8_t)(i % width + now);
            raw[2 * i + 1] = 128;
        }
        *bytes = shorten ? sizeof raw / 2 : sizeof raw;
        return raw;
    }
    const struct picture *picture = &shown->pictures[now % (unsigned long)shown->count];
    *bytes = shorten ? picture->count / 2 : picture->count;
    return picture->bytes;
}
