/* bk-walrecv: metrics; see wal/receive_metrics.h */
#include "wal/receive_metrics.h"

#include "stream/textfile.h"

#define M(n) "bk_walrecv_" n

struct metric {
	const char *name, *type, *help;
	double value;
};

/* In bytes; 0 rather than less, where one value is older than the other. */
static double
between(uint64_t from, uint64_t to)
{
	return to > from ? (double)(to - from) : 0;
}

/* The labels of every sample: two receivers may write for one collector. */
static int
write_where(const struct bk_receive_state *s, struct bk_buf *out,
    struct bk_err *e)
{
	if (bk_textfile_label(out, "server", s->host, e) == -1 ||
	    bk_buf_puts(out, ",", e) == -1)
		return -1;
	return bk_textfile_label(out, "slot", s->slot == NULL ? "" : s->slot,
	    e);
}

static int
add(struct bk_buf *out, const struct metric *m, const char *where,
    struct bk_err *e)
{
	if (bk_textfile_head(out, m->name, m->type, m->help, e) == -1)
		return -1;
	return bk_buf_printf(out, e, "%s{%s} %.0f\n", m->name, where,
	    m->value);
}

/* The last file, as a label. */
static int
add_last(struct bk_buf *out, const struct bk_receive_state *s,
    const char *where, struct bk_err *e)
{
	static const char name[] = M("last_stored_info");

	if (*s->hand.last == '\0')
		return 0;
	if (bk_textfile_head(out, name, "gauge", "Always 1; the label wal is "
	    "the file that COMMAND has stored last.", e) == -1 ||
	    bk_buf_printf(out, e, "%s{%s,", name, where) == -1 ||
	    bk_textfile_label(out, "wal", s->hand.last, e) == -1)
		return -1;
	return bk_buf_puts(out, "} 1\n", e);
}

int
bk_receive_metrics(const struct bk_receive_state *s, time_t now,
    struct bk_buf *out, struct bk_err *e)
{
	const struct metric all[] = {
		{ M("connected"), "gauge",
		    "1 if WAL is being received.", s->connected },
		{ M("slot_made_timestamp_seconds"), "gauge",
		    "When the slot was made, as there was none; 0: not in "
		    "this run.", (double)s->slot_made },
		{ M("timeline"), "gauge",
		    "The timeline that is being received.", s->timeline },
		{ M("received_lag_bytes"), "gauge",
		    "WAL that the server has and that was not received.",
		    between(s->received, s->server) },
		{ M("confirmed_lag_bytes"), "gauge",
		    "WAL that the server has and keeps for us.",
		    between(s->confirmed, s->server) },
		{ M("stored_lag_seconds"), "gauge",
		    "How long the oldest WAL waits that was received and not "
		    "stored by COMMAND; 0: none.", s->oldest == 0 ||
		    s->oldest > now ? 0 : (double)(now - s->oldest) },
		{ M("last_stored_timestamp_seconds"), "gauge",
		    "When COMMAND last stored a file; 0: not in this run.",
		    (double)s->hand.last_at },
		{ M("waiting_files"), "gauge",
		    "Files that COMMAND has not stored yet.",
		    (double)s->hand.waiting },
		{ M("failing"), "gauge",
		    "1 if COMMAND failed the last time.", s->hand.failing },
		{ M("stored_files_total"), "counter",
		    "Files that COMMAND has stored.", (double)s->hand.stored },
		{ M("failures_total"), "counter",
		    "How often COMMAND has failed.",
		    (double)s->hand.failures },
		{ M("received_bytes_total"), "counter",
		    "WAL received.", (double)s->bytes },
		{ M("connections_total"), "counter",
		    "Connections to the server.", (double)s->connections },
		{ M("last_run_timestamp_seconds"), "gauge",
		    "When these metrics were written.", (double)now },
	};
	struct bk_buf where = {0};
	int rc = write_where(s, &where, e);
	size_t i;

	for (i = 0; rc == 0 && i < sizeof(all) / sizeof(all[0]); i++)
		rc = add(out, &all[i], where.data, e);
	if (rc == 0)
		rc = add_last(out, s, where.data, e);
	bk_buf_free(&where);
	return rc;
}
