#ifndef BK_T_TORTURE_STREAM_READERS_H
#define BK_T_TORTURE_STREAM_READERS_H
/*
 * The library's reader of each format, called with bytes in memory: 0 with
 * what the bytes mean appended to *out, or -1 with *e set.  What else it takes
 * (keys, a second share) is in the current directory, by t/torture/streams.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/chain.h"
#include "base/io.h"
#include "compress/gz.h"
#include "compress/zst.h"
#include "crypt/crypt.h"
#include "crypt/plan.h"
#include "crypt/share.h"
#include "policy/listing.h"
#include "policy/proofs.h"
#include "stream/reader.h"
#include "stream/writer.h"
#include "verify/check.h"
#include "verify/layers.h"
#include "verify/receipt.h"
#include "walfile/segment_check.h"

typedef int read_fn(const void *p, size_t n, struct bk_buf *out,
    struct bk_err *e);

static struct bk_identities keys;	/* of key */
static struct bk_verifiers signers;	/* of signers */

__attribute__((noreturn)) static void
broken(const char *what)
{
	perror(what);
	exit(2);
}

static void
load_keys(void)
{
	struct bk_err e = {0};

	if (bk_identities_load(&keys, "key", &e) == -1 ||
	    bk_verifiers_load(&signers, "signers", &e) == -1) {
		fprintf(stderr, "streams: %s\n", e.msg);
		exit(2);
	}
}

/* A pipe with all of it, as a tool has its standard input; or a file. */
static int
holding(const void *p, size_t n)
{
	int fd[2];

	if (n <= 65536) {
		if (pipe(fd) == -1 || (n > 0 && write(fd[1], p, n) !=
		    (ssize_t)n) || close(fd[1]) == -1)
			broken("pipe");
		return fd[0];
	}
	if ((fd[0] = memfd_create("stream", MFD_CLOEXEC)) == -1 ||
	    write(fd[0], p, n) != (ssize_t)n || lseek(fd[0], 0, SEEK_SET) == -1)
		broken("memfd");
	return fd[0];
}

/* Append all of fd, unless out is NULL, and close it. */
static void
gather(int fd, struct bk_buf *out)
{
	struct bk_buf nothing = {0};
	struct bk_err e = {0};
	struct stat st;
	size_t n;

	if (out == NULL)
		out = &nothing;
	if (fstat(fd, &st) == -1 || lseek(fd, 0, SEEK_SET) == -1)
		broken("output");
	n = (size_t)st.st_size;
	if (bk_buf_reserve(out, n, &e) == -1 || bk_io_read(fd, out->data +
	    out->len, n, "output", &e) != st.st_size)
		broken("output");
	out->len += n;
	close(fd);
	bk_buf_free(&nothing);
}

typedef int filter_fn(struct bk_reader *in, struct bk_writer *out,
    struct bk_err *e);

/* As a tool that filters does it: its output, and its end. */
static int
filter(filter_fn *f, unsigned flags, const void *p, size_t n,
    struct bk_buf *out, struct bk_err *e)
{
	int ifd = holding(p, n), ofd = memfd_create("out", MFD_CLOEXEC);
	int wfd = dup(ofd);	/* finishing closes it */
	struct bk_reader *in = bk_reader_open(ifd, "input", flags, e);
	struct bk_writer *to = bk_writer_open(wfd, "output", e);
	int rc = -1;

	if (in != NULL && to != NULL && f(in, to, e) == 0 &&
	    bk_writer_finish(to, e) == 0)
		rc = 0;
	bk_writer_free(to);
	bk_reader_free(in);
	close(ifd);
	if (rc == -1)
		close(wfd);
	gather(ofd, rc == 0 ? out : NULL);
	return rc;
}

static int
copy(struct bk_reader *in, struct bk_writer *out, struct bk_err *e)
{
	char buf[16384];
	ssize_t n;

	while ((n = bk_reader_read(in, buf, sizeof(buf), e)) > 0)
		if (bk_writer_write(out, buf, (size_t)n, e) == -1)
			return -1;
	return (int)n;
}

static int
gunzip(struct bk_reader *in, struct bk_writer *out, struct bk_err *e)
{
	return bk_gz_decompress(in, "input", out, 1, e);
}

static int
unzstd(struct bk_reader *in, struct bk_writer *out, struct bk_err *e)
{
	return bk_zst_decompress(in, "input", out, 1, e);
}

static int
decrypt_from(struct bk_reader *in, const struct bk_crypt_from *from,
    struct bk_writer *out, struct bk_err *e)
{
	struct bk_crypt *c = bk_crypt_open(in, from, e);
	int rc = c == NULL ? -1 : bk_crypt_decrypt(c, out, e);

	bk_crypt_free(c);
	return rc;
}

static int
decrypt(struct bk_reader *in, struct bk_writer *out, struct bk_err *e)
{
	struct bk_crypt_from from = { .identities = &keys };

	return decrypt_from(in, &from, out, e);
}

static int
decrypt_signed(struct bk_reader *in, struct bk_writer *out, struct bk_err *e)
{
	struct bk_crypt_from from = { .identities = &keys,
	    .signers = &signers };

	return decrypt_from(in, &from, out, e);
}

