/* Numbers in files have a decimal point, whatever language the program that uses the library has
 * chosen. */
#ifndef FIDMIX_C_LOCALE_H
#define FIDMIX_C_LOCALE_H

#include <locale.h>

typedef struct fmx__c_locale {
    locale_t own;
    locale_t before;
} fmx__c_locale;

/* From here to fmx__c_locale_leave, this thread (no other) reads and prints numbers as C does. */
void fmx__c_locale_enter(fmx__c_locale *locale);
void fmx__c_locale_leave(fmx__c_locale *locale);

/* strtod as C does it. */
double fmx__c_strtod(const char *text, char **end);

#endif
