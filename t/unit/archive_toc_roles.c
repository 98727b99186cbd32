/* The roles that an archive's definitions name. */
#include <string.h>

#include "archive/toc_roles.h"
#include "tap.h"

static char seen[1024];

static int
note(void *ctx, const struct bk_toc_role *role, struct bk_err *e)
{
	size_t n = strlen(seen);

	(void)ctx;
	(void)e;
	(void)snprintf(seen + n, sizeof(seen) - n, "%s%s;", role->name,
	    role->super ? "!" : "");
	return 0;
}

static void
names(const char *desc, const char *tag, const char *owner, const char *defn,
    const char *wanted)
{
	struct bk_toc_entry te = { .desc = desc, .tag = tag, .owner = owner,
	    .defn = defn };
	const struct bk_toc toc = { .entry = &te, .n = 1 };
	struct bk_err e = {0};

	seen[0] = '\0';
	ok(bk_toc_roles(&toc, note, NULL, &e) == 0, "%s: read", desc);
	is_str(seen, wanted, desc);
}

static void
privileges(void)
{
	names("ACL", "TABLE t", "boss",
	    "REVOKE ALL ON TABLE public.t FROM boss;\n"
	    "GRANT SELECT(a),UPDATE(b) ON TABLE public.\"TO\" TO PUBLIC;\n"
	    "SET SESSION AUTHORIZATION clerk;\n"
	    "GRANT ALL ON FUNCTION public.f(a integer, \"from\" text) "
	    "TO \"two \"\"q\" WITH GRANT OPTION;\n"
	    "RESET SESSION AUTHORIZATION;\n", "boss;boss;clerk;two \"q;");
	names("ACL", "DATABASE shop", "boss",
	    "GRANT CONNECT ON DATABASE shop TO app;", "");
	names("ACL", "TABLE role", "", "GRANT ALL ON TABLE public.role TO a1;",
	    "a1;");
	names("DEFAULT ACL", "DEFAULT PRIVILEGES FOR TABLES", "boss",
	    "ALTER DEFAULT PRIVILEGES FOR ROLE chief IN SCHEMA role "
	    "REVOKE ALL ON TABLES  FROM chief;", "boss;chief;chief;");
}

int
main(void)
{
	privileges();
	names("POLICY", "p", "boss", "CREATE POLICY p ON public.t FOR SELECT "
	    "TO alice, \"Bob\" USING ((a IN ( SELECT x FROM z)));",
	    "boss;alice;Bob;");
	names("POLICY", "p", NULL, "CREATE POLICY p ON public.t "
	    "USING ((a = 'TO x'::text));", "");
	names("USER MAPPING", "USER MAPPING alice SERVER s", "boss",
	    "CREATE USER MAPPING FOR alice SERVER s OPTIONS (\n"
	    "    \"user\" 'FOR eve'\n);", "boss;alice;");
	names("USER MAPPING", "USER MAPPING public SERVER s", NULL,
	    "CREATE USER MAPPING FOR public SERVER s;\n", "");
	names("TABLE", "t", "boss", "CREATE TABLE t (a int); -- TO x",
	    "boss;");
	names("EVENT TRIGGER", "t", "root", NULL, "root!;");
	names("DATABASE", "shop", "boss", "CREATE DATABASE shop", "");
	names("SUBSCRIPTION", "s", "boss", "CREATE SUBSCRIPTION", "");
	names("ACL", "TABLE t", NULL, "GRANT ALL ON TABLE t TO \"unended",
	    "unende;");
	return tap_done();
}
