#include "tool/tool_options.h"

#include <ctype.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS 79		/* so that nothing wraps in 80 */
#define LEFT_MAX 24		/* the options' column in --help */
#define OPTIONS_MAX 128

/* Text that grows in a buffer; what does not fit is cut off. */
struct text {
	char *s;
	size_t len, size;
};

__attribute__((format(printf, 2, 3))) static void
add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->s + t->len, t->size - t->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len += (size_t)n < t->size - t->len ? (size_t)n :
		    t->size - t->len - 1;
}

static int
has_letter(const struct tool_opt *o)
{
	return o->key > 0 && o->key < 0x80;
}

static int
has_argument(const struct tool_opt *o)
{
	if (o->key == TOOL_OPT_HELP)	/* =table */
		return optional_argument;
	return o->arg == NULL ? no_argument :
	    *o->arg == '[' ? optional_argument : required_argument;
}

static int
is_refused(const struct tool_opt *o)
{
	return strcmp(o->help, TOOL_REFUSED) == 0;
}

/* 1 if --help has it. */
static int
is_shown(const struct tool_opt *o)
{
	return *o->help != '\0' && !is_refused(o);
}

/* --- getopt_long(3) */

static const struct tool_opt *rows[OPTIONS_MAX];	/* of names */
static struct option names[OPTIONS_MAX + 1];
static char letters[2 * OPTIONS_MAX];

static void
make_names(const struct tool *tool)
{
	struct text t = { letters, 0, sizeof(letters) };
	const struct tool_opt *o;
	size_t n = 0;

	/* ":": what is wrong with an option is ours to say */
	add(&t, "%s:", tool->order == NULL ? "" : tool->order);
	for (o = tool->options; o->key != 0; o++) {
		if (o->key == TOOL_OPT_DIGITS)
			add(&t, "0123456789");
		else if (has_letter(o))
			add(&t, "%c%s", o->key, o->arg == NULL ? "" : ":");
		if (o->name == NULL || n == OPTIONS_MAX)
			continue;
		rows[n] = o;
		names[n++] = (struct option){ o->name, has_argument(o), NULL,
			o->key };
	}
}

static const struct tool_opt *
with_key(const struct tool_opt *o, int key)
{
	while (o->key != 0 && o->key != key)
		o++;
	return o;
}

int
tool_options_next(const struct tool *tool, int argc, char *argv[],
    const struct tool_opt **row)
{
	int ch, i = -1;

	if (names[0].name == NULL)
		make_names(tool);
	opterr = 0;
	ch = getopt_long(argc, argv, letters, names, &i);
	*row = i >= 0 ? rows[i] : with_key(tool->options, ch);
	return ch;
}

/* The number of options that the long name, cut short, may be of; *o: one. */
static int
begin_so(const char *name, size_t len, const struct tool_opt **o)
{
	int i, n = 0;

	for (i = 0; names[i].name != NULL; i++)
		if (strncmp(names[i].name, name, len) == 0) {
			*o = rows[i];
			n++;
			if (names[i].name[len] == '\0')
				return 1;
		}
	return n;
}

void
tool_options_wrong(const struct tool *tool, int ch, char *argv[],
    char why[TOOL_USAGE_MAX])
{
	const struct tool_opt *o = with_key(tool->options, optopt);
	const char *word = argv[optind - 1];
	size_t len = strcspn(word, "=");
	struct text t = { why, 0, TOOL_USAGE_MAX };
	int n = 0;

	/* a letter that is unknown may stand in a later word */
	if (strncmp(word, "--", 2) == 0 && (optopt == 0 || o->key != 0)) {
		add(&t, "%.*s: ", (int)len, word);
		n = begin_so(word + 2, len - 2, &o);
	} else
		add(&t, "-%c: ", optopt);
	if (ch == ':')
		add(&t, "needs an argument: %s", o->arg);
	else if (optopt == 0 && n > 1)
		add(&t, "ambiguous option; see --help");
	else if (o->key != 0)
		add(&t, "takes no argument");
	else
		add(&t, "no such option; see --help");
}

/* --- the usage line */

/* "-j" or, without a letter, "--seal". */
static void
add_name(struct text *t, const struct tool_opt *o)
{
	if (has_letter(o))
		add(t, "-%c", o->key);
	else
		add(t, "--%s", o->name);
}

static void
add_argument(struct text *t, const struct tool_opt *o)
{
	if (o->arg != NULL)
		add(t, "%s%s", strncmp(o->arg, "[=", 2) == 0 ? "" : " ",
		    o->arg);
}

/* 1 if it belongs there, and the operands do not name it already. */
static int
is_usage(const struct tool *tool, const struct tool_opt *o)
{
	char name[64];
	struct text t = { name, 0, sizeof(name) };
	const char *p = tool->operands;

	if (!is_shown(o) || o->key == TOOL_OPT_HELP ||
	    o->key == TOOL_OPT_VERSION)
		return 0;
	add_name(&t, o);
	for (; (p = strstr(p, name)) != NULL; p += t.len)
		if (!isalnum((unsigned char)p[t.len]) && p[t.len] != '-')
			return 0;
	return 1;
}