static int
read_stream(const void *p, size_t n, struct bk_buf *out, struct bk_err *e)
{
	return filter(copy, 0, p, n, out, e);
}

static int
read_sealed(const void *p, size_t n, struct bk_buf *out, struct bk_err *e)
{
	return filter(copy, BK_READER_SEALED, p, n, out, e);
}

static int
read_gzip(const void *p, size_t n, struct bk_buf *out, struct bk_err *e)
{
	return filter(gunzip, BK_READER_PARSED | BK_READER_NONEMPTY, p, n, out,
	    e);
}

static int
read_zstd(const void *p, size_t n, struct bk_buf *out, struct bk_err *e)
{
	return filter(unzstd, BK_READER_PARSED | BK_READER_NONEMPTY, p, n, out,
	    e);
}

static int
read_crypt(const void *p, size_t n, struct bk_buf *out, struct bk_err *e)
{
	return filter(decrypt, 0, p, n, out, e);
}

static int
read_signed(const void *p, size_t n, struct bk_buf *out, struct bk_err *e)
{
	return filter(decrypt_signed, 0, p, n, out, e);
}

static void
save_as(const char *path, const void *p, size_t n, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

	if (fd == -1 || write(fd, p, n) != (ssize_t)n || close(fd) == -1)
		broken(path);
}

/* The text beside the age file "age", in minisign's format. */
static int
read_signature(const void *p, size_t n, struct bk_buf *out, struct bk_err *e)
{
	struct bk_crypt_from from = { .identities = &keys,
	    .signers = &signers, .signature = "now.sig" };
	struct bk_writer *to;
	struct bk_reader *in;
	int fd = open("age", O_RDONLY), ofd = memfd_create("out", 0);
	int wfd = dup(ofd), rc = -1;

	save_as("now.sig", p, n, 0600);
	in = bk_reader_open(fd, "input", 0, e);
	to = bk_writer_open(wfd, "output", e);
	if (in != NULL && to != NULL && decrypt_from(in, &from, to, e) == 0 &&
	    bk_writer_finish(to, e) == 0)
		rc = 0;
	bk_writer_free(to);
	bk_reader_free(in);
	close(fd);
	if (rc == -1)
		close(wfd);
	gather(ofd, rc == 0 ? out : NULL);
	return rc;
}

static int
check_inside(struct bk_layers *l, struct bk_verdict *v, struct bk_err *e)
{
	struct bk_reader *in = bk_layers_inside(l);
	struct bk_source src = { bk_layers_read, in };
	const void *head;
	size_t n;

	head = bk_reader_head(in, &n);
	switch (bk_check_recognise(head, n)) {
	case BK_CHECK_ARCHIVE:
		return bk_check_archive(src, "input", NULL, v, NULL, e);
	case BK_CHECK_TAR:
		return bk_check_tar(src, "input", v, NULL, e);
	default:
		if (bk_reader_drain(in, e) == -1)
			return -1;
		return bk_fail(e, BK_DATA, "input: not a backup");
	}
}

/* As bk-verify does: what a backup is found to hold is its receipt. */
static int
read_backup(const void *p, size_t n, struct bk_buf *out, struct bk_err *e)
{
	struct bk_crypt_from from = { .identities = &keys };
	struct bk_receipt r = { .name = "", .level = 1, .result = e };
	struct bk_verdict v = { .list = 1 };
	struct bk_layers *l;
	int fd = holding(p, n), rc = -1;

	r.v = &v;
	if ((l = bk_layers_open(fd, 0, &from, 1, &r.label, e)) != NULL) {
		r.sealed = v.sealed = bk_layers_sealed(l);
		rc = bk_layers_end(l, check_inside(l, &v, e), e);
	}
	bk_layers_free(l);
	close(fd);
	if (rc == 0 && (bk_receipt_json(&r, out, e) == -1 ||
	    bk_verdict_list(&v, out, e) == -1))
		rc = -1;
	bk_verdict_free(&v);
	return rc;
}

/* As bk-prune and bk-age do. */
static int
read_listing(const void *p, size_t n, struct bk_buf *out, struct bk_err *e)
{
	struct bk_listing l = {0};
	FILE *f = n == 0 ? fopen("/dev/null", "r") :
	    fmemopen((void *)(uintptr_t)p, n, "r");
	size_t i;
	int rc;

	if (f == NULL)
		broken("fmemopen");
	rc = bk_listing_read(&l, f, "input", e);
	(void)fclose(f);
	for (i = 0; rc == 0 && i < l.n; i++)
		rc = bk_record_format(out, &l.item[i].r, e);
	bk_listing_free(&l);
	return rc;
}

