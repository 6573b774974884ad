#include "c_locale.h"

#include <stdlib.h>

void fmx__c_locale_enter(fmx__c_locale *locale)
{
    locale->own = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale->before = locale->own != (locale_t)0 ? uselocale(locale->own) : (locale_t)0;
}

void fmx__c_locale_leave(fmx__c_locale *locale)
{
    if (locale->own == (locale_t)0)
        return; /* no memory for it: nothing was changed */
    uselocale(locale->before);
    freelocale(locale->own);
    locale->own = (locale_t)0;
}

double fmx__c_strtod(const char *text, char **end)
{
    fmx__c_locale locale;
    fmx__c_locale_enter(&locale);
    double value = strtod(text, end);
    fmx__c_locale_leave(&locale);
    return value;
}
