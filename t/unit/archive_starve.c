/*
 * Archives, COPY and SQL text, packed blocks, of which each call fails once;
 * and packed blocks that are damaged.
 */
#include <fcntl.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>

#include "archive/proof_record.h"
#include "archive/sqltext.h"
#include "archive/toc_roles.h"
#include "archive/unpack.h"
#include "archive_sample.h"
#include "starve.h"
#include "tap.h"

static char file[] = "/tmp/bk-archive-XXXXXX";

static size_t piece = 300;	/* bytes that are read at once */

/* What reads file. */
static ssize_t
read_file(void *ctx, void *buf, size_t n, struct bk_err *err)
{
	ssize_t r = read(*(int *)ctx, buf, n < piece ? n : piece);

	return r == -1 ? bk_fail_errno(err, "%s", file) : r;
}

static void
put(const void *p, size_t n)
{
	int fd = open(file, O_WRONLY | O_TRUNC);

	if (fd == -1 || write(fd, p, n) != (ssize_t)n)
		exit(99);
	close(fd);
}

static int
on_role(void *ctx, const struct bk_toc_role *role, struct bk_err *err)
{
	char *copy = strdup(role->name);

	if (copy == NULL)
		return bk_fail_memory(err);
	*(int *)ctx += 1;
	free(copy);
	return 0;
}

/* All blocks of a, after its TOC. */
static int
read_blocks(struct bk_archive *a, const struct bk_toc *toc, struct bk_err *err)
{
	struct bk_unpack *u = bk_unpack_new(a, toc, "input", err);
	struct bk_copytext *t = bk_copytext_new(err);
	struct bk_proof_record rec = {0};
	char data[100];
	uint32_t oid;
	int32_t id;
	ssize_t n = 0;
	int type, rc = u != NULL && t != NULL ? 1 : -1;

	while (rc == 1 && (rc = bk_archive_next(a, &type, &id, err)) == 1) {
		if (id == UNNAMED && (bk_proof_record_read(a, "input", &rec,
		    err) == -1 || bk_archive_object(a, &oid, err) == -1))
			rc = -1;
		while (rc == 1 && type == BK_BLOCK_BLOBS &&
		    (rc = bk_archive_object(a, &oid, err)) == 1)
			continue;
		if (type == BK_BLOCK_BLOBS && rc == 0)
			rc = 1;
		if (rc == 1 && (rc = bk_unpack_begin(u, err)) == 0) {
			while ((n = bk_unpack_read(u, data, sizeof(data),
			    err)) > 0)
				bk_copytext_feed(t, data, (size_t)n);
			rc = n == 0 ? 1 : -1;
		}
	}
	bk_proof_record_free(&rec);
	bk_copytext_free(t);
	bk_unpack_free(u);
	return rc;
}

static int
read_archive(void *arg, struct bk_err *err)
{
	int fd = open(file, O_RDONLY), rc = -1, roles = 0;
	struct bk_archive *a;
	struct bk_toc toc = {0};

	(void)arg;
	if (fd == -1)
		return bk_fail_errno(err, "%s", file);
	a = bk_archive_open((struct bk_source){ read_file, &fd }, "input", err);
	if (a != NULL && bk_archive_toc(a, &toc, err) == 0 &&
	    bk_toc_roles(&toc, on_role, &roles, err) == 0)
		rc = read_blocks(a, &toc, err);
	bk_toc_free(&toc);
	bk_archive_free(a);
	close(fd);
	return rc == 0 && roles == 0 ? 1 : rc;
}

/* Over all blocks, and on. */
static int
skim(void *arg, struct bk_err *err)
{
	int fd = open(file, O_RDONLY), rc = -1, type;
	struct bk_archive *a;
	struct bk_toc toc = {0};
	int32_t id;

	(void)arg;
	if (fd == -1)
		return bk_fail_errno(err, "%s", file);
	a = bk_archive_open((struct bk_source){ read_file, &fd }, "input", err);
	if (a != NULL && bk_archive_toc(a, &toc, err) == 0)
		while ((rc = bk_archive_next(a, &type, &id, err)) == 1)
			continue;
	if (rc == 0)
		rc = bk_archive_next(a, &type, &id, err);
	bk_toc_free(&toc);
	bk_archive_free(a);
	close(fd);
	return rc;
}

