#ifndef BK_BIN_TOOL_ZONE_H
#define BK_BIN_TOOL_ZONE_H
/*
 * The value of --tz: from now on localtime_r() has this time zone.  One that is
 * not known is a usage error.
 */
void zone_use(const char *zone);

#endif
