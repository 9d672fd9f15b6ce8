/*
 * Makes the calls of the YP protocol that no packaged tool makes, encoded by libtirpc and libnsl.
 *
 * usage: calls [-u] udp|tcp PORT PROCEDURE [ARGUMENT]...      (program 100004, version 2, at 127.0.0.1)
 *        calls [-u] udp|tcp 111 pmap-PROCEDURE PROGRAM VERSION PROTOCOL PORT    (program 100000, version 2)
 *
 * -u sends AUTH_SYS credentials instead of AUTH_NONE. An argument may hold \0 for a NUL.
 * The reply is awaited for half a second and thrown away: what counts is what goes over the wire.
 */
#include <netinet/in.h>
#include <rpc/rpc.h>
#include <rpc/pmap_prot.h>
#include <rpcsvc/yp_prot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern bool_t xdr_ypreq_key(XDR *, struct ypreq_key *);
extern bool_t xdr_ypreq_nokey(XDR *, struct ypreq_nokey *);
extern bool_t xdr_ypreq_xfr(XDR *, struct ypreq_xfr *);
extern bool_t xdr_ypreq_newxfr(XDR *, struct ypreq_newxfr *);
extern bool_t xdr_ypresp_key_val(XDR *, struct ypresp_key_val *);

static char **argument;
static int arguments;

static char *text(int i) { return i < arguments ? argument[i] : ""; }
static unsigned number(int i) { return strtoul(text(i), NULL, 10); }

static keydat_t key(int i)
{
	keydat_t key;
	char *from = text(i), *to = malloc(strlen(from) + 1);

	key.keydat_val = to;
	for (; *from != '\0'; from++) {
		if (from[0] == '\\' && from[1] == '0') {
			*to++ = '\0';
			from++;
		} else {
			*to++ = *from;
		}
	}
	key.keydat_len = to - key.keydat_val;
	return key;
}

/* ypproc_all ends where `more` is false; a client that leaves earlier would break the server's stream. */
static bool_t xdr_all(XDR *xdr, void *unused)
{
	for (;;) {
		struct ypresp_key_val record;
		bool_t more, ok;

		memset(&record, 0, sizeof record);
		if (!xdr_bool(xdr, &more))
			return FALSE;
		if (!more)
			return TRUE;
		ok = xdr_ypresp_key_val(xdr, &record);
		xdr_free((xdrproc_t)xdr_ypresp_key_val, &record);
		if (!ok)
			return FALSE;
	}
}

static bool_t xdr_nothing(XDR *xdr, void *unused) { return TRUE; }

int main(int argc, char **argv)
{
	struct sockaddr_in server = { .sin_family = AF_INET };
	struct timeval once = { 30, 0 }, wait = { 0, 500000 };
	int socket = RPC_ANYSOCK, system_auth = argc > 1 && strcmp(argv[1], "-u") == 0, pmap;
	char *procedure;
	CLIENT *client;

	argc -= system_auth;
	argv += system_auth;
	if (argc < 4) {
		fprintf(stderr, "usage: calls [-u] udp|tcp PORT PROCEDURE [ARGUMENT]...\n");
		return 64;
	}
	argument = argv + 4;
	arguments = argc - 4;
	procedure = argv[3];
	pmap = strncmp(procedure, "pmap-", 5) == 0;
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server.sin_port = htons(atoi(argv[2]));
	if (strcmp(argv[1], "tcp") == 0)
		client = clnttcp_create(&server, pmap ? PMAPPROG : YPPROG, 2, &socket, 4000, 4000);
	else
		client = clntudp_create(&server, pmap ? PMAPPROG : YPPROG, 2, once, &socket);
	if (client == NULL) {
		clnt_pcreateerror("calls");
		return 1;
	}
	if (system_auth) {
		gid_t groups[] = { 20001, 20003 };

		auth_destroy(client->cl_auth);
		client->cl_auth = authunix_create("lab", 10001, 20001, 2, groups);
	}

#define CALL(number, encode, args) \
	clnt_call(client, number, (xdrproc_t)encode, (caddr_t)args, (xdrproc_t)xdr_nothing, NULL, wait)
#define IS(name) (strcmp(procedure, name) == 0)
	char *domain = text(0);
	struct ypreq_nokey nokey = { text(0), text(1) };
	struct ypreq_key with_key = { text(0), text(1), key(2) };
	struct ypmap_parms parms = { text(0), text(1), number(2), text(3) };

	if (pmap) {
		struct pmap mapping = { number(0), number(1), number(2), number(3) };

		if (IS("pmap-SET")) CALL(PMAPPROC_SET, xdr_pmap, &mapping);
		else if (IS("pmap-UNSET")) CALL(PMAPPROC_UNSET, xdr_pmap, &mapping);
		else if (IS("pmap-GETPORT")) CALL(PMAPPROC_GETPORT, xdr_pmap, &mapping);
		else if (IS("pmap-DUMP")) CALL(PMAPPROC_DUMP, xdr_void, NULL);
		else return 64;
	} else if (IS("NULL")) CALL(YPPROC_NULL, xdr_void, NULL);
	else if (IS("DOMAIN")) CALL(YPPROC_DOMAIN, xdr_wrapstring, &domain);
	else if (IS("DOMAIN_NONACK")) CALL(YPPROC_DOMAIN_NONACK, xdr_wrapstring, &domain);
	else if (IS("MATCH")) CALL(YPPROC_MATCH, xdr_ypreq_key, &with_key);
	else if (IS("FIRST")) CALL(YPPROC_FIRST, xdr_ypreq_nokey, &nokey);
	else if (IS("NEXT")) CALL(YPPROC_NEXT, xdr_ypreq_key, &with_key);
	else if (IS("MASTER")) CALL(YPPROC_MASTER, xdr_ypreq_nokey, &nokey);
	else if (IS("ORDER")) CALL(YPPROC_ORDER, xdr_ypreq_nokey, &nokey);
	else if (IS("MAPLIST")) CALL(YPPROC_MAPLIST, xdr_wrapstring, &domain);
	else if (IS("CLEAR")) CALL(YPPROC_CLEAR, xdr_void, NULL);
	else if (IS("ALL"))
		clnt_call(client, YPPROC_ALL, (xdrproc_t)xdr_ypreq_nokey, (caddr_t)&nokey,
		    (xdrproc_t)xdr_all, NULL, wait);
	else if (IS("XFR")) {
		struct ypreq_xfr xfr = { parms, number(4), number(5), number(6) };

		CALL(YPPROC_XFR, xdr_ypreq_xfr, &xfr);
	} else if (IS("NEWXFR")) {
		struct ypreq_newxfr xfr = { parms, number(4), number(5), text(6) };

		CALL(YPPROC_NEWXFR, xdr_ypreq_newxfr, &xfr);
	} else if (IS("99")) CALL(99, xdr_void, NULL);
	else if (IS("MATCH-without-arguments")) CALL(YPPROC_MATCH, xdr_void, NULL);
	else return 64;
	auth_destroy(client->cl_auth);
	clnt_destroy(client);
	return 0;
}
