-- What every service's database holds. Rows of projections and facts have tables of their own (shared/rows.py).

-- Renewed where the database was restored or replaced; its topics are then made again.
create table log (
  id text not null, former text[] not null default '{}', republish boolean not null default false,
  one boolean primary key default true check (one)
);
insert into log (id) values (gen_random_uuid()::text);

create table topics (topic text primary key, partitions int not null check (partitions > 0));

create table events (
  position bigint primary key,
  stream text not null,
  version int not null,
  topic text not null,
  partition int not null,
  id uuid not null,
  type text not null,
  schema int not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  data bytea not null,
  meta bytea not null,
  unique (stream, version)
);

create table once (
  key text primary key,
  digest bytea not null,
  stream text not null,
  version int not null,
  position bigint not null,
  outcome text not null,
  at timestamptz not null default now()
);
-- Keys of requests alone go with age; those of lines and reactions are never in here.
create index once_of_requests on once (at) where starts_with(key, 'http:');
create index once_of_policies on once (key) where starts_with(key, 'policy:');

create table cursors (topic text, partition int, position bigint not null, primary key (topic, partition));

create table checkpoints (
  reader text, topic text, partition int,
  log text not null, "offset" bigint not null, position bigint not null, past bigint not null default 0, at timestamptz not null default now(),
  primary key (reader, topic, partition)
);

-- One line a build of a read model (shared/build.py); a reaction has one. Retired ones stay as a history.
create table readers (
  reader text primary key,
  name text not null, version int not null, number int not null, kind text not null,
  prefix text not null,  -- of its tables
  state text not null check (state in ('served', 'building', 'stopped', 'retired')),
  held boolean not null default false, accepts boolean not null default false, error text not null default '',
  since timestamptz not null default now(), passed bigint not null default 0,  -- begun or resumed, from which position
  unique (name, version, number)
);
create unique index readers_served on readers (name) where state = 'served';

-- `asked`: what an operator asked for last (requests).
create table parked (
  reader text, topic text, partition int, position bigint,
  stream text not null, record bytea not null, error text not null, request text not null default '',
  at timestamptz not null default now(), asked bigint,
  primary key (reader, topic, partition, position)
);

create table discarded (
  reader text, topic text, partition int, position bigint,
  stream text not null, record bytea not null, error text not null, at timestamptz not null default now(), asked bigint,
  primary key (reader, topic, partition, position)
);

create table requests (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  what text not null,
  reader text not null,
  stream text not null default '',  -- empty: every stream of the reader
  event text not null default '',   -- empty: the first parked one of a stream
  reason text not null default ''
);

-- No moment: at once, in the order of their causes, whatever a clock said. `waits` names the policy that is missing.
create table due (
  id bigint generated always as identity primary key,
  reaction text not null,
  at timestamptz,
  stream text not null,
  trigger bytea not null,
  failed text not null default '',
  made timestamptz not null default now(),
  scope text not null default '',
  waits text not null default ''
);
create index due_at on due (at, id) where failed = '' and waits = '' and at is not null;
create index due_at_once on due (id) where failed = '' and waits = '' and at is null;
create index due_waits on due (reaction, waits) where waits <> '';
create index due_failed on due (reaction, stream) where failed <> '';

create table imports (
  name text primary key,
  scope text not null,
  started_at timestamptz not null default now(),
  started_by text not null,
  completed_at timestamptz,
  positions jsonb not null default '[]',  -- [{topic, partition, position}]: what readers have to pass
  released_at timestamptz,
  ended_by text not null default '',      -- the operator who ended it, and why
  reason text not null default ''
);

create table dirty (facts text, subject text, touched bigint not null default 1, primary key (facts, subject));

create table keys (person text, class text, wrapped bytea, at timestamptz not null default now(), primary key (person, class));

-- append: the only way to write events. Called in autocommit (READ COMMITTED): each statement below sees what was
-- committed before it began, so the checks run on the state after the lock was granted. Holding the lock costs no
-- round trip, so a client that is stopped cannot freeze the service.
--
-- A group is what was decided on one stream. One whose stream moved on, or whose decision saw a stream that moved on,
-- is left out whole (stale); so is one under a key that stands already (taken). The others are stored whole.
create type new_group as (stream text, expected int, topic text, partition int);
create type new_event as (i int, id uuid, type text, schema int, occurred_at timestamptz, data bytea, meta bytea);
create type new_guard as (i int, stream text, version int);
create type new_key as (i int, key text, digest bytea, version int, outcome text);
create function append(
  groups new_group[],
  added new_event[],  -- in order; `i` is the number of the group, from 1
  seen new_guard[],   -- by decisions
  keyed new_key[]
) returns table (nth int, outcome text, last_position bigint)
language plpgsql
-- Without these the planner may answer the version check with a hash join over the whole log: 6 times slower. And it
-- would plan every statement anew for every call, a third of the work of a call with one group.
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan
as $$
declare
  stale int[]; taken int[]; lost int[]; base bigint; written bigint;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'append must run in READ COMMITTED';
  end if;
  if cardinality(groups) <> (select count(distinct g.stream) from unnest(groups) g) then
    raise exception 'append takes one group per stream';
  end if;
  perform pg_advisory_xact_lock(42);
  select coalesce(array_agg(c.i), '{}') into stale from (
    select g.ordinality::int as i, g.stream, g.expected from unnest(groups) with ordinality g
    union all
    select s.i, s.stream, s.version from unnest(seen) s
  ) c
  where coalesce((select e.version from events e where e.stream = c.stream order by e.version desc limit 1), 0)
        <> c.expected;
  select coalesce(array_agg(o.i), '{}') into taken from unnest(keyed) o
   where exists (select from once k where k.key = o.key);
  lost := stale || taken;
  base := coalesce((select e.position from events e order by e.position desc limit 1), 0);
  insert into events (position, stream, version, topic, partition, id, type, schema, occurred_at, recorded_at, data, meta)
  select base + row_number() over (order by e.ordinality), groups[e.i].stream,
         groups[e.i].expected + row_number() over (partition by e.i order by e.ordinality),
         groups[e.i].topic, groups[e.i].partition,
         e.id, e.type, e.schema, e.occurred_at, clock_timestamp(), e.data, e.meta
    from unnest(added) with ordinality e
   where e.i <> all (lost);
  get diagnostics written = row_count;
  insert into once (key, digest, stream, version, position, outcome)
  select o.key, o.digest, groups[o.i].stream, o.version,
         coalesce((select e.position from events e where e.stream = groups[o.i].stream order by e.version desc limit 1), 0),
         o.outcome
    from unnest(keyed) o
   where o.i <> all (lost);
  if written > 0 then perform pg_notify('log', ''); end if;
  return query
    select g.ordinality::int,
           case when g.ordinality = any (taken) then 'taken' when g.ordinality = any (stale) then 'stale' else 'stored' end,
           (select e.position from events e where e.stream = g.stream order by e.version desc limit 1)
      from unnest(groups) with ordinality g order by g.ordinality;
end $$;
