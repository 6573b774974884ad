/* Bruker experiment folders for the tests, written by the tests themselves. */
#ifndef FMX_BRUKER_FIXTURE_H
#define FMX_BRUKER_FIXTURE_H

#include "fmx_test.h"

/* "<folder>/<name>" in static storage; four results stay valid. */
const char *fmx_fixture_path(const char *folder, const char *name);

/* Writes a file, making the folders above it. */
void fmx_fixture_file(const char *folder, const char *name, const void *data, size_t bytes);
void fmx_fixture_text(const char *folder, const char *name, const char *text);

/* acqus of a plain 8-point FID (TD 16, int32, little-endian, NC 0, GRPDLY 67.98) with `changed`
 * lines behind: the last of two equal keys counts. `without` (may be NULL): a key that is left out.
 */
void fmx_fixture_acqus(const char *folder, const char *changed, const char *without);

/* fid of `count` int32 values 1, -2, 3, -4, ... in either byte order. */
void fmx_fixture_fid(const char *folder, size_t count, bool big_endian);

/* Both of the above, in fmx_test_folder()/sample/7; returns that folder. */
const char *fmx_fixture_experiment(const char *changed, const char *without);

/* Reads the first source at `path`. */
fmx_status fmx_fixture_read(const fmx_test *test, const char *path, fmx_fid *out);

/* Finds and reads the first source at `path` with the first, second ... allocation failing, until
 * it succeeds: each failure must be a status. */
void fmx_fixture_each_failure(const fmx_test *test, const char *path);

/* Reads every source at `path` while its file `name` in `folder` is cut at every length up to
 * `most` and while each of its first `most` bytes is changed in four ways: a status each time, no
 * crash, and never more points than the file has bytes. `data` is the whole file and stands there
 * again at the end. */
void fmx_fixture_damage(const fmx_test *test, const char *path, const char *folder,
                        const char *name, const void *data, size_t bytes, size_t most);

/* The first `count` cells of a row "| a | b |" of a table, blanks around them removed; false when
 * it is no row or has fewer. Changes the line. */
bool fmx_fixture_row(char *line, char **cell, size_t count);

/* The bytes of a value in either order. */
void fmx_fixture_bytes(const void *value, size_t bytes, bool big_endian, unsigned char *out);

#endif
