#include "names.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "name.h"

int
bk_names_expand(const char *tmpl, const char *db, const char *tier,
    const struct bk_in *in, struct bk_buf *out, struct bk_err *e)
{
	char host[256] = "";
	struct bk_name_vars v = {
		.db = db, .host = host, .tier = tier, .now = time(NULL),
	};

	if (gethostname(host, sizeof(host) - 1) == -1)
		return bk_fail_errno(e, "gethostname");
	host[strcspn(host, ".")] = '\0';
	if (v.db == NULL && *bk_in_label(in) != '\0')
		v.db = bk_in_label(in);
	if (v.db == NULL)
		v.db = getenv("PGDATABASE");
	if (v.tier == NULL)
		v.tier = getenv("BK_TIER");
	if (v.tier == NULL || *v.tier == '\0')
		v.tier = "daily";
	return bk_name_expand(tmpl, &v, out, e);
}
