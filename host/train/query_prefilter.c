/* Which candidates are worth a place in the fit: by the weakest multiplet, since one that is
 * missing speaks against a compound whatever the others say. */
#include <math.h>
#include <stdlib.h>

#include "query_chain_internal.h"

/* What the hits say of an entry. */
typedef struct evidence {
    float weakest;  /* amplitude; with five or more multiplets the weakest may be hidden: the
                       larger of it and 0.6 of the next */
    float highest;  /* of the tallest multiplet for amount 1 */
    float signal;   /* root of the sum of squares of what it draws for amount 1 */
    float likeness; /* mean correlation with what is there, by protons */
} evidence;

const fmx__pattern *fmx__query_pattern(const fmx__query_chain *c, size_t s, size_t m)
{
    return &c->table->pattern[c->width[s] * c->table->patterns + m];
}

static evidence weigh(const fmx__query_chain *c, size_t s, size_t first_pair, size_t pairs)
{
    float least = INFINITY;
    float second = INFINITY;
    float protons = 0;
    evidence e = {0};
    for (size_t i = first_pair; i < first_pair + pairs; ++i) {
        const fmx__pattern *p = fmx__query_pattern(c, s, c->pair[2 * i + 1]);
        float amplitude = c->hit[2 * i].amplitude;
        if (amplitude < least) {
            second = least;
            least = amplitude;
        } else if (amplitude < second) {
            second = amplitude;
        }
        e.highest = fmaxf(e.highest, p->highest);
        e.likeness += p->protons * fmaxf(c->hit[2 * i + 1].correlation, 0);
        protons += p->protons;
        e.signal += p->highest * p->highest * (float)p->counted;
    }
    e.weakest = pairs >= 5 ? fmaxf(least, 0.6F * second) : least;
    e.signal = sqrtf(e.signal);
    e.likeness /= fmaxf(protons, 1e-6F);
    return e;
}

/* Likeliness: how far above the noise the whole compound stands when its weakest multiplet tells
 * the amount. The tallest line alone would let single lines crowd out compounds of many. */
static float score_of(const fmx__query_chain *c, const evidence *e)
{
    float height = e->weakest * e->highest;
    if (!(height >= (float)c->options->least))
        return -1;
    return e->weakest * e->signal;
}

/* Of a compound's entries the one that looks most like the spectrum counts: of states that differ
 * by little the one that lies on others' signals would have the largest amount. */
static float likely_of(const evidence *e, float score)
{
    float square = e->likeness * e->likeness;
    return score * square * square;
}

static int by_score(const void *a, const void *b)
{
    const fmx__query_survivor *x = a;
    const fmx__query_survivor *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->compound > y->compound) - (x->compound < y->compound);
}

fmx_status fmx__query_prefilter(fmx__query_chain *c, size_t s, const uint8_t *candidate)
{
    const fmx_library *library = c->table->library;
    fmx__query_state *state = &c->of[s];
    size_t pair = state->first_pair;
    size_t count = 0;
    state->top = 0;
    for (size_t i = 0; i < state->pairs; ++i)
        state->top = fmaxf(state->top, c->hit[2 * (pair + i)].height);
    for (size_t k = 0; k < library->compounds; ++k) {
        const fmx_library_compound *compound = &library->compound[k];
        fmx__query_survivor best = {.compound = (uint32_t)k, .score = -1};
        float best_likely = 0;
        if (candidate != NULL && candidate[k] == 0)
            continue;
        ++state->candidates;
        for (size_t e = compound->first_entry; e < compound->first_entry + compound->entry_count;
             ++e) {
            size_t first = pair;
            while (pair < state->first_pair + state->pairs &&
                   c->table->pattern[c->pair[2 * pair + 1]].entry == e)
                ++pair;
            if (pair == first)
                continue;
            evidence found = weigh(c, s, first, pair - first);
            float score = score_of(c, &found);
            float likely = likely_of(&found, score);
            if (likely > best_likely) {
                best_likely = likely;
                best = (fmx__query_survivor){
                    .compound = (uint32_t)k,
                    .entry = (uint32_t)e,
                    .first_pair = (uint32_t)first,
                    .pairs = (uint32_t)(pair - first),
                    .weakest = found.weakest,
                    .score = score,
                };
            }
        }
        if (best.score > 0)
            c->scratch[count++] = best;
    }
    qsort(c->scratch, count, sizeof *c->scratch, by_score);
    count = count < (size_t)c->options->survivors ? count : (size_t)c->options->survivors;
    fmx_status status = fmx__grow(c->ctx, &c->survivor, &c->survivor_capacity, c->queries + count,
                                  sizeof *c->survivor, "survivors");
    for (size_t i = 0; status == FMX_OK && i < count; ++i)
        c->survivor[c->queries + i] = c->scratch[i];
    state->first_query = c->queries;
    state->queries = status == FMX_OK ? count : 0;
    c->queries += state->queries;
    return status;
}
