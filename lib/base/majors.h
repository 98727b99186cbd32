#ifndef BK_BASE_MAJORS_H
#define BK_BASE_MAJORS_H
/*
 * The major versions of PostgreSQL that we know, and in what they differ.  The
 * scripts read the list by build-aux/majors.sh; what becomes of a version that
 * is younger, bk(7) says under POSTGRESQL VERSIONS.
 */

/*
 * X(major, archive, magic): version 1.N of the archives that its pg_dump
 * writes; what its pages of WAL begin with, or 0: of base backups and WAL of
 * that one nothing is read.
 */
#define BK_PG_MAJORS(X) \
	X(10, 13, 0) \
	X(11, 13, 0) \
	X(12, 14, 0) \
	X(13, 14, 0xd106) \
	X(14, 14, 0xd10d) \
	X(15, 14, 0xd110) \
	X(16, 15, 0xd113) \
	X(17, 16, 0xd116) \
	X(18, 16, 0xd118) \
	X(19, 16, 0xd122)
#define BK_PG_OLDEST 10
#define BK_PG_NEWEST 19

/* That of a server, by PQserverVersion(). */
#define BK_PG_MAJOR(version) ((version) / 10000)

/* What is said of a younger one: a "%d" for BK_PG_NEWEST. */
#define BK_PG_YOUNGER "younger than %d, the newest that this program knows; " \
	"install a newer bk"

/* Magics of versions to come count on from the newest one's, up to this. */
#define BK_PG_MAGIC_MAX 0xd1ff

/* The archives that we read: what is new in one, where we have to know. */
#define BK_PG_ARCHIVE_MIN 14
#define BK_PG_ARCHIVE_METHODS 15	/* compression is a byte, not a level */
#define BK_PG_ARCHIVE_KINDS 16	/* an entry's relkind; the large objects of
				 * each block are listed */
#define BK_PG_ARCHIVE_MAX 16

/* The first major version with a thing.  11: */
#define BK_PG_NO_COMMENTS 11	/* pg_dump --no-comments */
/* 12: */
#define BK_PG_ACCESS_METHODS 12	/* default_table_access_method */
#define BK_PG_SHORT_FLOATS 12	/* as few digits as give a float back */
#define BK_PG_ARCHIVE_STATUS 12	/* pg_ls_archive_statusdir() */
/* 13: */
#define BK_PG_MANIFESTS 13	/* of base backups, without which none is made:
				 * WAL and recovery begin here, too */
#define BK_PG_SLOT_STATUS 13	/* pg_replication_slots.wal_status */
#define BK_PG_DROP_FORCE 13	/* DROP DATABASE ... WITH (FORCE) */
#define BK_PG_LOCALE 13		/* CREATE DATABASE ... LOCALE */
/* 14: */
#define BK_PG_TOAST_COMPRESSION 14	/* pg_dump --no-toast-compression */
#define BK_PG_TID_RANGES 14	/* a condition on ctid reads that range only */
#define BK_PG_AMCHECK 14	/* the program pg_amcheck */
/* 15: */
#define BK_PG_BASE_OPTIONS 15	/* BASE_BACKUP (...), and all in one COPY */
#define BK_PG_READ_SLOT 15	/* READ_REPLICATION_SLOT */
#define BK_PG_ARCHIVE_LIBRARY 15	/* instead of archive_command */
#define BK_PG_PROVIDERS 15	/* CREATE DATABASE ... LOCALE_PROVIDER */
#define BK_PG_PARAMETERS 15	/* GRANT SET ON PARAMETER */
/* 16: */
#define BK_PG_SET_ROLE 16	/* GRANT ... WITH SET: a right of its own */
/* 17: */
#define BK_PG_INCREMENTS 17	/* to base backups; summarize_wal */
#define BK_PG_EVENT_TRIGGERS 17	/* event_triggers = off */
#define BK_PG_TRANSACTION_TIMEOUT 17	/* which its pg_restore sets */
#define BK_PG_PARTITIONED_METHODS 17	/* a partitioned table has one */
/* 18: */
#define BK_PG_NO_POLICIES 18	/* pg_dump --no-policies */
#define BK_PG_COMBINE_LINKS 18	/* pg_combinebackup --link */
#define BK_PG_STATISTICS 18	/* a dump's can be restored */
#define BK_PG_WIDE_STATS 18	/* in a commit's record 16 bytes, not 12 */

/*
 * The major version whose pages of WAL begin with magic; 0: younger than the
 * list; -1: none.
 */
int bk_majors_by_magic(unsigned magic);

/* The oldest pg_dump and pg_restore that know archives 1.minor; 0: none. */
int bk_majors_by_archive(int minor);

#endif