/* Letters: "[-qv] [-j N]". */
static void
add_letters(struct text *t, const struct tool *tool)
{
	const struct tool_opt *o;
	int n = 0;

	for (o = tool->options; o->key != 0; o++)
		if (has_letter(o) && o->arg == NULL && is_usage(tool, o))
			add(t, "%s%c", n++ == 0 ? " [-" : "", o->key);
	add(t, "%s", n == 0 ? "" : "]");
	for (o = tool->options; o->key != 0; o++)
		if (o->key == TOOL_OPT_DIGITS)
			add(t, " [%s]", o->arg);
		else if (has_letter(o) && o->arg != NULL && is_usage(tool, o))
			add(t, " [-%c %s]", o->key, o->arg);
}

static void
add_words(struct text *t, const struct tool *tool)
{
	const struct tool_opt *o;

	for (o = tool->options; o->key != 0; o++) {
		if (has_letter(o) || o->key == TOOL_OPT_DIGITS ||
		    !is_usage(tool, o))
			continue;
		add(t, " [");
		add_name(t, o);
		add_argument(t, o);
		add(t, "]");
	}
}

void
tool_options_usage(const struct tool *tool, char usage[TOOL_USAGE_MAX])
{
	static const char any[] = " [OPTION ...]";
	size_t room = COLUMNS - strlen("usage: ") - strlen(tool->operands) - 1;
	struct text t = { usage, 0, TOOL_USAGE_MAX };
	size_t end;

	add(&t, "%s", tool->name);
	end = t.len;
	add_letters(&t, tool);
	if (t.len + strlen(any) <= room)
		end = t.len;
	add_words(&t, tool);
	/* what leaves no room for the operands is in --help */
	if (t.len > room) {
		t.len = end;
		add(&t, "%s", any);
	}
	add(&t, " %s", tool->operands);
}

/* --- --help */

/*
 * Print text, words that do not fit on the line on the next one, from column
 * on, where the first one begins.
 */
static void
print_text(const char *text, size_t at, size_t column)
{
	size_t word, space;

	while (*text != '\0') {
		space = strspn(text, " ");
		word = strcspn(text + space, " \n");
		if (at + space + word > COLUMNS) {
			printf("\n%*s", (int)column, "");
			at = column;
			text += space;
			space = 0;
		}
		printf("%.*s", (int)(space + word), text);
		at += space + word;
		text += space + word;
		if (*text == '\n') {
			printf("\n%*s", *++text == '\0' ? 0 : (int)column, "");
			at = column;
		}
	}
	putchar('\n');
}

/* "-j, --jobs N" */
static void
left_side(const struct tool_opt *o, struct text *t)
{
	t->len = 0;
	if (o->key == TOOL_OPT_DIGITS) {
		add(t, "%s", o->arg);
		return;
	}
	if (has_letter(o))
		add(t, "-%c%s", o->key, o->name == NULL ? "" : ", ");
	if (o->name != NULL)
		add(t, "--%s", o->name);
	add_argument(t, o);
}

static void
print_options(const struct tool *tool)
{
	char left[COLUMNS + 1], more[64];
	struct text t = { left, 0, sizeof(left) };
	const struct tool_opt *o;
	size_t column = 0;

	for (o = tool->options; o->key != 0; o++) {
		if (!is_shown(o))
			continue;
		left_side(o, &t);
		if (t.len > column && t.len <= LEFT_MAX)
			column = t.len;
	}
	(void)snprintf(more, sizeof(more), "print this text; %s(1) has more",
	    tool->name);
	for (o = tool->options; o->key != 0; o++) {
		if (!is_shown(o))
			continue;
		left_side(o, &t);
		printf("  %-*s  ", (int)column, left);
		print_text(o->key == TOOL_OPT_HELP ? more : o->help,
		    4 + (t.len > column ? t.len : column), 4 + column);
	}
}

void
tool_options_help(const struct tool *tool)
{
	char usage[TOOL_USAGE_MAX];

	tool_options_usage(tool, usage);
	printf("Example: %s\n\nusage: %s\n\n", tool->example, usage);
	print_text(tool->about, 0, 0);
	putchar('\n');
	print_options(tool);
	printf("Exit: ");
	print_text(tool->exits, 6, 6);
}

void
tool_options_list(const struct tool *tool)
{
	const struct tool_opt *o;
	const char *p;

	puts(tool->operands);
	for (o = tool->options; o->key != 0; o++) {
		if (is_refused(o))
			continue;
		if (has_letter(o))
			putchar(o->key);
		printf("\t%s\t%s\t%s\t", o->name == NULL ? "" : o->name,
		    o->arg == NULL ? "" : o->arg,
		    o->values == NULL ? "" : o->values);
		for (p = o->help; *p != '\0'; p++)
			putchar(*p == '\n' ? ' ' : *p);
		putchar('\n');
	}
}
