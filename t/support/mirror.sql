-- What a database's owner can put in the place of PostgreSQL's own: operators,
-- functions, aggregates, relations and types of schema h, each of which does
-- the same, and says to the server's log that it ran.  psql -v, by a session
-- whose search_path is pg_catalog.
SET search_path = pg_catalog;
SET check_function_bodies = off;
SET client_min_messages = error;
CREATE SCHEMA h;
GRANT USAGE ON SCHEMA h TO PUBLIC;
CREATE FUNCTION h.note(text) RETURNS bool LANGUAGE plpgsql
    SET search_path = pg_catalog AS
    $$BEGIN RAISE LOG 'hijacked: %, by %', $1, current_user; RETURN true; END$$;
CREATE TABLE h.kind AS SELECT oid FROM pg_type WHERE typnamespace =
    'pg_catalog'::regnamespace AND typname IN ('text', 'name', 'oid', 'int2',
    'int4', 'int8', 'bool', 'char', 'timestamptz', 'interval', 'float8',
    'numeric', 'regclass', 'pg_lsn', 'xid', '_text', '_oid', '_int2', '_name',
    'varchar', 'anyelement', 'anyarray', '_regtype', 'jsonb', 'aclitem',
    '_aclitem', 'anynonarray', 'inet', 'oidvector', 'int2vector', 'pg_snapshot',
    'void', 'record', 'json');
DO $do$
DECLARE
    p record;
    made text;
    body text;
    args text;
BEGIN
    -- operators: of functions that note, and do by the real ones
    FOR p IN SELECT o.oid, oprname, nullif(oprleft, 0) AS l, oprright AS r,
        oprresult AS res FROM pg_operator o WHERE oprright <> 0 AND
        oprnamespace = 'pg_catalog'::regnamespace AND
        oprleft IN (SELECT oid FROM h.kind UNION SELECT 0) AND
        oprright IN (SELECT oid FROM h.kind)
    LOOP
        body := CASE WHEN p.l IS NULL
            THEN format('OPERATOR(pg_catalog.%s) $1', p.oprname)
            ELSE format('$1 OPERATOR(pg_catalog.%s) $2', p.oprname) END;
        BEGIN
            EXECUTE format('CREATE FUNCTION h.op%s(%s%s) RETURNS %s '
                'LANGUAGE plpgsql SET search_path = pg_catalog AS %L', p.oid,
                format_type(p.l, NULL) || ', ', format_type(p.r, NULL),
                format_type(p.res, NULL), format('BEGIN PERFORM h.note(%L); '
                'RETURN %s; END', 'operator ' || p.oprname, body));
            EXECUTE format('CREATE OPERATOR h.%s (PROCEDURE = h.op%s, '
                '%sRIGHTARG = %s)', p.oprname, p.oid,
                'LEFTARG = ' || format_type(p.l, NULL) || ', ',
                format_type(p.r, NULL));
        EXCEPTION WHEN others THEN NULL;
        END;
    END LOOP;
    -- functions
    FOR p IN SELECT f.*, format_type(prorettype, NULL) AS res
        FROM pg_proc f WHERE coalesce(to_jsonb(f) ->> 'prokind' = 'f',
        NOT (to_jsonb(f) ->> 'proisagg')::bool) AND pronamespace = 'pg_catalog'::regnamespace AND provariadic = 0
        AND prorettype NOT IN ('internal'::regtype, 'trigger'::regtype,
        'event_trigger'::regtype) AND proargmodes IS NULL AND NOT EXISTS (
        SELECT 1 FROM unnest(proargtypes) t (a) WHERE a NOT IN (
        SELECT oid FROM h.kind))
    LOOP
        SELECT string_agg(format_type(a, NULL), ', ' ORDER BY n), string_agg(
            '$' || n, ', ' ORDER BY n) INTO args, body
            FROM unnest(p.proargtypes) WITH ORDINALITY t (a, n);
        body := format('pg_catalog.%I(%s)', p.proname, body);
        BEGIN
            EXECUTE format('CREATE FUNCTION h.%I(%s) RETURNS %s%s LANGUAGE '
                'plpgsql SET search_path = pg_catalog AS %L', p.proname, args,
                CASE WHEN p.proretset THEN 'SETOF ' ELSE '' END, p.res, format(
                'BEGIN PERFORM h.note(%L); %s; END', 'function ' || p.proname,
                CASE WHEN p.proretset THEN 'RETURN QUERY SELECT * FROM ' || body
                WHEN p.res = 'void' THEN 'PERFORM ' || body
                ELSE 'RETURN ' || body END));
        EXCEPTION WHEN others THEN NULL;
        END;
    END LOOP;
    -- aggregates
    EXECUTE 'CREATE FUNCTION h.step(int8) RETURNS int8 LANGUAGE sql AS '
        '$$SELECT $1 + 1 FROM h.note(''aggregate'')$$';
    EXECUTE 'CREATE AGGREGATE h.count(*) (SFUNC = h.step, STYPE = int8, '
        'INITCOND = 0)';
    FOREACH args IN ARRAY '{text,name,int4,int8,oid,numeric,timestamptz,'
        'bool}'::text[]
    LOOP
        EXECUTE format('CREATE FUNCTION h.later(%s, %1$s) RETURNS %1$s LANGUAGE '
            'sql AS $$SELECT coalesce($2, $1) FROM h.note(''aggregate'')$$',
            args);
        FOREACH made IN ARRAY '{max,min,sum,bool_or,bool_and}'::text[]
        LOOP
            EXECUTE format('CREATE AGGREGATE h.%s(%s) (SFUNC = h.later, '
                'STYPE = %2$s)', made, args);
        END LOOP;
    END LOOP;
    -- relations, and types as domains
    FOR p IN SELECT relname FROM pg_class WHERE relkind IN ('r', 'v') AND
        relnamespace = 'pg_catalog'::regnamespace
    LOOP
        BEGIN
            EXECUTE format('CREATE VIEW h.%I AS SELECT * FROM pg_catalog.%1$I '
                'WHERE h.note(%L)', p.relname, 'relation ' || p.relname);
            EXECUTE format('GRANT SELECT ON h.%I TO PUBLIC', p.relname);
        EXCEPTION WHEN others THEN NULL;
        END;
    END LOOP;
    FOR p IN SELECT typname FROM pg_type t WHERE t.oid IN (
        SELECT k.oid FROM h.kind k) AND typtype = 'b' AND typname NOT LIKE '\_%'
    LOOP
        BEGIN
            EXECUTE format('CREATE DOMAIN h.%I AS pg_catalog.%1$I '
                'CHECK (h.note(%L))', p.typname, 'type ' || p.typname);
        EXCEPTION WHEN others THEN NULL;
        END;
    END LOOP;
END $do$;
DROP TABLE h.kind;
