/* libFuzzer's target for the parser of svmlight's text: `make fuzz`. No input may make it read or
   write out of bounds, and what it makes of one must be rows; where strtod reads the same text, it
   must read the same number. */
#include "fastopt.h"
#include "parse/number.h"

#include <math.h>
#include <stdlib.h>

#define HOLDS(what)                                                                                \
    if (!(what))                                                                                   \
    __builtin_trap()

/* A copy that ends where its memory does, so that a byte too far is seen. */
static char *copy(const uint8_t *bytes, size_t n) {
    char *text = malloc(n + 1);
    HOLDS(text);
    if (n)
        memcpy(text, bytes, n);
    text[n] = 0;
    return text;
}

static void check_rows(const fo_svmlight *s) {
    const int32_t *indptr = s->indptr;
    HOLDS(indptr[0] == 0 && indptr[s->n_rows] == (int32_t)s->n_entries);
    for (size_t row = 0; row < s->n_rows; row++) {
        HOLDS(isfinite(s->labels[row]) && indptr[row] <= indptr[row + 1]);
        int32_t previous = -1;
        for (int32_t k = indptr[row]; k < indptr[row + 1]; k++) {
            HOLDS(s->indices[k] > previous && s->indices[k] < s->n_features);
            HOLDS(isfinite(s->real == FO_FLOAT32 ? ((float *)s->data)[k] : ((double *)s->data)[k]));
            previous = s->indices[k];
        }
    }
}

static void parse(char *text, size_t n, fo_real real, int first, int64_t most, int has_qid) {
    const size_t n_lines = fo_count(text, n, '\n') + 1, most_entries = fo_count(text, n, ':');
    fo_svmlight s = {.text = text,
                     .n_bytes = n,
                     .real = real,
                     .least_index = first,
                     .most_index = most,
                     .has_qid = has_qid,
                     .data = malloc(most_entries * (real == FO_FLOAT32 ? 4 : 8)),
                     .indices = malloc(most_entries * sizeof(int32_t)),
                     .indptr = malloc((n_lines + 1) * sizeof(int32_t)),
                     .labels = malloc(n_lines * sizeof(double)),
                     .qid = malloc(n_lines * sizeof(int64_t))};
    const fo_bad bad = fo_parse_svmlight(&s);
    check_rows(&s);
    HOLDS(!bad || (s.bad_at <= n && s.bad_size <= n - s.bad_at));
    const size_t n_rows = s.n_rows;
    s.skip = 1;
    s.has_qid = has_qid;
    HOLDS(!fo_parse_svmlight(&s));
    check_rows(&s);
    HOLDS(s.n_rows >= n_rows && (bad ? s.n_bad > 0 : s.n_bad == 0 && s.n_rows == n_rows));
    free(s.data);
    free(s.indices);
    free(s.indptr);
    free(s.labels);
    free(s.qid);
}

static void read_number(const char *text, size_t n) {
    double ours;
    const char *end = fo_number(text, text + n, &ours);
    if (!end)
        return;
    char *theirs_end, *theirs = copy((const uint8_t *)text, (size_t)(end - text));
    const double value = strtod(theirs, &theirs_end);
    HOLDS(theirs_end == theirs + (end - text) && !memcmp(&value, &ours, sizeof ours));
    free(theirs);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    static int ready;
    if (!ready++)
        fo_numbers_init();
    char *text = copy(bytes, n);
    parse(text, n, FO_FLOAT64, 1, INT32_MAX, -1);
    parse(text, n, FO_FLOAT32, 0, 9, -1);
    parse(text, n, FO_FLOAT64, 1, INT32_MAX, 1);
    for (size_t i = 0; i < n; i++)
        if (!i || text[i - 1] == ':' || text[i - 1] == '\n')
            read_number(text + i, n - i);
    free(text);
    return 0;
}
