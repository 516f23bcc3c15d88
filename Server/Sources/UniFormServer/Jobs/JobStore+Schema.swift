import GRDB

extension JobStore {
  /// Tables, and how those of earlier versions become them.
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("jobs and uploads") { db in
      try db.execute(
        sql: """
          CREATE TABLE jobs (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            status TEXT NOT NULL,
            task TEXT NOT NULL,
            request TEXT NOT NULL,
            prompt TEXT GENERATED ALWAYS AS (json_extract(request, '$.prompt')) VIRTUAL,
            input TEXT,
            created_at TEXT NOT NULL,
            started_at TEXT,
            finished_at TEXT,
            turn INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            error TEXT,
            settings TEXT,
            notes TEXT NOT NULL,
            pinned INTEGER NOT NULL,
            parent TEXT,
            bytes INTEGER NOT NULL
          );
          CREATE INDEX jobs_by_turn ON jobs (status, turn);
          CREATE INDEX jobs_by_revision ON jobs (revision);
          CREATE TABLE uploads (
            id TEXT PRIMARY KEY NOT NULL,
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            media_type TEXT NOT NULL,
            seconds REAL NOT NULL,
            width INTEGER,
            height INTEGER,
            has_sound INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            created_at TEXT NOT NULL
          );
          """)
    }
    migrator.registerMigration("revisions, deletions and interruptions") { db in
      try db.execute(
        sql: """
          CREATE TABLE revisions (latest INTEGER NOT NULL);
          INSERT INTO revisions SELECT COALESCE(MAX(revision), 0) FROM jobs;
          CREATE TABLE deletions (
            id TEXT PRIMARY KEY NOT NULL,
            revision INTEGER NOT NULL,
            deleted_at TEXT NOT NULL
          );
          ALTER TABLE jobs ADD COLUMN interruptions INTEGER NOT NULL DEFAULT 0;
          """)
    }
    return migrator
  }
}
