#include "s3/region.h"

#include <string.h>

int
bk_s3_is_region(const char *s)
{
	return *s != '\0' && s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_")] == '\0';
}

/*
 * The partitions by their regions' beginnings, from botocore's partitions.json:
 * the domain, and that of dual-stack endpoints other than S3's.
 */
static const struct partition {
	const char *regions, *domain, *dual_stack;
} partitions[] = {
	{ "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn" },
	{ "eusc-", "amazonaws.eu", "api.amazonwebservices.eu" },
	{ "us-iso-", "c2s.ic.gov", "api.aws.ic.gov" },
	{ "us-isob-", "sc2s.sgov.gov", "api.aws.scloud" },
	{ "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk" },
	{ "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov" },
	{ "", "amazonaws.com", "api.aws" },
};

int
bk_s3_aws_endpoint(struct bk_buf *out, const char *service,
    const char *region, int fips, int dual_stack, struct bk_err *e)
{
	const struct partition *p = partitions;
	int s3 = strcmp(service, "s3") == 0;

	while (strncmp(region, p->regions, strlen(p->regions)) != 0)
		p++;
	/* STS of the government's regions is FIPS's without saying so */
	if (!s3 && strncmp(region, "us-gov-", 7) == 0)
		fips = 0;
	return bk_buf_printf(out, e, "https://%s%s.%s%s.%s", service,
	    fips ? "-fips" : "", s3 && dual_stack ? "dualstack." : "",
	    region, !s3 && dual_stack ? p->dual_stack : p->domain);
}
