#include "tool/ca_file.h"

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "tool/tool.h"

static const char *const usual[] = {
	"/etc/ssl/certs/ca-certificates.crt",	/* Debian, Alpine, Arch */
	"/etc/pki/tls/certs/ca-bundle.crt",	/* Red Hat, Fedora */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/ca-bundle.pem",		/* SUSE */
	"/var/lib/ca-certificates/ca-bundle.pem",
	"/etc/ssl/cert.pem",			/* Alpine, BSD, macOS */
};

const char *
ca_file_named(void)
{
	return tool_env("SSL_CERT_FILE");
}

const char *
ca_file_usual(void)
{
	size_t i;

	for (i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		if (access(usual[i], R_OK) == 0)
			return usual[i];
	return NULL;
}

/* Where libpq looks; 1 too if we cannot tell. */
static int
has_own_root(void)
{
	const char *home = tool_env("HOME");
	const struct passwd *pw = home == NULL ? getpwuid(geteuid()) : NULL;
	char path[PATH_MAX];
	int n;

	if (pw != NULL)
		home = pw->pw_dir;
	if (home == NULL)
		return 0;
	n = snprintf(path, sizeof(path), "%s/.postgresql/root.crt", home);
	return n < 0 || (size_t)n >= sizeof(path) || access(path, F_OK) == 0;
}

const char *
ca_file_postgres(void)
{
	if (has_own_root())
		return NULL;
	return ca_file_named() != NULL ? ca_file_named() : ca_file_usual();
}
