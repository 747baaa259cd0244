/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_parse_priv.h - what the two halves of the .hc parser share: where it is, its
 * tokens and errors, and the values that lines are made of.
 */
#ifndef DEBUG_SEQ_PARSE_PRIV_H
#define DEBUG_SEQ_PARSE_PRIV_H

#include "seq.h"
#include "seq_lex.h"

struct parser {
    struct lexer lex;
    struct seq *s;
    const char *file;
    GHashTable *results; /* names that calls gave to their results */
    unsigned depth;      /* of brackets: newlines mean nothing inside */
    struct seq_value *commentable;
    bool has_abi;
    GError **error;
};

/* These set the error, if it is the first, and give false. */
bool parser_fail(struct parser *p, struct seq_pos pos, const char *what);
bool parser_expected(struct parser *p, const char *what);

/* The next token; inside brackets, the next beyond line ends and comments. */
void parser_next(struct parser *p);
bool parser_is(const struct parser *p, char c);
/* Takes the character if it is next. */
bool parser_take(struct parser *p, char c);
bool token_is(const struct token *t, const char *word);
/* The token's text, owned by the sequence. */
const char *parser_keep(struct parser *p, const struct token *t);
/* A comment that would be lost goes to the whole. */
void parser_lift_comment(struct parser *p, const char **to, struct seq_value *from);

/* Each gives NULL, or false, with the error set. */
struct seq_value *parser_number(struct parser *p);
struct seq_value *parser_term(struct parser *p);
struct seq_value *parser_value(struct parser *p);
/* From "(" to behind ")". */
bool parser_args(struct parser *p, struct seq_item *item);

#endif
