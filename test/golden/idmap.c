/*
 * Maps SIDs to ids with SSSD's library as SSSD's LDAP provider does: a domain is added when its first SID comes.
 *
 * usage: idmap <SIDS        (cc -o idmap idmap.c -lsss_idmap)
 *
 * A line is a binary SID in hexadecimal; an empty one begins anew with a map that knows no domain. Prints for each SID
 * its text and its id, or "-" where it has none.
 */
#include <sss_idmap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sss_idmap_ctx *map;

static void begin(void)
{
	if (map != NULL)
		sss_idmap_free(map);
	if (sss_idmap_init(NULL, NULL, NULL, &map) != IDMAP_SUCCESS)
		exit(1);
}

/* The SID without its last part, if that is a domain's. */
static char *domain_of(const char *sid)
{
	char *domain = strdup(sid);

	*strrchr(domain, '-') = '\0';
	if (is_domain_sid(domain))
		return domain;
	free(domain);
	return NULL;
}

static enum idmap_error_code add_domain_of(const char *sid)
{
	struct sss_idmap_range range;
	id_t slice = -1;
	enum idmap_error_code error;
	char *domain = domain_of(sid);

	if (domain == NULL)
		return IDMAP_NO_DOMAIN;
	error = sss_idmap_calculate_range(map, domain, &slice, &range);
	if (error == IDMAP_SUCCESS)
		error = sss_idmap_add_auto_domain_ex(map, domain, domain, &range, NULL, 0, false, NULL, NULL);
	free(domain);
	return error;
}

static enum idmap_error_code id_of(const char *sid, uint32_t *id)
{
	enum idmap_error_code error = sss_idmap_sid_to_unix(map, sid, id);

	if (error != IDMAP_NO_DOMAIN)
		return error;
	error = add_domain_of(sid);
	return error == IDMAP_SUCCESS ? sss_idmap_sid_to_unix(map, sid, id) : error;
}

int main(void)
{
	char line[256];

	begin();
	while (fgets(line, sizeof line, stdin) != NULL) {
		uint8_t bytes[sizeof line / 2];
		size_t length = 0;
		unsigned byte;
		uint32_t id;
		char *sid;

		for (char *at = line; sscanf(at, "%2x", &byte) == 1; at += 2)
			bytes[length++] = byte;
		if (length == 0) {
			begin();
			continue;
		}
		if (sss_idmap_bin_sid_to_sid(map, bytes, length, &sid) != IDMAP_SUCCESS)
			return 1;
		if (id_of(sid, &id) == IDMAP_SUCCESS)
			printf("%s %u\n", sid, id);
		else
			printf("%s -\n", sid);
		sss_idmap_free_sid(map, sid);
	}
	return 0;
}
