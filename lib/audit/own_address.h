#ifndef BK_AUDIT_OWN_ADDRESS_H
#define BK_AUDIT_OWN_ADDRESS_H
/* The address by which others know this host. */
#include <netinet/in.h>

/*
 * Set out to the address that packets to the world would come from, as the
 * routes have it; nothing is sent.  Without such a route it is the first of an
 * interface other than loopback, and "" if there is none.
 */
void bk_audit_address(char out[INET6_ADDRSTRLEN]);

#endif
