#include "normal_ref.h"

#include <math.h>

/* Philox4x32-10, Salmon et al. 2011. */
static void philox(uint32_t counter[4], uint32_t key0, uint32_t key1)
{
    for (int round = 0; round < 10; ++round) {
        uint64_t a = (uint64_t)0xD2511F53u * counter[0];
        uint64_t b = (uint64_t)0xCD9E8D57u * counter[2];
        uint32_t next[4] = {(uint32_t)(b >> 32) ^ counter[1] ^ key0, (uint32_t)b,
                            (uint32_t)(a >> 32) ^ counter[3] ^ key1, (uint32_t)a};
        for (int i = 0; i < 4; ++i)
            counter[i] = next[i];
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
}

double fmx_ref_normal(uint64_t seed, uint32_t purpose, uint64_t item, uint32_t draw, uint64_t index)
{
    const double pi = 3.14159265358979323846;
    uint32_t word[4] = {(uint32_t)item, (uint32_t)(item >> 32), draw, (uint32_t)(index / 4)};
    philox(word, (uint32_t)(seed ^ seed >> 32), purpose);
    unsigned element = index % 4;
    unsigned pair = element & 2u;
    /* u as the device has it: rounded to float */
    double u = fmaf((float)word[pair], 0x1p-32f, 0x1p-33f);
    double radius = sqrt(-2 * log(fmin(u, 1 - 0x1p-24)));
    double angle = 2 * pi * (word[pair + 1] >> 8) * 0x1p-24;
    return radius * (element % 2 == 0 ? cos(angle) : sin(angle));
}
