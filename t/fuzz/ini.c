/* ~/.aws/config and ~/.aws/credentials. */
#include "fuzz.h"

#include "s3/cred_ini.h"

FUZZ(320 << 10, 400)
{
	static const char *const keys[] = { "region", "s3.addressing_style",
	    "role_arn", "credential_process", "x" };
	struct bk_err e = {0};
	const char *path = fuzz_path(0, p, n);
	struct bk_ini *ini = bk_ini_load(fuzz_pick(2) == 0 ? path : NULL, path,
	    &e);
	const char *v;
	size_t i;

	fuzz_agree(ini == NULL ? -1 : 0, &e);
	for (i = 0; ini != NULL && i < sizeof(keys) / sizeof(keys[0]); i++) {
		v = bk_ini_get(ini, "default", keys[i]);
		CHECK(v == NULL || (*v != '\0' && strlen(v) <= n &&
		    bk_ini_has(ini, "default")));
		(void)bk_ini_get(ini, "shop", keys[i]);
		(void)bk_ini_service(ini, "local", keys[i]);
		(void)bk_ini_sso(ini, "corp", keys[i]);
	}
	bk_ini_free(ini);
}
