/* Key files, passphrases, secret files: what is accepted and what is not. */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/secret.h"
#include "crypt/key.h"
#include "tap.h"

#define KEY "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48" \
	"UAWX40Q2P2LM0"
#define PUBLIC "age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef"

static char dir[] = "/tmp/bk-crypt-unit.XXXXXX";
static char path[64];

static const char *
file(const char *text, size_t n, mode_t mode)
{
	int fd;

	(void)snprintf(path, sizeof(path), "%s/file", dir);
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd == -1 || write(fd, text, n) != (ssize_t)n ||
	    fchmod(fd, mode) == -1 || close(fd) == -1)
		abort();
	return path;
}

/* Load text as a key file; the number of identities, or the negative code. */
static int
load(const char *text, size_t n, mode_t mode)
{
	struct bk_identities ids = {0};
	struct bk_err e = {0};
	int rc = bk_identities_load(&ids, file(text, n, mode), &e);

	rc = rc == 0 ? (int)ids.n : -(int)e.code;
	if (strstr(e.msg, "EGTZ") != NULL)
		printf("not ok - the message repeats the key\n");
	bk_identities_free(&ids);
	return rc;
}

#define LOAD(text, mode) load(text, sizeof(text) - 1, mode)

static void
identities(void)
{
	struct bk_identities ids = {0};
	struct bk_err e = {0};
	char text[BK_BECH32_TEXT] = "";
	mode_t mode;
	int wrong = 0;

	if (bk_identities_load(&ids, file(KEY "\n", sizeof(KEY), 0600), &e) ==
	    0)
		bk_recipient_format(text, ids.id[0].public);
	bk_identities_free(&ids);
	is_str(text, PUBLIC, "a known key's public key");
	is_int(LOAD(KEY, 0600), 1, "no line end");
	is_int(LOAD("# x\n\n" KEY "\r\n" KEY " \t\n", 0400), 2,
	    "comments, CRLF, blanks at the end");
	is_int(LOAD("AGE-SECRET-KEY-PQ-1X\n" KEY, 0600), 1,
	    "a kind that is not known here, and one that is");
	is_int(LOAD(KEY "x\n", 0600), -BK_DATA, "a letter too many");
	is_int(LOAD(" " KEY "\n", 0600), -BK_DATA, "a blank before");
	is_int(LOAD("age-secret-key-1egtz\n", 0600), -BK_DATA, "lower case");
	is_int(LOAD(KEY "\n" PUBLIC "\n", 0600), -BK_DATA, "a public key");
	is_int(LOAD(KEY "\n\0", 0600), -BK_DATA, "a NUL byte");
	is_int(LOAD("", 0600), -BK_DATA, "empty");
	is_int(LOAD("age-encryption.org/v1\n", 0600), -BK_DATA, "encrypted");
	for (mode = 0; mode < 0100; mode++)
		wrong += LOAD(KEY, 0600 | mode) != (mode == 0 ? 1 : -BK_DATA);
	is_int(wrong, 0, "any permission of group or others: refused");
}

static void
recipients(void)
{
	static const uint8_t like_tag[BK_KEY_LEN] = { 0x5f, 0x50 };
	struct bk_recipients r = {0};
	struct bk_err e = {0};
	char words[300];

	(void)file(PUBLIC "\n" PUBLIC "\n", 2 * sizeof(PUBLIC), 0644);
	(void)snprintf(words, sizeof(words), " ,%s %s\t%s,, ", PUBLIC, path,
	    PUBLIC);
	is_int(bk_recipients_parse(&r, words, &e), 0, "words and a file");
	is_int((intmax_t)r.n, 4, "all of them");
	is_int(bk_recipients_parse(&r, " ,", &e), 0, "no words");
	is_int((intmax_t)r.n, 4, "no more");
	is_int(bk_recipients_add(&r, PUBLIC "q", &e), -1, "a letter too many");
	is_int(e.code, BK_USAGE, "is a usage error");
	bk_bech32_encode(words, "age", like_tag, sizeof(like_tag));
	ok(strncmp(words, "age1tag", 7) == 0, "a key that looks like a type");
	is_int(bk_recipients_add(&r, words, &e), 0, "is a key");
	e = (struct bk_err){0};
	is_int(bk_recipients_add(&r, "age1tag1qq", &e), -1, "a type");
	ok(strstr(e.msg, "unsupported type") != NULL, "is unsupported");
	bk_recipients_free(&r);
}

/* The passphrase in n bytes, or NULL. */
static const char *
passphrase(const char *text, size_t n)
{
	static char out[BK_PASSPHRASE_MAX + 1];
	struct bk_err e = {0};
	int fd = open(file(text, n, 0600), O_RDONLY);
	int rc = bk_passphrase_read(fd, "file", out, &e);

	close(fd);
	if (rc == -1 && (e.code != BK_DATA || out[0] != '\0'))
		printf("not ok - not refused as it should be\n");
	return rc == 0 ? out : NULL;
}

static void
passphrases(void)
{
	char text[BK_PASSPHRASE_MAX + 2];

	is_str(passphrase("a b\nc", 5), "a b", "the first line");
	is_str(passphrase("a b", 3), "a b", "no line end");
	is_str(passphrase(" a\r\n", 4), " a", "CRLF; blanks count");
	ok(passphrase("", 0) == NULL, "empty");
	ok(passphrase("\nx", 2) == NULL, "an empty line");
	ok(passphrase("\r\n", 2) == NULL, "an empty line with CRLF");
	ok(passphrase("a\0b", 3) == NULL, "a NUL byte");
	memset(text, 'x', sizeof(text));
	ok(passphrase(text, BK_PASSPHRASE_MAX) != NULL, "the longest");
	ok(passphrase(text, BK_PASSPHRASE_MAX + 1) == NULL, "one longer");
}

static void
store(void)
{
	struct bk_err e = {0};
	struct stat st;

	(void)file("old", 3, 0600);
	ok(bk_secret_store(path, "new", 3, &e) == -1 && e.code == BK_FAIL &&
	    stat(path, &st) == 0 && st.st_size == 3, "never over a file");
	(void)unlink(path);
	e = (struct bk_err){0};
	umask(0);
	ok(bk_secret_store(path, "new!", 4, &e) == 0 && stat(path, &st) == 0 &&
	    st.st_size == 4 && (st.st_mode & 07777) == 0600,
	    "mode 0600, whatever the umask");
	(void)unlink(path);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	identities();
	recipients();
	passphrases();
	store();
	(void)rmdir(dir);
	return tap_done();
}
