-- The store's schema, version 1, for SQLite. schema_postgres.sql is the same for PostgreSQL; docs/store.md explains both.
-- *_us: microseconds. Instants are UTC since 1970 by the store's clock, durations are plain lengths.
-- NULL in a REAL result or report means NaN; "no value" is "no row". Infinities are stored as they are.
-- Ids that leave the store (study, run, request) are never used again: a stale worker must not meet another's run.

CREATE TABLE meta (                       -- one row; plus PRAGMA application_id / user_version
  schema_version INTEGER NOT NULL, min_reader INTEGER NOT NULL, store_uid TEXT NOT NULL,
  created_us INTEGER NOT NULL, created_by TEXT NOT NULL
) STRICT;

CREATE TABLE study (
  study_id   INTEGER PRIMARY KEY AUTOINCREMENT,
  uid        TEXT NOT NULL UNIQUE,        -- 26 characters, sortable, survives export, import and merge
  project    TEXT NOT NULL DEFAULT '',    -- grouping; not a security boundary
  name       TEXT NOT NULL,
  owner      TEXT NOT NULL DEFAULT '',
  state      INTEGER NOT NULL,            -- open, paused, finished
  spec_version INTEGER NOT NULL,
  next_seq   INTEGER NOT NULL DEFAULT 1,  -- the row is locked by every writing transaction of the study:
  next_trial INTEGER NOT NULL DEFAULT 0,  --   that makes seq order = commit order in every database
  leader_token INTEGER NOT NULL DEFAULT 0,
  leader     TEXT,                        -- host / boot id / pid / start time
  leader_until_us INTEGER NOT NULL DEFAULT 0,
  created_us INTEGER NOT NULL, deleted_us INTEGER,
  UNIQUE (project, name)
) STRICT;