/* What a receipt in a directory of receipts says of the backup in listing. */
static int
read_receipt(const void *p, size_t n, struct bk_buf *out, struct bk_err *e)
{
	struct bk_listing l = {0};
	struct bk_proofs found = {0};
	FILE *f = fopen("listing", "r");
	size_t i;
	int rc;

	if (f == NULL || bk_listing_read(&l, f, "listing", e) == -1)
		broken("listing");
	(void)fclose(f);
	save_as("proofs/now.receipt.json", p, n, 0600);
	rc = bk_proofs_load(&l, NULL,
	    &(struct bk_proofs_from){ .dir = "proofs" }, &found, e);
	if (rc == 0 && found.refused > 0)
		rc = bk_fail(e, BK_DATA, "%s", found.first.msg);
	for (i = 0; rc == 0 && i < l.n; i++)
		rc = bk_buf_printf(out, e, "%d %lld %.3f\n", l.item[i].proof,
		    (long long)l.item[i].proof_time,
		    l.item[i].restored_seconds);
	bk_listing_free(&l);
	return rc;
}

/* As bk-rm --plan does: two of the approvers must have signed. */
static int
read_plan(const void *p, size_t n, struct bk_buf *out, struct bk_err *e)
{
	struct bk_approved_plan a = { .plan = "now.plan",
	    .approvers = "signers", .need = 2 };
	char line[4096];
	time_t made;
	FILE *f;

	save_as("now.plan", p, n, 0600);
	if ((f = bk_plan_open(&a, time(NULL), &made, e)) == NULL)
		return -1;
	while (fgets(line, sizeof(line), f) != NULL)
		if (bk_buf_puts(out, line, e) == -1)
			broken("memory");
	(void)fclose(f);
	return bk_buf_printf(out, e, "%lld\n", (long long)made);
}

static int
read_key(const void *p, size_t n, struct bk_buf *out, struct bk_err *e)
{
	struct bk_identities ids = {0};
	struct bk_buf text = {0};
	int rc = -1;

	if (bk_buf_reserve(&text, n, e) == 0 && bk_buf_add(&text, p, n,
	    e) == 0 && bk_identities_parse(&ids, &text, "input", e) == 0)
		rc = bk_buf_add(out, ids.id, ids.n * sizeof(*ids.id), e);
	bk_identities_free(&ids);
	bk_buf_free(&text);
	return rc;
}

/* Joined with share.2. */
static int
read_share(const void *p, size_t n, struct bk_buf *out, struct bk_err *e)
{
	struct bk_shares s = {0};
	struct bk_identity id;
	struct bk_buf text = {0}, other = {0};
	int rc = -1;

	if (bk_io_slurp("share.2", 4096, &other, e) == 0 &&
	    bk_buf_reserve(&text, n, e) == 0 &&
	    bk_buf_add(&text, p, n, e) == 0 &&
	    bk_shares_parse(&s, &text, "input", e) == 0 &&
	    bk_shares_parse(&s, &other, "share.2", e) == 0 &&
	    bk_share_join(s.share, s.n, &id, e) == 0)
		rc = bk_buf_add(out, &id, sizeof(id), e);
	bk_buf_free(&text);
	bk_buf_free(&other);
	return rc;
}

/* Public keys of who may sign or approve. */
static int
read_signers(const void *p, size_t n, struct bk_buf *out, struct bk_err *e)
{
	struct bk_verifiers v = {0};
	int rc;

	save_as("now.signers", p, n, 0600);
	rc = bk_verifiers_load(&v, "now.signers", e);
	if (rc == 0)
		rc = bk_buf_add(out, v.key, v.n * sizeof(*v.key), e);
	free(v.key);
	return rc;
}

/* As bk-audit --verify --expect does: the last line's hash was kept. */
static int
read_audit(const void *p, size_t n, struct bk_buf *out, struct bk_err *e)
{
	static char kept[BK_CHAIN_HEX];
	struct bk_chain c = {0};
	const char *line = p, *end;

	while ((end = memchr(line, '\n', n - (size_t)(line -
	    (const char *)p))) != NULL) {
		if (bk_chain_check(&c, line, (size_t)(end - line), e) == -1)
			return -1;
		line = end + 1;
	}
	if (line != (const char *)p + n)
		return bk_fail(e, BK_DATA, "input: a last line is cut");
	if (*kept == '\0')	/* the first call is with what is whole */
		memcpy(kept, c.last, sizeof(kept));
	if (strcmp(kept, c.last) != 0)
		return bk_fail(e, BK_DATA, "input: not the hash expected");
	return bk_buf_add(out, p, n, e);
}

/* As restore_command's bk-walget does, once it has the file. */
static int
read_segment(const void *p, size_t n, struct bk_buf *out, struct bk_err *e)
{
	struct bk_buf segment = {0};
	const char *name = getenv("SEGMENT");
	struct bk_wal_header h;
	int rc = -1;

	if (filter(copy, 0, p, n, &segment, e) == -1)
		goto done;
	if (!bk_wal_header_read(segment.data, segment.len, &h)) {
		(void)bk_fail(e, BK_DATA, "input: not WAL");
		goto done;
	}
	save_as("now.segment", segment.data, segment.len, 0600);
	if (bk_wal_segment_check(&h, name, segment.len, "", e) == 0 &&
	    bk_whole_segment_check(name, "now.segment", e) == 0)
		rc = bk_buf_add(out, segment.data, segment.len, e);
 done:
	bk_buf_free(&segment);
	return rc;
}

#endif
