#include "policy/proofs.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/utctime.h"

#define FILE_MAX (16 * 1024 * 1024)

struct proof {
	int result;		/* as bk_listed.proof */
	time_t time;
};

static void
set_proof(struct bk_listed *item, void *ctx)
{
	const struct proof *p = ctx;

	/* of two in the same second, "not proven" wins */
	if (item->proof != 0 && (p->time < item->proof_time ||
	    (p->time == item->proof_time && p->result > 0)))
		return;
	item->proof = p->result;
	item->proof_time = p->time;
}

static int
apply_receipt(struct bk_listing *items, const json_t *receipt, size_t *matched)
{
	const char *name = json_string_value(json_object_get(receipt, "name"));
	const char *result = json_string_value(json_object_get(receipt,
	    "result"));
	const char *finished = json_string_value(json_object_get(receipt,
	    "finished"));
	struct proof p = {0};

	if (name == NULL || result == NULL || finished == NULL ||
	    bk_utctime_parse(finished, strlen(finished), &p.time) == -1)
		return -1;
	p.result = strcmp(result, "proven") == 0 ? 1 :
	    strcmp(result, "not proven") == 0 ? -1 : 0;
	if (p.result != 0 && bk_listing_find(items, name, set_proof, &p) > 0)
		++*matched;
	return 0;
}

/* One object, or several in sequence. */
static int
read_file(struct bk_listing *items, const char *path, size_t *matched,
    struct bk_err *e)
{
	struct bk_buf text = {0};
	json_error_t json_err;
	json_t *receipt;
	size_t at = 0;
	int rc = bk_io_slurp(path, FILE_MAX, &text, e);

	while (rc == 0 && at < text.len) {
		receipt = json_loadb(text.data + at, text.len - at,
		    JSON_DISABLE_EOF_CHECK, &json_err);
		if (receipt == NULL)
			rc = bk_fail(e, BK_DATA, "%s: not a receipt: %s", path,
			    json_err.text);
		else if (apply_receipt(items, receipt, matched) == -1)
			rc = bk_fail(e, BK_DATA, "%s: not a receipt: no name, "
			    "result or finished", path);
		else
			at += (size_t)json_err.position;
		json_decref(receipt);
		while (at < text.len &&
		    strchr(" \t\r\n", text.data[at]) != NULL)
			at++;
	}
	bk_buf_free(&text);
	return rc;
}

static int
is_receipt(const char *file)
{
	static const char end[] = ".receipt.json";
	size_t n = strlen(file);

	return n > strlen(end) && strcmp(file + n - strlen(end), end) == 0;
}

int
bk_proofs_load(struct bk_listing *items, const char *dir, size_t *matched,
    struct bk_err *e)
{
	struct bk_buf path = {0};
	struct dirent *entry;
	DIR *d = opendir(dir);
	int rc = 0;

	*matched = 0;
	if (d == NULL)
		return bk_fail_errno(e, "%s", dir);
	while (rc == 0 && (errno = 0, entry = readdir(d)) != NULL) {
		if (!is_receipt(entry->d_name))
			continue;
		path.len = 0;
		rc = bk_buf_printf(&path, e, "%s/%s", dir, entry->d_name);
		if (rc == 0)
			rc = read_file(items, path.data, matched, e);
	}
	if (rc == 0 && errno != 0)
		rc = bk_fail_errno(e, "%s", dir);
	closedir(d);
	bk_buf_free(&path);
	return rc;
}
