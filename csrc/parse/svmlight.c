/* svmlight's text to compressed sparse rows. */
#include "parse/number.h"
#include "fastopt.h"

#include <math.h>

/* How far the text has been read. */
typedef struct {
    const char *p, *end;
    size_t n_entries;
} cursor;

static fo_bad stop(fo_svmlight *s, fo_bad why, const char *at, const char *until) {
    s->bad_at = (size_t)(at - s->text);
    s->bad_size = (size_t)(until - at);
    return why;
}

static const char *skip_blanks(const char *p) {
    while (*p == ' ' || *p == '\t')
        p++;
    return p;
}

static int ends_row(const char *p, const char *end) {
    return *p == '\n' || *p == '#' || p == end || (*p == '\r' && (p + 1 == end || p[1] == '\n'));
}

static int ends_word(const char *p, const char *end) {
    return *p == ' ' || *p == '\t' || ends_row(p, end);
}

static const char *word_end(const char *p, const char *end) {
    while (!ends_word(p, end))
        p++;
    return p;
}

static const char *next_line(const char *p, const char *end) {
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    return newline ? newline + 1 : end;
}

/* Digits, few of them as a rule, to *index, which is above INT64_MAX if theirs is; returns where
   they end. */
static const char *read_index(const char *p, uint64_t *index) {
    const char *const first = p;
    *index = 0;
    for (; fo_is_digit(*p); p++)
        *index = *index * 10 + (uint64_t)(*p - '0');
    if (p - first > FO_MOST_DIGITS) {
        const char *significant = first;
        while (*significant == '0')
            significant++;
        if (p - significant > FO_MOST_DIGITS)
            *index = UINT64_MAX;
    }
    return p;
}

/* [+-]digits to *id; returns where they end, or NULL if it is no int64. */
static const char *read_qid(const char *p, int64_t *id) {
    uint64_t size;
    const int negative = *p == '-';
    p += negative || *p == '+';
    const char *const last = read_index(p, &size);
    if (last == p || size > INT64_MAX)
        return NULL;
    *id = negative ? -(int64_t)size : (int64_t)size;
    return last;
}

static fo_bad read_head(fo_svmlight *s, cursor *c, size_t row) {
    const char *const label = c->p, *p = fo_number(label, c->end, &s->labels[row]);
    if (!p || !ends_word(p, c->end) || !isfinite(s->labels[row]))
        return stop(s, p && *p == ',' ? FO_BAD_LABELS : FO_BAD_LABEL, label,
                    word_end(label, c->end));
    c->p = p = skip_blanks(p);
    const int has_qid = !strncmp(p, "qid:", 4);
    if (s->has_qid < 0)
        s->has_qid = has_qid;
    if (has_qid != s->has_qid)
        return stop(s, has_qid ? FO_BAD_QID_HERE : FO_BAD_NO_QID, p, word_end(p, c->end));
    if (has_qid) {
        const char *const id = p + 4;
        p = read_qid(id, &s->qid[row]);
        if (!p || !ends_word(p, c->end))
            return stop(s, FO_BAD_QID, id, word_end(id, c->end));
        c->p = p;
    }
    return FO_GOOD;
}

static fo_bad read_entries(fo_svmlight *s, cursor *c) {
    const char *p = c->p, *const end = c->end;
    const int f32 = s->real == FO_FLOAT32;
    const int64_t most = s->most_index;
    int64_t previous = s->least_index - 1;
    size_t k = c->n_entries;
    for (;;) {
        p = skip_blanks(p);
        if (!fo_is_digit(*p) && ends_row(p, end))
            break;
        uint64_t found;
        const char *const digits = p, *const colon = read_index(p, &found);
        if (colon == digits || *colon != ':')
            return stop(s, FO_BAD_ENTRY, digits, word_end(digits, end));
        if (found > (uint64_t)most || (int64_t)found <= previous) {
            s->bad_previous = previous;
            return stop(s, found <= (uint64_t)most ? FO_BAD_ORDER : FO_BAD_INDEX, digits, colon);
        }
        previous = (int64_t)found;
        double value;
        p = fo_number(colon + 1, end, &value);
        if (!p || !ends_word(p, end) || !isfinite(f32 ? (float)value : value))
            return stop(s, FO_BAD_VALUE, colon + 1, word_end(colon + 1, end));
        if (f32)
            ((float *)s->data)[k] = (float)value;
        else
            ((double *)s->data)[k] = value;
        s->indices[k++] = (int32_t)(previous - s->least_index);
    }
    if (previous - s->least_index >= s->n_features)
        s->n_features = previous - s->least_index + 1;
    c->p = p;
    c->n_entries = k;
    return FO_GOOD;
}

static void put(fo_svmlight *s, size_t row) {
    if (s->wide)
        ((int64_t *)s->indptr)[row] = (int64_t)s->n_entries;
    else
        ((int32_t *)s->indptr)[row] = (int32_t)s->n_entries;
}

size_t fo_count(const char *text, size_t n, char wanted) {
    enum { LANES = 32, MOST = 255 };
    size_t total = 0, i = 0;
    while (n - i >= LANES) {
        uint8_t found[LANES] = {0};
        for (int block = 0; block < MOST && n - i >= LANES; block++, i += LANES)
            for (int l = 0; l < LANES; l++)
                found[l] = (uint8_t)(found[l] + (text[i + (size_t)l] == wanted));
        for (int l = 0; l < LANES; l++)
            total += found[l];
    }
    for (; i < n; i++)
        total += text[i] == wanted;
    return total;
}

fo_bad fo_parse_svmlight(fo_svmlight *s) {
    cursor c = {s->text, s->text + s->n_bytes, 0};
    s->n_rows = s->n_bad = s->n_entries = 0;
    s->n_features = 0;
    put(s, 0);
    for (; c.p < c.end; c.p = next_line(c.p, c.end)) {
        c.p = skip_blanks(c.p);
        if (ends_row(c.p, c.end))
            continue;
        const int had_qid = s->has_qid;
        fo_bad bad = read_head(s, &c, s->n_rows);
        if (!bad)
            bad = read_entries(s, &c);
        if (!bad) {
            s->n_entries = c.n_entries;
            put(s, ++s->n_rows);
            continue;
        }
        if (!s->skip)
            return bad;
        s->has_qid = had_qid;
        s->n_bad++;
    }
    return FO_GOOD;
}
