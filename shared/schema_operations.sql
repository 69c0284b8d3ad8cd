-- What operators ask for, and by whom; consequences due at once apart from deadlines; imports.

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
alter table parked add column asked bigint;
alter table discarded add column asked bigint;

-- No moment: at once, in the order of their causes, whatever a clock said. `waits` names the policy that is missing.
alter table due
  alter column at drop not null,
  add column made timestamptz not null default now(),
  add column scope text not null default '',
  add column waits text not null default '';
drop index due_at;
create index due_at on due (at, id) where failed = '' and waits = '' and at is not null;
create index due_at_once on due (id) where failed = '' and waits = '' and at is null;
create index due_waits on due (reaction, waits) where waits <> '';

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

-- Keys of requests alone go with age; those of lines and reactions are never in here.
create index once_of_requests on once (at) where starts_with(key, 'http:');
