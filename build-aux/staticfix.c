/*
 * Linked into static programs only: keeps glibc and OpenSSL from loading the
 * host's shared objects.
 *
 * A static glibc still reads the host's nsswitch.conf and gconv-modules, and
 * OpenSSL its openssl.cnf; each may name modules, which need the host's libc,
 * and with another glibc than the one that is linked in, the first look-up of
 * a name ends in SIGFPE or abort.  So names come from files and DNS only, no
 * matter what nsswitch.conf says, and a request for a shared object is answered
 * that there is none.
 */
#include <nss.h>
#include <stddef.h>

struct ossl_init_settings_st;

/* Weak: most programs have no libcrypto in them. */
extern int OPENSSL_init_crypto(unsigned long long options,
    const struct ossl_init_settings_st *settings) __attribute__((weak));
#define NO_LOAD_CONFIG 0x80ULL	/* <openssl/crypto.h> has the prefixed name */

/*
 * Before main(), as any call may be the first to look something up.  glibc reads
 * nsswitch.conf here, once, and then goes by this; libcrypto stores a flag.
 */
__attribute__((constructor)) static void
keep_to_ourselves(void)
{
	(void)__nss_configure_lookup("hosts", "files dns");
	(void)__nss_configure_lookup("services", "files");
	(void)__nss_configure_lookup("protocols", "files");
	(void)__nss_configure_lookup("networks", "files");
	(void)__nss_configure_lookup("passwd", "files");
	(void)__nss_configure_lookup("group", "files");
	if (OPENSSL_init_crypto != NULL)
		(void)OPENSSL_init_crypto(NO_LOAD_CONFIG, NULL);
}

/* dlopen(3) and kin: OpenSSL's providers and engines. */
void *dlopen(const char *file, int mode);
void *dlsym(void *handle, const char *name);
int dlclose(void *handle);
char *dlerror(void);
int dladdr(const void *addr, void *info);

void *
dlopen(const char *file, int mode)
{
	(void)file;
	(void)mode;
	return NULL;
}

void *
dlsym(void *handle, const char *name)
{
	(void)handle;
	(void)name;
	return NULL;
}

int
dlclose(void *handle)
{
	(void)handle;
	return -1;
}

char *
dlerror(void)
{
	static char text[] = "a static program loads no shared objects";

	return text;
}

int
dladdr(const void *addr, void *info)
{
	(void)addr;
	(void)info;
	return 0;
}

/*
 * glibc's private loader: NSS modules, gconv, libgcc_s for pthread_cancel.  If
 * another glibc has other functions here, the link fails with a multiple
 * definition: better than a crash at a user's.
 */
void *__libc_dlopen_mode(const char *file, int mode);
void *__libc_dlsym(void *handle, const char *name);
void *__libc_dlsym_private(void *handle, const char *name);
void *__libc_dlvsym(void *handle, const char *name, const char *version);
int __libc_dlclose(void *handle);

void *
__libc_dlopen_mode(const char *file, int mode)
{
	return dlopen(file, mode);
}

void *
__libc_dlsym(void *handle, const char *name)
{
	return dlsym(handle, name);
}

void *
__libc_dlsym_private(void *handle, const char *name)
{
	return dlsym(handle, name);
}

void *
__libc_dlvsym(void *handle, const char *name, const char *version)
{
	(void)version;
	return dlsym(handle, name);
}

int
__libc_dlclose(void *handle)
{
	return dlclose(handle);
}
