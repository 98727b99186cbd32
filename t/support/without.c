/*
 * without landlock|seccomp|both PROGRAM [ARGUMENT ...]: run it as on a kernel
 * that lacks them: the calls fail with ENOSYS.  Alone it prints the version of
 * Landlock, -1: none.
 */
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

int
main(int argc, char *argv[])
{
	int landlock = argc > 2 && strcmp(argv[1], "seccomp") != 0;
	int seccomp = argc > 2 && strcmp(argv[1], "landlock") != 0;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		/* -1: no call has that number */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, landlock ? 444U : -1U, 2,
		    0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, seccomp ? SYS_seccomp : -1U,
		    1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };

	if (argc == 1) {
		printf("%ld\n", syscall(444, NULL, 0, 1));
		return 0;
	}
	if (argc < 3 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == -1) {
		perror("without");
		return 2;
	}
	(void)execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 2;
}
