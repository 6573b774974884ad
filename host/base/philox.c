#include "philox.h"

void fmx__philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2])
{
    uint32_t x0 = counter[0];
    uint32_t x1 = counter[1];
    uint32_t x2 = counter[2];
    uint32_t x3 = counter[3];
    uint32_t k0 = key[0];
    uint32_t k1 = key[1];
    for (int round = 0; round < 10; ++round) {
        uint64_t a = (uint64_t)0xD2511F53u * x0;
        uint64_t b = (uint64_t)0xCD9E8D57u * x2;
        uint32_t y0 = (uint32_t)(b >> 32) ^ x1 ^ k0;
        uint32_t y2 = (uint32_t)(a >> 32) ^ x3 ^ k1;
        x1 = (uint32_t)b;
        x3 = (uint32_t)a;
        x0 = y0;
        x2 = y2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = x0;
    out[1] = x1;
    out[2] = x2;
    out[3] = x3;
}

uint32_t fmx__random_key(uint64_t seed)
{
    return (uint32_t)(seed ^ (seed >> 32));
}

void fmx__random_words(uint32_t out[4], uint64_t seed, fmx__purpose purpose, uint64_t item,
                       uint32_t draw, uint32_t position)
{
    uint32_t key[2] = {fmx__random_key(seed), (uint32_t)purpose};
    uint32_t counter[4] = {(uint32_t)item, (uint32_t)(item >> 32), draw, position};
    fmx__philox(out, counter, key);
}

size_t fmx__random_below(uint32_t word, size_t n)
{
    return (size_t)(((uint64_t)word * n) >> 32);
}

double fmx__uniform(uint32_t word)
{
    return word * (1.0 / 4294967296.0);
}
