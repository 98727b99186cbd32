#include "s3/xml.h"

#include <limits.h>
#include <string.h>

#include <expat.h>

#include "base/buf.h"

#define MAX_DEPTH 16

struct reader {
	XML_Parser parser;
	bk_s3_xml_fn *fn;
	void *ctx;
	struct bk_err *e;
	int failed;
	struct bk_buf path, text;
	size_t starts[MAX_DEPTH];	/* where each level's text begins */
	int depth;
};

static void
stop(struct reader *r)
{
	r->failed = 1;
	XML_StopParser(r->parser, XML_FALSE);
}

static void XMLCALL
on_start(void *ctx, const XML_Char *name, const XML_Char **attrs)
{
	struct reader *r = ctx;
	const char *local = strrchr(name, ':');

	(void)attrs;
	local = local != NULL ? local + 1 : name;
	if (r->depth == MAX_DEPTH) {
		bk_fail(r->e, BK_FAIL, "XML nested too deeply");
		stop(r);
		return;
	}
	r->starts[r->depth++] = r->text.len;
	if (bk_buf_printf(&r->path, r->e, "%s%s", r->path.len > 0 ? "/" : "",
	    local) == -1)
		stop(r);
}

static void XMLCALL
on_text(void *ctx, const XML_Char *s, int n)
{
	struct reader *r = ctx;

	if (bk_buf_add(&r->text, s, (size_t)n, r->e) == -1)
		stop(r);
}

static void XMLCALL
on_end(void *ctx, const XML_Char *name)
{
	struct reader *r = ctx;
	size_t start = r->starts[--r->depth];
	char *slash;

	(void)name;
	if (bk_buf_add(&r->text, "", 0, r->e) == -1 ||	/* not NULL */
	    r->fn(r->ctx, r->path.data, r->text.data + start, r->e) == -1) {
		stop(r);
		return;
	}
	r->text.data[r->text.len = start] = '\0';
	slash = strrchr(r->path.data, '/');
	r->path.len = slash != NULL ? (size_t)(slash - r->path.data) : 0;
	r->path.data[r->path.len] = '\0';
}

static void XMLCALL
on_doctype(void *ctx, const XML_Char *name, const XML_Char *sysid,
    const XML_Char *pubid, int internal)
{
	struct reader *r = ctx;

	(void)name;
	(void)sysid;
	(void)pubid;
	(void)internal;
	bk_fail(r->e, BK_FAIL, "XML with a document type");
	stop(r);
}

int
bk_s3_xml_parse(const char *doc, size_t n, bk_s3_xml_fn *fn, void *ctx,
    struct bk_err *e)
{
	struct reader r = { .fn = fn, .ctx = ctx, .e = e };
	int rc = 0;

	if (n > INT_MAX)
		return bk_fail(e, BK_FAIL, "XML of %zu bytes", n);
	if ((r.parser = XML_ParserCreate("UTF-8")) == NULL)
		return bk_fail_memory(e);
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, on_start, on_end);
	XML_SetCharacterDataHandler(r.parser, on_text);
	XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
	if (XML_Parse(r.parser, doc, (int)n, 1) != XML_STATUS_OK)
		rc = r.failed ? -1 : bk_fail(e, BK_FAIL, "malformed XML: %s",
		    XML_ErrorString(XML_GetErrorCode(r.parser)));
	XML_ParserFree(r.parser);
	bk_buf_free(&r.path);
	bk_buf_free(&r.text);
	return rc;
}

int
bk_s3_xml_escape(struct bk_buf *b, const char *s, struct bk_err *e)
{
	size_t n;
	int rc = 0;

	for (; rc == 0 && *s != '\0'; s += n) {
		n = 1;
		if (*s == '&')
			rc = bk_buf_puts(b, "&amp;", e);
		else if (*s == '<')
			rc = bk_buf_puts(b, "&lt;", e);
		else if (*s == '>')
			rc = bk_buf_puts(b, "&gt;", e);
		else if ((unsigned char)*s < 0x20)
			rc = bk_buf_printf(b, e, "&#%d;", *s);
		else {
			while ((unsigned char)s[n] >= 0x20 &&
			    strchr("&<>", s[n]) == NULL)
				n++;
			rc = bk_buf_add(b, s, n, e);
		}
	}
	return rc;
}