CREATE TABLE spec (                       -- every version of the study file that ever ruled
  study_id INTEGER NOT NULL REFERENCES study, version INTEGER NOT NULL,
  source   TEXT NOT NULL,                 -- the file as the user wrote it
  body     TEXT NOT NULL,                 -- normalised JSON: space, objectives, sampler, scheduler, limits, seed
  from_seq INTEGER NOT NULL, by_whom TEXT NOT NULL DEFAULT '', PRIMARY KEY (study_id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE metric (
  study_id INTEGER NOT NULL REFERENCES study, metric_id INTEGER NOT NULL, name TEXT NOT NULL,
  role INTEGER NOT NULL,                  -- objective, constraint, guard, cost, fidelity, tracked, system
  goal INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (study_id, metric_id), UNIQUE (study_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE trial (                      -- one configuration: what samplers and schedulers see
  trial_id  INTEGER PRIMARY KEY,
  study_id  INTEGER NOT NULL REFERENCES study,
  number    INTEGER NOT NULL,             -- dense per study, shown to the user
  uid       TEXT NOT NULL,
  spec_version INTEGER NOT NULL,
  state     INTEGER NOT NULL,
  origin    INTEGER NOT NULL,             -- sampler, default, enqueued, clone, fork, retry-with-change, import
  parent_trial_id INTEGER REFERENCES trial, parent_fidelity REAL,
  config    TEXT NOT NULL,                -- canonical JSON by parameter name in the user's units; absent = inactive
  config_key BLOB NOT NULL,               -- 16-byte hash of config
  info      TEXT NOT NULL DEFAULT '{}',   -- rule, model parameters, based_on_seq, batch
  bracket   INTEGER NOT NULL DEFAULT 0, fidelity_target REAL,
  verdict   INTEGER NOT NULL DEFAULT 0,   -- the newest: 0 continue, 1 pause, 2 stop
  priority  INTEGER NOT NULL DEFAULT 0,
  reached   REAL, fail_kind INTEGER NOT NULL DEFAULT 0, reason TEXT,
  created_us INTEGER NOT NULL, ended_us INTEGER, busy_us INTEGER NOT NULL DEFAULT 0, cost REAL,
  UNIQUE (study_id, number)
) STRICT;
CREATE INDEX trial_state ON trial (study_id, state, number);
CREATE INDEX trial_key   ON trial (study_id, config_key);
CREATE INDEX trial_parent ON trial (parent_trial_id) WHERE parent_trial_id IS NOT NULL;

CREATE TABLE result (                     -- the judged value of a trial per metric (over its replicates)
  trial_id INTEGER NOT NULL REFERENCES trial, metric_id INTEGER NOT NULL, purpose INTEGER NOT NULL DEFAULT 0,
  value REAL, at_fidelity REAL, n INTEGER NOT NULL DEFAULT 1, sd REAL, PRIMARY KEY (trial_id, metric_id, purpose)
) STRICT, WITHOUT ROWID;

CREATE TABLE environment (                -- shared by thousands of runs: git state, packages, machine
  environment_id BLOB PRIMARY KEY, body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE worker (
  worker_id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, host TEXT NOT NULL, boot_id TEXT NOT NULL,
  pid INTEGER NOT NULL, pid_start INTEGER NOT NULL, version TEXT NOT NULL, resources TEXT NOT NULL,
  seen_us INTEGER NOT NULL
) STRICT;

CREATE TABLE run (                        -- one process: what workers claim and fence
  run_id   INTEGER PRIMARY KEY AUTOINCREMENT,
  trial_id INTEGER NOT NULL REFERENCES trial, study_id INTEGER NOT NULL,
  replicate INTEGER NOT NULL DEFAULT 0,   -- seed or fold
  segment  INTEGER NOT NULL DEFAULT 0,    -- after each pause or promotion
  attempt  INTEGER NOT NULL DEFAULT 0,    -- after each interruption
  purpose  INTEGER NOT NULL DEFAULT 0,    -- search, confirm, reproduce, check
  state    INTEGER NOT NULL,              -- waiting, claimed, running, ended
  token    INTEGER NOT NULL DEFAULT 0,    -- fencing: +1 at each claim
  worker_id INTEGER REFERENCES worker, lease_until_us INTEGER NOT NULL DEFAULT 0,
  priority INTEGER NOT NULL DEFAULT 0,
  verdict  INTEGER NOT NULL DEFAULT 0,    -- what its worker must make true; runs queued after a verdict are free of it
  late_after INTEGER NOT NULL DEFAULT 0,  -- reports with a greater seq came after the cause of a verdict; 0: none
  resume_from TEXT, fidelity_target REAL, seed INTEGER NOT NULL,
  resources TEXT NOT NULL DEFAULT '{}', argv TEXT, folder TEXT,
  pid INTEGER, pid_start INTEGER, devices TEXT,
  environment_id BLOB REFERENCES environment,
  next_ordinal INTEGER NOT NULL DEFAULT 0,-- reports and points below it are stored; set in the same transaction as
  parsed TEXT NOT NULL DEFAULT '{}',      --   the byte offset and parser state of every source (stdout, files)
  started_us INTEGER, ended_us INTEGER, busy_us INTEGER NOT NULL DEFAULT 0, peak_bytes INTEGER, peak_gpu_bytes INTEGER,
  exit_code INTEGER, signal INTEGER, fail_kind INTEGER NOT NULL DEFAULT 0, detail TEXT,
  UNIQUE (trial_id, replicate, segment, attempt, purpose)
) STRICT;
CREATE INDEX run_waiting ON run (study_id, priority DESC, run_id) WHERE state = 0;  -- the queue that `claim` reads
CREATE INDEX run_held    ON run (study_id, worker_id) WHERE state IN (1, 2);        -- what is in workers' hands

CREATE TABLE report (                     -- what decisions are made from: declared metrics only
  study_id INTEGER NOT NULL, seq INTEGER NOT NULL, run_id INTEGER NOT NULL REFERENCES run,
  ordinal INTEGER NOT NULL, fidelity REAL NOT NULL, metric_id INTEGER NOT NULL, value REAL,
  at_us INTEGER NOT NULL, busy_us INTEGER NOT NULL, PRIMARY KEY (study_id, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX report_once ON report (run_id, ordinal);

CREATE TABLE event (                      -- every decision and change of state, in commit order; never updated
  study_id INTEGER NOT NULL, seq INTEGER NOT NULL, kind INTEGER NOT NULL, at_us INTEGER NOT NULL,
  trial_id INTEGER, run_id INTEGER, actor TEXT NOT NULL DEFAULT '', body TEXT NOT NULL DEFAULT '{}',
  PRIMARY KEY (study_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE series (                     -- tracking points; no scheduler or sampler reads them
  run_id INTEGER NOT NULL REFERENCES run, metric_id INTEGER NOT NULL,  -- metric_id -1: a frame of several metrics of a live run
  chunk INTEGER NOT NULL, codec INTEGER NOT NULL, n INTEGER NOT NULL,
  first_step REAL NOT NULL, last_step REAL NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY (run_id, metric_id, chunk)
) STRICT, WITHOUT ROWID;

CREATE TABLE file (
  file_id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES run, role INTEGER NOT NULL, path TEXT NOT NULL,
  fidelity REAL, bytes INTEGER NOT NULL, digest BLOB, published_us INTEGER NOT NULL, deleted_us INTEGER,
  pins INTEGER NOT NULL DEFAULT 0, UNIQUE (run_id, role, path)
) STRICT;

CREATE TABLE request (                    -- what users ask of the leader: stop, budget, enqueue, widen, retry
  request_id INTEGER PRIMARY KEY AUTOINCREMENT, study_id INTEGER NOT NULL REFERENCES study, kind TEXT NOT NULL,
  body TEXT NOT NULL, actor TEXT NOT NULL, at_us INTEGER NOT NULL, handled_seq INTEGER, outcome TEXT
) STRICT;
CREATE INDEX request_open ON request (study_id, handled_seq);

CREATE TABLE label (                      -- tags, notes, stars: the only rows that users edit freely
  study_id INTEGER NOT NULL, trial_id INTEGER NOT NULL DEFAULT 0, kind INTEGER NOT NULL, name TEXT NOT NULL DEFAULT '',
  body TEXT NOT NULL DEFAULT '', actor TEXT NOT NULL, at_us INTEGER NOT NULL, PRIMARY KEY (study_id, trial_id, kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE access_token (
  digest BLOB PRIMARY KEY, role INTEGER NOT NULL, project TEXT, label TEXT NOT NULL, created_us INTEGER NOT NULL,
  expires_us INTEGER, used_us INTEGER
) STRICT, WITHOUT ROWID;
