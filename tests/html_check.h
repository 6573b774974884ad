/* What every page that fidmix writes must be. */
#ifndef FMX_HTML_CHECK_H
#define FMX_HTML_CHECK_H

#include <stddef.h>

/* Every element is closed in order, attributes are quoted, no stray markup: the page is XML but for
 * its DOCTYPE. Returns the number of elements. */
size_t fmx_check_markup(const char *text);

/* Every & begins a character reference. */
void fmx_check_references(const char *text);

/* It needs nothing else: no address, no script, and no number that is none. */
void fmx_check_own(const char *text);

#endif
