/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_lex.h - the words of a .hc file.
 */
#ifndef DEBUG_SEQ_LEX_H
#define DEBUG_SEQ_LEX_H

#include "seq.h"

enum token_kind {
    TOKEN_END, /* of the file */
    TOKEN_NEWLINE,
    TOKEN_COMMENT, /* from '#' to the end of the line */
    TOKEN_NAME,    /* letters, digits, '_'; -EINVAL */
    TOKEN_NUMBER,
    TOKEN_TEXT,  /* "..." */
    TOKEN_BYTES, /* hex"..." */
    TOKEN_ARROW, /* => */
    TOKEN_DOTS,  /* .. */
    TOKEN_REST,  /* ... */
    TOKEN_CHAR,  /* one of ( ) { } [ ] , = | & @ + . ? : / */
    TOKEN_BAD,   /* anything else: `bad` says what */
};

struct token {
    enum token_kind kind;
    struct seq_pos pos;
    const char *text; /* as it stands, `len` bytes */
    size_t len;
    char c;          /* TOKEN_CHAR */
    uint64_t number; /* TOKEN_NUMBER */
    enum seq_style style;
    const char *bad;
    bool tight; /* nothing stands between it and the token before */
};

struct lexer {
    const char *at, *end, *line_start;
    uint32_t line;
    struct token now, ahead; /* the present token and the one behind it */
    GByteArray *data;        /* of TOKEN_TEXT and TOKEN_BYTES, by lexer_data */
};

void lexer_init(struct lexer *l, const char *text, size_t len);
void lexer_clear(struct lexer *l);
void lexer_next(struct lexer *l);

/* The bytes of a TOKEN_TEXT or TOKEN_BYTES, in l->data. */
void lexer_data(struct lexer *l, const struct token *t);

/* The rest of the line, from `t` on, without blanks at its end; `now` is the newline
 * then. */
void lexer_rest_of_line(struct lexer *l, const struct token *t, const char **text, size_t *len);
/* Beyond the ')' that ends a remark: "(Invalid argument)". False: there is none. */
bool lexer_skip_remark(struct lexer *l);

#endif
