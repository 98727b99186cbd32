/* The settings of its database that an archive has. */
#include <string.h>

#include "archive/toc_settings.h"
#include "tap.h"

static char seen[1024];

static int
note(void *ctx, const char *name, const char *value, struct bk_err *e)
{
	size_t n = strlen(seen);

	(void)ctx;
	if (strcmp(name, "fail") == 0)
		return bk_fail(e, BK_FAIL, "failed");
	(void)snprintf(seen + n, sizeof(seen) - n, "%s=%s|", name, value);
	return 0;
}

static void
settings(const char *desc, const char *defn, const char *wanted)
{
	struct bk_toc_entry te = { .desc = desc, .tag = "shop", .defn = defn };
	const struct bk_toc toc = { .entry = &te, .n = 1 };
	struct bk_err e = {0};

	seen[0] = '\0';
	is_int(bk_toc_settings(&toc, note, NULL, &e), 0, "read");
	is_str(seen, wanted, "the settings in it");
}

int
main(void)
{
	static const char properties[] = "DATABASE PROPERTIES";
	struct bk_toc_entry te = { .desc = properties,
	    .defn = "ALTER DATABASE a SET fail TO '1';\n" };
	const struct bk_toc toc = { .entry = &te, .n = 1 };
	struct bk_err e = {0};

	settings(properties,
	    "ALTER DATABASE \"a \"\"b;\" CONNECTION LIMIT = 5;\n"
	    "ALTER DATABASE \"a \"\"b;\" IS_TEMPLATE = true;\n"
	    "ALTER DATABASE shop SET \"app.limit\" TO '5';\n"
	    "ALTER DATABASE shop SET \"TimeZone\" TO 'Asia/Kathmandu';\n"
	    "ALTER ROLE app IN DATABASE shop SET work_mem TO '5MB';\n"
	    "ALTER DATABASE shop SET search_path TO 'a', 'b';\n"
	    "ALTER DATABASE shop SET x.y TO 'it''s; \\';\n"
	    "ALTER DATABASE shop SET \"x.z\" TO E'a\\\\b''c\n;d';\n",
	    "app.limit=5|TimeZone=Asia/Kathmandu|x.y=it's; \\|"
	    "x.z=a\\b'c\n;d|");
	settings(properties, "ALTER DATABASE shop SET a TO '';\n", "a=|");
	settings(properties, NULL, "");
	settings(properties, "", "");
	settings("COMMENT", "ALTER DATABASE shop SET a TO '1';\n", "");
	settings(properties, "ALTER DATABASE shop SET a TO 'x", "");
	settings(properties, "ALTER DATABASE shop SET a TO E'x\\", "");
	settings(properties, "ALTER DATABASE shop SET a TO '1'", "");
	settings(properties, "ALTER DATABASE shop SET a TO '1';\n"
	    "ALTER\nDATABASE shop SET b TO '1';\n", "a=1|");
	settings(properties, "ALTER DATABASE shop SET a FROM CURRENT;\n"
	    "ALTER DATABASE shop SET a TO \"x\";\n"
	    "ALTER DATABASE shop RESET a;\nALTER 'DATABASE' shop SET a TO '1';"
	    "ALTER DATABASE shop SET b TO '1' '2';\n", "");
	is_int(bk_toc_settings(&toc, note, NULL, &e), -1, "a failure");
	is_str(e.msg, "failed", "is handed on");
	return tap_done();
}