static int
read_roles(void *arg, struct bk_err *err)
{
	struct bk_toc_entry entry = { .desc = "ACL", .tag = "TABLE t",
	    .owner = "o", .defn = "GRANT ALL ON TABLE t TO a, \"b c\";" };
	const struct bk_toc toc = { .entry = &entry, .n = 1 };
	int roles = 0, rc = bk_toc_roles(&toc, on_role, &roles, err);

	(void)arg;
	return rc == 0 && roles != 3 ? 1 : rc;
}

static int
write_archive(void *arg, struct bk_err *err)
{
	struct bk_buf b = {0};
	char *const options[] = { "-n", "x", NULL };
	const struct bk_toc_entry te = { .id = 9, .desc = "TABLE DATA",
	    .schema = "s", .tag = "t" };
	const struct bk_content c = { .rows = 2, .bytes = 10 };
	const struct bk_manifest m = { .database = "d", .timezone = "UTC",
	    .bytea_output = "hex", .lc_monetary = "C", .options = options,
	    .quote_all_identifiers = "off", .pg_dump = "15", .lsn = "0/1",
	    .server_version = "15", .server_encoding = "UTF8", .toc = "x" };
	int rc = -1;

	(void)arg;
	if (bk_archive_add_int(&b, 1, err) == 0 &&
	    bk_archive_add_str(&b, "a", err) == 0 &&
	    bk_archive_add_str(&b, NULL, err) == 0 &&
	    bk_archive_add_block(&b, 1, 1, err) == 0 &&
	    bk_archive_add_chunk(&b, "a", 1, err) == 0 &&
	    bk_manifest_proof_record(&b, &te, &c, err) == 0 &&
	    bk_manifest_globals(&b, "x", 1, err) == 0 &&
	    bk_manifest_format(&b, &m, err) == 0)
		rc = bk_manifest_close(&b, "mark", err);
	bk_buf_free(&b);
	return rc;
}

static int
on_text(void *ctx, const char *text, struct bk_err *err)
{
	(void)ctx;
	(void)text;
	(void)err;
	return 0;
}

static int
on_statement(void *ctx, const char *sql, int *copy, struct bk_err *err)
{
	(void)copy;
	return on_text(ctx, sql, err);
}

static int
read_sql(void *arg, struct bk_err *err)
{
	static const struct bk_sqltext_events events = {
		.statement = on_statement, .comment = on_text,
		.command = on_text,
	};
	const char *text = "-- a comment\n/* one */ SELECT 'a', "
	    "'a constant which makes this statement longer than is kept' "
	    "\\g\n, \"b\", $$c$$, E'\\n';\nCOPY t FROM stdin;\n1\n\\.\n";
	struct bk_sqltext *t = bk_sqltext_new("input", arg != NULL, &events,
	    NULL, err);
	int rc = -1;

	if (t != NULL && bk_sqltext_feed(t, text, strlen(text), err) == 0)
		rc = bk_sqltext_end(t, err);
	bk_sqltext_free(t);
	return rc;
}

/* One of *arg bytes before a comment that is too long to be kept. */
static int
read_statement(void *arg, struct bk_err *err)
{
	static const struct bk_sqltext_events events = {
		.statement = on_statement, .comment = on_text,
	};
	struct bk_sqltext *t = bk_sqltext_new("input", 1, &events, NULL, err);
	char text[600];
	int n = snprintf(text, sizeof(text), "%0*d--%0300d\n;", *(int *)arg, 1,
	    2), rc = -1;

	if (t != NULL && bk_sqltext_feed(t, text, (size_t)n, err) == 0)
		rc = bk_sqltext_end(t, err);
	bk_sqltext_free(t);
	return rc;
}

/* A block whose data are these. */
static void
put_block(const char *packed, size_t n, const char *behind)
{
	struct bk_buf b = {0};

	bk_archive_add_block(&b, BK_BLOCK_DATA, 1, &e);
	bk_archive_add_chunk(&b, packed, n, &e);
	if (*behind != '\0')
		bk_archive_add_chunk(&b, behind, strlen(behind), &e);
	bk_archive_add_int(&b, 0, &e);
	put(b.data, b.len);
	bk_buf_free(&b);
}

/* Unpack the block in file; *arg is how it is packed. */
static int
unpack(void *arg, struct bk_err *err)
{
	const struct bk_toc toc = { .minor = 15, .compression = *(int *)arg };
	int fd = open(file, O_RDONLY), rc = -1, type;
	struct bk_archive *a;
	struct bk_unpack *u = NULL;
	char data[1000];
	int32_t id;
	ssize_t n = -1;

	if (fd == -1)
		return bk_fail_errno(err, "%s", file);
	a = bk_archive_open((struct bk_source){ read_file, &fd }, "input", err);
	if (a != NULL)
		u = bk_unpack_new(a, &toc, "input", err);
	if (u != NULL && bk_archive_next(a, &type, &id, err) == 1 &&
	    bk_unpack_begin(u, err) == 0) {
		/* what is there has room, whatever is allowed */
		while ((n = bk_unpack_read(u, data, (size_t)UINT32_MAX + 1,
		    err)) > 0)
			rc = 0;
		rc = n == -1 ? -1 : rc == 0 ? 0 : 1;
	}
	bk_unpack_free(u);
	bk_archive_free(a);
	close(fd);
	return rc;
}

static void
damaged(int packing, const char *what)
{
	struct bk_err err = {0};

	if (!ok(unpack(&packing, &err) == -1 && err.code == BK_DATA &&
	    strstr(err.msg, what) != NULL, "packing %d: %s", packing, what))
		printf("# got '%s'\n", err.msg);
}

static void
test_packed(int packing)
{
	char text[500], packed[1000];
	uLongf zn = sizeof(packed);
	size_t n;

	for (n = 0; n < sizeof(text); n++)
		text[n] = (char)('a' + n * n % 23);
	if (packing == 1 && compress((Bytef *)packed, &zn,
	    (const Bytef *)text, sizeof(text)) != Z_OK)
		exit(99);
	n = packing == 1 ? zn : ZSTD_compress(packed, sizeof(packed), text,
	    sizeof(text), 1);
	put_block(packed, n, "");
	starve_all("a packed block", unpack, &packing);
	put_block(packed, n, "x");
	damaged(packing, "has data after its end");
	put_block(packed, n + 1, "");
	damaged(packing, "has data after its end");
	put_block(packed, n / 2, "");
	damaged(packing, "is truncated");
	packed[0] ^= 1;
	put_block(packed, n, "");
	damaged(packing, packing == 1 ? "inflated" : "decompressed");
}

int
main(void)
{
	const struct bk_manifest right = {0};
	struct sample s;
	int fd = mkstemp(file);

	if (fd == -1)
		return 99;
	close(fd);
	make(&s, &right);
	put(s.b.data, s.b.len);
	free_sample(&s);
	starve_all("an archive", read_archive, NULL);
	starve_all("an archive that is passed over", skim, NULL);
	starve_all("roles", read_roles, NULL);
	starve_all("what is written", write_archive, NULL);
	starve_all("SQL", read_sql, "");
	starve_all("SQL that is not kept", read_sql, NULL);
	for (fd = 120; fd < 130; fd++)
		starve_all("a statement", read_statement, &fd);
	piece = 1;
	test_packed(1);
	test_packed(3);
	(void)unlink(file);
	return tap_done();
}
